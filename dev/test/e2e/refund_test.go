package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

func TestPaymentAfterTheOrdersEndGoesBack(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "late", 3)
	o := shop.Place(t, shoptest.Line{ProductID: "late", Quantity: 1})
	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, o.ID))
	payment := shoptest.PaymentOf(o)
	for range 2 { // the provider repeats itself; the money is refunded once
		shop.Tell(t, payment)
	}
	refund := awaitRefund(t, shop, o.ID, payment.PaymentID)
	require.Equal(t, order.RefundLate, refund.Reason)
	require.Equal(t, payment.Amount, refund.Amount)
	require.Equal(t, order.StatusCancelled, shop.Order(t, o.ID).Status)
	shop.RequireStock(t, "late", 3, 0)
}

func TestSecondPaymentGoesBack(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "double", 3)
	o := shop.Pay(t, shop.Place(t, shoptest.Line{ProductID: "double", Quantity: 1}))
	first, second := shoptest.PaymentOf(o), shoptest.PaymentOf(o)
	second.PaymentID = "pay-again-" + o.ID
	shop.Tell(t, first) // the same payment under another event id is not a second one
	shop.Tell(t, second)
	refund := awaitRefund(t, shop, o.ID, second.PaymentID)
	require.Equal(t, order.RefundDouble, refund.Reason)
	pay, err := shop.Payment(t.Context(), o.ID)
	require.NoError(t, err)
	require.Len(t, pay.Refunds, 1)
	require.Equal(t, order.StatusAwaitingShipment, shop.Order(t, o.ID).Status)
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
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, o.ID).Status)
	shop.Pay(t, o)
}

func TestPaymentOfAnUnknownOrderIsACase(t *testing.T) {
	shop := open(t)
	payment := order.PaymentEvent{
		EventID: "evt-unknown", Type: order.PaymentSucceeded, OrderID: "nobody-knows-it", PaymentID: "pay-unknown",
		Amount: shoptest.Price, Currency: "EUR",
	}
	shop.Tell(t, payment)
	list := func(status string) (of []order.Refund) {
		var page struct {
			Items []order.Refund `json:"items"`
		}
		shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/refunds?status=" + status}).Into(t, &page)
		for _, r := range page.Items {
			if r.OrderID == payment.OrderID {
				of = append(of, r)
			}
		}
		return of
	}
	var found order.Refund
	shoptest.Until(t, "the case is listed", func(context.Context) error {
		all := list("case")
		if len(all) != 1 {
			return fmt.Errorf("there are %d", len(all))
		}
		found = all[0]
		return nil
	})
	require.Equal(t, payment.Amount, found.Amount)
	require.Equal(t, order.RefundUnknownOrder, found.Reason)

	// It was meant for an existing order.
	shop.Offer(t, "assigned", 3)
	o := shop.Place(t, shoptest.Line{ProductID: "assigned", Quantity: 1})
	decide := func(status int, choice, orderID string) shoptest.Answer {
		body := map[string]any{"paymentId": found.PaymentID, "refundId": found.ID, "choice": choice}
		if orderID != "" {
			body["orderId"] = orderID
		}
		return shop.Must(t, status, shoptest.Call{Method: http.MethodPost, Path: "/v1/refunds/decide", Key: uuid.NewString(), Body: shoptest.JSON(t, body)})
	}
	require.Equal(t, "order-closed", decide(http.StatusConflict, "assign", "nobody-else").Problem(t))
	decide(http.StatusOK, "assign", o.ID).Into(t, &found)
	require.Equal(t, order.RefundAssigned, found.Status)
	require.Equal(t, "pay-unknown", shop.Await(t, o.ID, order.StatusAwaitingShipment).Payment.ID)
	require.Equal(t, "refund-not-waiting", decide(http.StatusConflict, "refund", "").Problem(t))
	shoptest.Until(t, "the case is off the list, which is a moment late", func(context.Context) error {
		if left := list("case"); len(left) > 0 {
			return fmt.Errorf("there are %v", left)
		}
		return nil
	})
	failed := payment
	failed.Type, failed.PaymentID = order.PaymentFailed, "pay-unknown-failed"
	shop.Tell(t, failed) // no money: nothing to do
}

// awaitRefund waits until a whole payment was refunded.
func awaitRefund(t *testing.T, shop *shoptest.Shop, orderID, paymentID string) order.Refund {
	t.Helper()
	found := shop.AwaitRefund(t, orderID, paymentID, order.RefundPaid)
	require.Equal(t, order.FullRefund("sandbox", orderID), found.ID)
	require.NotEmpty(t, found.ProviderID)
	return found
}
