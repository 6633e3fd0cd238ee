package sagas

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"

	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// refundOf requests a part of what a paid order took.
func (w *world) refundOf(r *order.Refund) (workflowID string) {
	w.Helper()
	p := w.placement(time.Hour, w.offer(800))
	w.place(p)
	payment := w.opens(p.OrderID)
	w.chooses(payment, "pay")
	w.pay(p.OrderID, payment, 1600)
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	w.deliver(p.OrderID) // it has ended: refunds outlive it
	*r = order.Refund{
		ID: order.PartRefund("sandbox", w.id("refund")), PaymentID: payment, OrderID: p.OrderID, Provider: "sandbox",
		Amount: 600, Currency: "EUR", Reason: order.RefundRequested, Status: order.RefundDue, Actor: "operator",
	}
	return w.asksForRefund(*r)
}

// comesBack is the provider's report that a payout did not arrive.
func (w *world) comesBack(r order.Refund) {
	w.Helper()
	w.NoError(sagaclient.New(w.temporal, "").RefundFailed(w.Context(), order.PaymentEvent{
		Type: order.PaymentRefundFailed, Provider: r.Provider, OrderID: r.OrderID, PaymentID: r.PaymentID, Amount: r.Amount, Currency: r.Currency,
		Refund: &order.FailedRefund{ID: r.ID, ProviderID: r.ProviderID, Detail: "account closed"},
	}))
}

// The workflow of a refund has ended when its provider reports that the money came back: it
// is started again, and its decisions are recorded like the earlier ones.
func TestMoneyThatComesBackOpensItsRefundAgain(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "refund-came-back-"
	}
	w.desk()
	w.work()
	var r order.Refund
	id := w.refundOf(&r)
	paid := w.refundEnds(id)
	w.Equal(order.RefundPaid, paid.Status)
	w.chooses(paid.PaymentID, sandbox.ActionFailRefund)
	for range 3 { // the provider repeats itself
		w.comesBack(paid)
	}
	w.refundIs(id, order.RefundFailed)
	w.decides(id, saga.Decision{Choice: saga.ChoiceRefund, Actor: "operator", Key: "k-1"})
	again := w.refundEnds(id)
	w.Equal(order.RefundPaid, again.Status)
	w.NotEqual(paid.ProviderID, again.ProviderID)
	w.Equal([]string{paid.ProviderID}, again.FailedIDs)
	w.Greater(again.Version, paid.Version)
	w.Equal(paid.DueAt, again.DueAt)
	w.replays("refund-came-back-and-paid", id)

	w.comesBack(paid) // days later, about the money that was sent first
	w.Equal(again, w.refundEnds(id))
	w.replays("refund-came-back-again", id)
}

// An operator settles by hand what is at a provider that doesn't answer.
func TestARefundThatIsDueIsSettledByHand(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "refund-due-"
	}
	d := w.desk()
	silent, lift := silence()
	w.Cleanup(lift)
	asked := make(chan struct{}, 1)
	d.at(refundCall, func(ctx context.Context) error {
		select {
		case asked <- struct{}{}:
		default:
		}
		_ = silent(ctx)
		return errAway
	})
	w.work()
	var r order.Refund
	id := w.refundOf(&r)
	select {
	case <-asked:
	case <-time.After(patience):
		w.FailNow("the provider is not asked")
	}
	decided := make(chan struct{})
	go func() {
		defer close(decided)
		w.decides(id, saga.Decision{Choice: saga.ChoiceSettled, About: order.RefundDue, Actor: "operator", Key: "k-1"})
	}()
	w.until("the attempt that is under way is to be the last", func() bool {
		for _, e := range w.history(id) {
			if e.GetEventType() == enums.EVENT_TYPE_ACTIVITY_TASK_CANCEL_REQUESTED {
				return true
			}
		}
		return false
	})
	lift()
	<-decided
	w.Equal(order.RefundSettled, w.refundEnds(id).Status)
	w.replays("refund-due-and-settled", id)
}

// A provider that never pays out doesn't cause an endless history.
func TestARefundThatIsPendingForEverContinuesAsNew(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "refund-pending-"
	}
	d := w.desk()
	d.says(&order.RefundAnswer{Status: order.RefundPending, ProviderID: "re_1"})
	w.work()
	var r order.Refund
	id := w.refundOf(&r)
	w.refundIs(id, order.RefundPending)
	first, err := w.temporal.DescribeWorkflowExecution(w.Context(), id, "")
	w.NoError(err)
	run := first.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	r.ProviderID = "re_1"
	runNow := func() string {
		now, err := w.temporal.DescribeWorkflowExecution(w.Context(), id, "")
		w.NoError(err)
		return now.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	}
	for began := time.Now(); runNow() == run; {
		w.Less(time.Since(began), 10*patience, "it does not go on in a new run")
		w.comesBack(r) // so that it asks at once
	}
	now, err := w.temporal.DescribeWorkflowExecution(w.Context(), id, "")
	w.NoError(err)
	w.NotNil(now.GetWorkflowExecutionInfo().GetMemo().GetFields()[saga.RefundMemo], "lists of refunds read it")
	w.NotNil(now.GetWorkflowExecutionInfo().GetSearchAttributes().GetIndexedFields()[saga.RefundStatus.GetName()])
	w.replaysRun("refund-pending-for-ever", id, run)
	d.says(nil)
	w.comesBack(r)
	ended := w.refundEnds(id)
	w.Equal(order.RefundPaid, ended.Status)
	w.replays("refund-pending-and-paid", id)
}
