package sagas

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/saga"
)

// opensRefund starts the refund of a payment as the gateway does, which doesn't know the
// order's outcome.
func (w *world) opensRefund(orderID, paymentID string) client.WorkflowRun {
	w.Helper()
	r := order.RefundOf(order.PaymentEvent{
		Provider: "sandbox", OrderID: orderID, PaymentID: paymentID, Amount: 1000, Currency: "EUR",
	}, order.RefundLate)
	run, err := w.temporal.ExecuteWorkflow(w.Context(), client.StartWorkflowOptions{
		ID: saga.RefundWorkflowID(paymentID, r.ID), TaskQueue: saga.TaskQueue,
	}, saga.RefundType, r)
	w.NoError(err)
	return run
}

func TestRefundOfAClosedOrderIsPaidOut(t *testing.T) {
	w := open(t)
	w.work()
	p := placement(time.Millisecond, w.offer(500))
	w.start(p)
	w.Equal(order.StatusExpired, w.ended(p.OrderID).Status)
	w.opensRefund(p.OrderID, "pay-"+p.OrderID)
	r := w.refunded(p.OrderID, "pay-"+p.OrderID, order.RefundLate)
	w.Equal(order.RefundPaid, r.Status)
	w.Equal(int64(1000), r.Amount)
	w.False(r.DueAt.IsZero())
}

func TestPaymentThatTheOrderTookIsNotRefunded(t *testing.T) {
	w := open(t)
	w.work()
	p := placement(time.Hour, w.offer(500))
	w.place(p)
	payment := "pay-" + p.OrderID
	w.pay(p.OrderID, payment, 1000)
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	// While the order is open it judges its payments itself: the refund waits.
	run := w.opensRefund(p.OrderID, payment)
	w.until("the refund has asked", func() bool {
		d, err := w.temporal.DescribeWorkflowExecution(w.Context(), run.GetID(), "")
		w.NoError(err)
		return len(d.GetPendingActivities()) == 1 && d.GetPendingActivities()[0].GetLastFailure() != nil
	})
	w.deliver(p.OrderID)
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	var r order.Refund
	w.NoError(run.Get(ctx, &r))
	w.Equal(order.RefundNotOwed, r.Status)
	all, err := w.docs.Payments(w.Context(), p.OrderID)
	w.NoError(err)
	w.NotContains(all, "refund:"+payment+"/"+order.FullRefund("sandbox", p.OrderID))

	// Another payment of the same order is not the one that it took.
	w.opensRefund(p.OrderID, "two-"+p.OrderID)
	w.Equal(order.RefundPaid, w.refunded(p.OrderID, "two-"+p.OrderID, order.RefundLate).Status)
}

func TestPaymentOfAnUnknownOrderIsACase(t *testing.T) {
	w := open(t)
	w.work()
	p := placement(time.Hour, "nothing")
	w.opensRefund(p.OrderID, "pay-"+p.OrderID)
	w.Equal(order.RefundCase, w.refunded(p.OrderID, "pay-"+p.OrderID, order.RefundUnknownOrder).Status)
}

// Temporal forgets an order before its document is gone: the document then has the answer.
func TestRefundOfAnOrderThatOnlyItsDocumentKnows(t *testing.T) {
	w := open(t)
	w.work()
	p := placement(time.Hour, "nothing")
	o := order.New(p, time.Now())
	o.Status, o.Payment.ID = order.StatusDelivered, "pay-"+p.OrderID
	doc, err := json.Marshal(o)
	w.NoError(err)
	w.NoError(w.docs.Put(w.Context(), order.Record{OrderID: o.ID, Status: o.Status, Version: o.Version, Doc: doc}))
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	var r order.Refund
	w.NoError(w.opensRefund(o.ID, o.Payment.ID).Get(ctx, &r))
	w.Equal(order.RefundNotOwed, r.Status)
}
