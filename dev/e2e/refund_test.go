package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"holdfast/dev/e2e/shoptest"
	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/workflows"
)

func TestPaymentAfterTheOrdersEndGoesBack(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "late", 3)
	o := shop.Place(t, shoptest.Line{ProductID: "late", Quantity: 1})
	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, o.ID))
	payment := shoptest.PaymentOf(o)
	for range 2 { // the provider repeats itself; the money goes back once
		shop.Tell(t, payment)
	}
	refund := awaitRefund(t, shop, o.ID, payment.PaymentID)
	require.Equal(t, order.RefundLate, refund.Reason)
	require.Equal(t, payment.Amount, refund.Amount)
	require.Equal(t, order.Cancelled, shop.Order(t, o.ID).Status)
	shop.RequireStock(t, "late", 3, 0)
}

func TestSecondPaymentGoesBack(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "double", 3)
	o := shop.Pay(t, shop.Place(t, shoptest.Line{ProductID: "double", Quantity: 1}))
	first, second := shoptest.PaymentOf(o), shoptest.PaymentOf(o)
	second.PaymentID = "pay-again-" + o.ID
	shop.Tell(t, first) // the same payment under another event id is no second one
	shop.Tell(t, second)
	refund := awaitRefund(t, shop, o.ID, second.PaymentID)
	require.Equal(t, order.RefundDouble, refund.Reason)
	pay, err := shop.Payment(t.Context(), o.ID)
	require.NoError(t, err)
	require.Len(t, pay.Refunds, 1)
	require.Equal(t, order.Paid, shop.Order(t, o.ID).Status)
	shop.RequireStock(t, "double", 2, 0)
}

func TestWrongAmountIsNotTaken(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "wrong", 3)
	o := shop.Place(t, shoptest.Line{ProductID: "wrong", Quantity: 1})
	wrong := shoptest.PaymentOf(o)
	wrong.PaymentID, wrong.Amount = "pay-wrong-"+o.ID, wrong.Amount-1
	shop.Tell(t, wrong)
	refund := awaitRefund(t, shop, o.ID, wrong.PaymentID)
	require.Equal(t, order.RefundWrongAmount, refund.Reason)
	require.Equal(t, wrong.Amount, refund.Amount)
	require.Equal(t, order.AwaitingPayment, shop.Order(t, o.ID).Status)
	shop.Pay(t, o)
}

func TestPaymentOfAnUnknownOrderIsACase(t *testing.T) {
	shop := open(t)
	payment := order.PaymentEvent{
		EventID: "evt-unknown", Type: order.PaymentSucceeded, OrderID: "nobody-knows-it", PaymentID: "pay-unknown",
		Amount: 700, Currency: "EUR",
	}
	shop.Tell(t, payment)
	requireOpenRefund(t, payment.OrderID, payment.PaymentID)
	rdb, err := redisdb.Open(t.Context(), everything.stack.RedisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	// REST has no page for an order that is unknown: what the operator finds is
	// in Temporal and on record.
	shoptest.Until(t, "the case is on record", func(ctx context.Context) error {
		docs, err := records.New(rdb).Payments(ctx, payment.OrderID)
		if err != nil {
			return err
		}
		var r order.Refund
		if err := json.Unmarshal(docs["refund:"+payment.PaymentID+"/"+order.FullRefund("sandbox", payment.OrderID)], &r); err != nil {
			return err
		}
		if r.Status != order.RefundCase || r.Reason != order.RefundUnknownOrder {
			return fmt.Errorf("it is %+v", r)
		}
		return nil
	})
	failed := payment
	failed.Type, failed.PaymentID = order.PaymentFailed, "pay-unknown-failed"
	shop.Tell(t, failed) // no money: nothing to do
}

// awaitRefund waits until the money has gone back by REST, and its workflow is done.
func awaitRefund(t *testing.T, shop *shoptest.Shop, orderID, paymentID string) order.Refund {
	t.Helper()
	found := shop.AwaitPaidRefund(t, orderID, paymentID)
	require.Equal(t, order.FullRefund("sandbox", orderID), found.ID)
	require.NotEmpty(t, found.ProviderID)
	shoptest.Until(t, "the refund's workflow ends", func(ctx context.Context) error {
		return everything.stack.Temporal.GetWorkflow(ctx, workflows.RefundWorkflowID(paymentID, found.ID), "").Get(ctx, nil)
	})
	return found
}

func requireOpenRefund(t *testing.T, orderID, paymentID string) {
	t.Helper()
	d, err := everything.stack.Temporal.DescribeWorkflowExecution(t.Context(),
		workflows.RefundWorkflowID(paymentID, order.FullRefund("sandbox", orderID)), "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, d.GetWorkflowExecutionInfo().GetStatus())
}
