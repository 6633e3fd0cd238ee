package sagas

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// terminate ends the order's workflow as an operator's mistake does.
func (w *world) terminate(orderID string) {
	w.Helper()
	w.NoError(w.temporal.TerminateWorkflow(w.Context(), saga.OrderWorkflowID(orderID), "", "an operator's mistake"))
}

func (w *world) resumes(orderID string) error {
	_, err := sagaclient.New(w.temporal, "default").Resume(w.Context(), orderID)
	return err
}

// resumedOnce resumes the order from several places at the same time.
func (w *world) resumedOnce(orderID string) {
	w.Helper()
	const callers = 4
	var group sync.WaitGroup
	errs := make(chan error, callers)
	for range callers {
		group.Go(func() { errs <- w.resumes(orderID) })
	}
	group.Wait()
	started := 0
	for range callers {
		err := <-errs
		if err == nil {
			started++
		} else {
			w.ErrorIs(err, saga.ErrNotResumable)
		}
	}
	w.Equal(1, started)
}

// The workflow is terminated in the middle of the order's story, with messages that it never handled.
func TestATerminatedOrderIsResumedWhereItWas(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "resumed-"
	}
	p := w.placement(time.Hour, w.offer(500), w.offer(300))
	p.ReturnWindow = 3 * time.Second
	first := w.works(nil, nil)
	w.start(p)
	w.paid(p.OrderID, 1600)
	w.packs(p.OrderID, "a", of("1", 2))
	w.packs(p.OrderID, "b", of("2", 2))
	w.scans(p.OrderID, "a", order.NodeDelivered)
	w.until("a is delivered", func() bool { return w.order(p.OrderID).Packages[0].Node() == order.NodeDelivered })
	w.ErrorContains(w.resumes(p.OrderID), "running")
	first.Stop()
	w.scans(p.OrderID, "b", order.NodeInTransit)
	w.pay(p.OrderID, "two-"+p.OrderID, 1600)
	w.terminate(p.OrderID)

	w.work()
	before := w.order(p.OrderID)
	w.resumedOnce(p.OrderID)
	w.ErrorContains(w.resumes(p.OrderID), "running")
	o := w.documentIs(p.OrderID, order.StatusInTransit)
	w.Equal(before.PlacedAt, o.PlacedAt)
	w.Equal(before.Payment, o.Payment)
	w.Greater(o.Version, before.Version)
	w.refunded(p.OrderID, "two-"+p.OrderID, order.RefundDouble)

	again := w.packs(p.OrderID, "a", of("1", 2))
	w.Equal(saga.VerdictDone, again.Verdict)
	w.Equal(saga.PackageID(p.OrderID, "a"), again.ID)
	w.Len(w.order(p.OrderID).Packages, 2, "a message that is sent again finds its package")
	w.Equal(order.StatusInTransit, w.place(p).Status, "the placement, sent again, is answered")

	w.scans(p.OrderID, "b", order.NodeDelivered)
	w.documentIs(p.OrderID, order.StatusDelivered)
	w.Equal(saga.VerdictDone, w.ask(p.OrderID, saga.OpenReturnUpdate, returning(p.OrderID, "r", of("1", 1))).Verdict)
	w.Equal(saga.VerdictDone, w.ask(p.OrderID, saga.ReceiveReturnUpdate, receiving(p.OrderID, "r", of("1", 1))).Verdict)
	w.Equal(order.StatusDelivered, w.ended(p.OrderID).Status)
	w.balances(p.Lines[0].ProductID, 1)
	w.balances(p.Lines[1].ProductID, 2)
	w.Equal(w.order(p.OrderID).Version, w.documentIs(p.OrderID, order.StatusDelivered).Version)

	workflows := sagaclient.New(w.temporal, "default")
	fate, err := workflows.Fate(w.Context(), p.OrderID)
	w.NoError(err)
	w.Equal(before.PlacedAt, fate.PlacedAt, "the run started later than the order was placed")
	w.Equal("one-"+p.OrderID, fate.PaymentID)
	recorded, err := workflows.Recorded(w.Context(), p.OrderID)
	w.NoError(err)
	w.True(recorded.Closed)
	w.False(recorded.ByForce)
	w.ErrorContains(w.resumes(p.OrderID), "closed")
	w.replays("resumed", saga.OrderWorkflowID(p.OrderID))
}

// A change is interrupted after its units have moved, and before the order says so.
func TestAChangeThatATerminationInterruptsIsCompleted(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprint("after: ", after), func(t *testing.T) { interrupted(t, after) })
	}
}

func interrupted(t *testing.T, after bool) {
	t.Helper()
	w := open(t)
	p := w.placement(time.Hour, w.offer(500))
	p.ReturnWindow = time.Hour
	points := w.failpoints()
	reached := make(chan struct{})
	var once sync.Once
	points.set(p.OrderID, failpoint{command: restock, call: 1, after: after, do: func(context.Context) error {
		once.Do(func() { close(reached) })
		return errAway
	}})
	first := w.works(points, points)
	w.start(p)
	w.paid(p.OrderID, 1000)
	w.send(p.OrderID, saga.CancelUnitsUpdate, cancelling(p.OrderID, "c", of("1", 1)))
	<-reached
	w.terminate(p.OrderID)
	first.Stop()

	w.work()
	w.NoError(w.resumes(p.OrderID))
	w.until("the units are cancelled", func() bool { return w.order(p.OrderID).Lines[0].Removed == 1 })
	w.balances(p.Lines[0].ProductID, 1)
	w.Equal(saga.VerdictDone, w.ask(p.OrderID, saga.CancelUnitsUpdate, cancelling(p.OrderID, "c", of("1", 1))).Verdict)
	w.until("they are refunded once", func() bool {
		doc := w.payments(p.OrderID)["refund:one-"+p.OrderID+"/"+
			order.PartRefund("sandbox", order.PartID(order.RefundPartCancelled, saga.RemovalID(p.OrderID, "c")))]
		var r order.Refund
		return doc != nil && json.Unmarshal(doc, &r) == nil && r.Amount == 500
	})
	w.terminate(p.OrderID)
	w.NoError(w.resumes(p.OrderID), "it may happen again")
	w.Equal(int64(1), w.order(p.OrderID).Lines[0].Removed)
	w.deliver(p.OrderID)
	w.terminate(p.OrderID)
}

// The new run is terminated in the middle of the same change.
func TestAChangeThatTwoTerminationsInterruptIsCompleted(t *testing.T) {
	w := open(t)
	p := w.placement(time.Hour, w.offer(500))
	p.ReturnWindow = time.Hour
	points := w.failpoints()
	reached := make(chan struct{}, 1)
	points.set(p.OrderID, failpoint{command: restock, call: 1, do: func(context.Context) error {
		select {
		case reached <- struct{}{}:
		default:
		}
		return errAway
	}})
	first := w.works(points, points)
	w.start(p)
	w.paid(p.OrderID, 1000)
	w.send(p.OrderID, saga.CancelUnitsUpdate, cancelling(p.OrderID, "c", of("1", 1)))
	for range 2 {
		<-reached
		w.terminate(p.OrderID)
		select {
		case <-reached:
		default:
		}
		w.NoError(w.resumes(p.OrderID))
	}
	<-reached
	w.terminate(p.OrderID)
	first.Stop()

	w.work()
	w.NoError(w.resumes(p.OrderID))
	w.until("the units are cancelled", func() bool { return w.order(p.OrderID).Lines[0].Removed == 1 })
	w.balances(p.Lines[0].ProductID, 1)
	w.terminate(p.OrderID)
	w.NoError(w.resumes(p.OrderID))
	w.Len(w.order(p.OrderID).Removals, 1)
	w.terminate(p.OrderID)
}

func TestOnlyAPaidOrderThatWasTerminatedIsResumed(t *testing.T) {
	w := open(t)
	w.work()
	w.ErrorIs(w.resumes("nothing"), saga.ErrUnknownOrder)

	unpaid := placement(time.Hour, w.offer(500))
	w.place(unpaid)
	w.terminate(unpaid.OrderID)
	err := w.resumes(unpaid.OrderID)
	w.ErrorIs(err, saga.ErrNotResumable)
	w.ErrorContains(err, "isn't paid")

	before := placement(time.Hour, w.offer(500))
	before.Saga = 0
	w.start(before)
	w.paid(before.OrderID, 1000)
	w.terminate(before.OrderID)
	w.NoError(w.resumes(before.OrderID))
	w.documentIs(before.OrderID, order.StatusAwaitingShipment)
	w.packs(before.OrderID, "a", of("1", 2))
	w.scans(before.OrderID, "a", order.NodeDelivered)
	w.Equal(order.StatusDelivered, w.ended(before.OrderID).Status, "an order of an earlier version goes on like a new one")
	w.balances(before.Lines[0].ProductID, 2)
}
