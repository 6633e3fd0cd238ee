package sagas

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/saga"
)

// floodOf is more updates than Temporal accepts for one workflow.
const floodOf = 2_100

// flood sends this many separate updates, and counts the verdicts.
func (w *world) flood(orderID, update string, request any) map[saga.Verdict]int64 {
	w.Helper()
	var counts [3]atomic.Int64
	verdicts := []saga.Verdict{saga.VerdictTooManyAttempts, saga.VerdictEnding, saga.VerdictDeclined}
	ctx, cancel := context.WithTimeout(w.Context(), 10*patience)
	defer cancel()
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(16)
	for range floodOf {
		calls.Go(func() error {
			a := saga.Answer{Verdict: saga.VerdictBusy}
			for a.Verdict == saga.VerdictBusy { // as many wait already as are allowed
				var err error
				if a, err = w.asks(ctx, orderID, update, request); err != nil {
					return err
				}
			}
			for i, v := range verdicts {
				if a.Verdict == v {
					counts[i].Add(1)
					return nil
				}
			}
			return fmt.Errorf("the order answers %+v", a)
		})
	}
	w.NoError(calls.Wait())
	got := map[saga.Verdict]int64{}
	for i, v := range verdicts {
		if n := counts[i].Load(); n > 0 {
			got[v] = n
		}
	}
	return got
}

// A customer whom no payment suits requests more of them than Temporal accepts updates.
func TestCustomersWhoAskToPayDoNotUseUpAnOrder(t *testing.T) {
	w := open(t)
	w.desk().at(createCall, func(context.Context) error {
		return &order.RefusalError{Provider: sandbox.Name, Reason: "not this customer"}
	})
	w.work()
	p := placement(time.Hour, w.offer(500))
	w.place(p)
	got := w.flood(p.OrderID, saga.PayUpdate, saga.PayRequest{Provider: sandbox.Name, Actor: "customer:customer-1"})
	w.Equal(map[saga.Verdict]int64{saga.VerdictDeclined: 20, saga.VerdictTooManyAttempts: floodOf - 20}, got)
	w.pay(p.OrderID, "another-"+p.OrderID, 1000)
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	w.Equal(saga.VerdictDone, w.deliver(p.OrderID).Verdict)
}

// A customer keeps cancelling while the payment provider is down.
func TestCustomersWhoCancelDoNotUseUpAnOrder(t *testing.T) {
	w := open(t)
	silent, lift := silence()
	w.Cleanup(lift)
	w.desk().at(cancelCall, silent)
	w.work()
	p := placement(time.Hour, w.offer(500))
	w.place(p)
	payment := w.opens(p.OrderID)
	cancel := saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "customer:customer-1"}
	w.send(p.OrderID, saga.CancelUpdate, cancel)
	w.until("the order is about to end", func() bool {
		return w.ask(p.OrderID, saga.PayUpdate, saga.PayRequest{Provider: sandbox.Name}).Verdict == saga.VerdictEnding
	})
	w.Equal(map[saga.Verdict]int64{saga.VerdictEnding: floodOf}, w.flood(p.OrderID, saga.CancelUpdate, cancel))
	w.pay(p.OrderID, payment, 1000) // it arrives all the same, and the cancellation is that of a paid order
	w.refunded(p.OrderID, payment, order.RefundCancelled)
	w.Equal(order.StatusCancelled, w.ended(p.OrderID).Status)
}
