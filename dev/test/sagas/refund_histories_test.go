package sagas

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// refunding is one refund of a payment of 1600 that its order took, and its outcome.
type refunding struct {
	// amount that is requested; 0 requests all that is left.
	amount int64
	// lost means that the order's own saga refunds lost units, after an operator has refunded
	// 1,200.
	lost bool
	// says is the provider's answer; nil pays the refund out.
	says *order.RefundAnswer
	// drive decides what an operator has to decide.
	drive func(w *world, workflowID string)
	want  order.RefundStatus
}

func refundings() map[string]refunding {
	nothing := func(*world, string) {}
	no := &order.RefundAnswer{Status: order.RefundFailed, Detail: "the account is closed"}
	decides := func(c saga.Choice) func(*world, string) {
		return func(w *world, id string) {
			w.refundIs(id, order.RefundFailed)
			w.provider.says(nil)
			w.decides(id, saga.Decision{Choice: c, Actor: "operator"})
		}
	}
	return map[string]refunding{
		"refund-in-part":             {amount: 600, drive: nothing, want: order.RefundPaid},
		"refund-of-all-that-is-left": {drive: nothing, want: order.RefundPaid},
		"refund-too-large":           {amount: 1601, drive: nothing, want: order.RefundTooLarge},
		"refund-of-lost-units":       {amount: 300, lost: true, drive: nothing, want: order.RefundPaid},
		"refund-with-a-shortfall":    {amount: 600, lost: true, drive: nothing, want: order.RefundPaid},
		"refund-failed-and-settled":  {amount: 600, says: no, drive: decides(saga.ChoiceSettled), want: order.RefundSettled},
		"refund-failed-and-paid":     {amount: 600, says: no, drive: decides(saga.ChoiceRefund), want: order.RefundPaid},
	}
}

// Each kind of requested refund is played on a real server, and its history can be
// replayed.
func TestHistoriesOfRefunds(t *testing.T) {
	for name, c := range refundings() {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			if *record {
				w.fixed = name + "-"
			}
			d := w.desk()
			d.says(c.says)
			w.work()
			p := w.placement(time.Hour, w.offer(800))
			w.place(p)
			payment := w.opens(p.OrderID)
			w.chooses(payment, "pay")
			w.pay(p.OrderID, payment, 1600)
			w.documentIs(p.OrderID, order.StatusAwaitingShipment)
			asked := order.Refund{
				ID: order.PartRefund("sandbox", w.id("refund")), PaymentID: payment, OrderID: p.OrderID, Provider: "sandbox",
				Amount: c.amount, Currency: "EUR", Reason: order.RefundRequested, Status: order.RefundDue, Actor: "operator",
			}
			if c.lost {
				asked.Amount = 1200
				w.Equal(order.RefundPaid, w.refundEnds(w.asksForRefund(asked)).Status)
				asked = order.RefundOfPart(order.PaymentEvent{
					Provider: "sandbox", PaymentID: payment, OrderID: p.OrderID, Amount: 1600, Currency: "EUR",
				}, order.RefundLost, w.id("lost"), c.amount)
			}
			id := w.asksForRefund(asked)
			c.drive(w, id)
			ended := w.refundEnds(id)
			w.Equal(c.want, ended.Status)
			if c.lost {
				w.Equal(max(c.amount-400, 0), ended.Shortfall)
			}
			w.replays(name, id)
			w.deliver(p.OrderID)
		})
	}
}

// What the gateway starts for a payment without knowing whether an order took it.
func TestHistoriesOfRefundsOfStrayPayments(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "stray-"
	}
	w.desk()
	w.work()
	gone := w.placement(time.Millisecond, w.offer(500))
	w.start(gone)
	w.Equal(order.StatusExpired, w.ended(gone.OrderID).Status)
	run := w.opensRefund(gone.OrderID, w.id("late"))
	w.Equal(order.RefundPaid, w.refundEnds(run.GetID()).Status)
	w.replays("refund-late", run.GetID())

	p := w.placement(time.Hour, w.offer(500))
	p.OrderID += "-open"
	w.place(p)
	run = w.opensRefund(w.id("ghost"), w.id("misaddressed"))
	w.refundIs(run.GetID(), order.RefundCase)
	w.decides(run.GetID(), saga.Decision{Choice: saga.ChoiceAssign, OrderID: p.OrderID, Actor: "operator"})
	w.Equal(order.RefundAssigned, w.refundEnds(run.GetID()).Status)
	w.replays("refund-assigned", run.GetID())
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	w.deliver(p.OrderID)
	run = w.opensRefund(p.OrderID, w.id("misaddressed"))
	w.Equal(order.RefundNotOwed, w.refundEnds(run.GetID()).Status)
	w.replays("refund-not-owed", run.GetID())
}

// asksForRefund starts a refund as the gateway does for an operator.
func (w *world) asksForRefund(r order.Refund) string {
	w.Helper()
	w.NoError(sagaclient.New(w.temporal, "").StartRefund(w.Context(), r))
	return saga.RefundWorkflowID(r.PaymentID, r.ID)
}

// refundIs waits until a refund has the status.
func (w *world) refundIs(workflowID string, status order.RefundStatus) {
	w.Helper()
	w.until("the refund is "+string(status), func() bool {
		v, err := w.temporal.QueryWorkflow(w.Context(), workflowID, "", saga.RefundQuery)
		w.NoError(err)
		var r order.Refund
		w.NoError(v.Get(&r))
		return r.Status == status
	})
}

// decides sends an operator's decision, once the refund accepts it.
func (w *world) decides(workflowID string, d saga.Decision) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	h, err := w.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: saga.DecideUpdate, Args: []any{d},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	w.NoError(err)
	w.NoError(h.Get(ctx, nil))
}

// refundEnds waits for a refund's result.
func (w *world) refundEnds(workflowID string) order.Refund {
	w.Helper()
	ctx, cancel := context.WithTimeoutCause(w.Context(), patience, errors.New("the refund didn't end"))
	defer cancel()
	var r order.Refund
	w.NoError(w.temporal.GetWorkflow(ctx, workflowID, "").Get(ctx, &r))
	return r
}
