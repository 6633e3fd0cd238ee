package sagas

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// delist runs the workflow that ends a product's first listing.
func (w *world) delist(productID string) client.WorkflowRun {
	w.Helper()
	return w.delistAs(saga.DelistWorkflowID(productID, 1), productID)
}

// again runs a second delisting of the same listing under another id.
func (w *world) again(productID string) client.WorkflowRun {
	w.Helper()
	return w.delistAs(saga.DelistWorkflowID(productID, 1)+"/again", productID)
}

func (w *world) delistAs(workflowID, productID string) client.WorkflowRun {
	w.Helper()
	run, err := w.temporal.ExecuteWorkflow(w.Context(), client.StartWorkflowOptions{
		ID: workflowID, TaskQueue: saga.TaskQueue,
	}, saga.DelistType, saga.Delisting{ProductID: productID, Listing: 1, Actor: "operator"})
	w.NoError(err)
	return run
}

func (w *world) delisted(run client.WorkflowRun) saga.DelistResult {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	var r saga.DelistResult
	w.NoError(run.Get(ctx, &r))
	return r
}

func (w *world) list(productID string) int64 {
	w.Helper()
	listing, err := w.stock.List(w.Context(), productID)
	w.NoError(err)
	return listing
}

func TestDelistingCancelsUnpaidOrdersAndLeavesPaidOnes(t *testing.T) {
	w := open(t)
	w.work()
	shirt, mug := w.offer(500), w.offer(300)
	unpaid, both, paid, other := placement(time.Hour, shirt), placement(time.Hour, shirt, mug), placement(time.Hour, shirt), placement(time.Hour, mug)
	for _, p := range []order.Placement{unpaid, both, paid, other} {
		w.Equal(order.StatusAwaitingPayment, w.place(p).Status)
	}
	w.pay(paid.OrderID, "pay-"+paid.OrderID, 1000)
	w.documentIs(paid.OrderID, order.StatusAwaitingShipment)

	w.Equal(saga.DelistResult{Signalled: 2}, w.delisted(w.delist(shirt)))
	for _, p := range []order.Placement{unpaid, both} {
		r := w.ended(p.OrderID)
		w.Equal(order.StatusCancelled, r.Status)
		w.Equal(order.ReasonDelisted, r.Reason)
	}
	w.Equal(order.StatusAwaitingShipment, w.order(paid.OrderID).Status)
	w.Equal(order.StatusAwaitingPayment, w.order(other.OrderID).Status)
	w.balances(shirt, 2)
	p, err := w.stock.Get(w.Context(), mug)
	w.NoError(err)
	w.Equal(int64(2), p.Variants[0].Stock.Held, "only the order for mugs alone still holds some")

	late := placement(time.Hour, shirt)
	o := w.place(late)
	w.Equal(order.StatusRejected, o.Status)
	w.Equal(order.Reason(product.ReasonNotListed), o.Reason)
	w.Equal(saga.DelistResult{}, w.delisted(w.again(shirt)), "again is the same")
}

// An order has its hold, but its workflow doesn't know it yet.
func TestDelistingMissesNoOrderThatWinsTheRace(t *testing.T) {
	w := open(t)
	id := w.offer(500)
	p := placement(time.Hour, id)
	points := w.failpoints()
	started := make(chan client.WorkflowRun, 1)
	points.set(p.OrderID, failpoint{
		command: hold, call: 1, after: true,
		do: meanwhile(func() {
			started <- w.delist(id)
			w.until("delisted", func() bool {
				now, err := w.stock.Get(w.Context(), id)
				return err == nil && now.Status == product.StatusDelisted
			})
		}),
	})
	w.Cleanup(w.works(points, points).Stop)
	w.place(p)
	w.Equal(1, w.delisted(<-started).Signalled)
	w.Equal(order.ReasonDelisted, w.ended(p.OrderID).Reason)
	w.balances(id, 0)
}

func TestDelistingLeavesTheHoldsOfANewerListing(t *testing.T) {
	w := open(t)
	id := w.offer(500)
	older, newer := placement(time.Hour, id), placement(time.Hour, id)
	points := w.failpoints()
	relisted := make(chan struct{})
	points.set(older.OrderID, failpoint{
		command: release, call: 1,
		do: meanwhile(func() {
			w.list(id) // while the delisting waits for the older order
			w.inBackground(func(ctx context.Context) {
				defer close(relisted)
				if h, err := w.tryStart(ctx, newer); err == nil {
					_ = h.Get(ctx, nil)
				}
			})
			<-relisted
		}),
	})
	w.Cleanup(w.works(points, points).Stop)
	w.place(older)
	w.Equal(1, w.delisted(w.delist(id)).Signalled)
	w.Equal(order.ReasonDelisted, w.ended(older.OrderID).Reason)
	w.Equal(order.StatusAwaitingPayment, w.order(newer.OrderID).Status)
	w.Equal(saga.DelistResult{Relisted: true}, w.delisted(w.again(id)))
	w.Equal(order.StatusAwaitingPayment, w.order(newer.OrderID).Status)
}

// A terminated workflow releases nothing: the delisting settles its hold.
func TestDelistingEndsOnHoldsOfTerminatedWorkflows(t *testing.T) {
	w := open(t)
	w.work()
	id := w.offer(500)
	gone := placement(time.Hour, id)
	w.place(gone)
	w.NoError(w.temporal.TerminateWorkflow(w.Context(), saga.OrderWorkflowID(gone.OrderID), "", "an operator's mistake"))
	// A hold of an unknown order.
	_, err := w.stock.Hold(w.Context(), placement(time.Hour, id).HoldRequests(1, time.Now()))
	w.NoError(err)
	w.delisted(w.delist(id))
	w.balances(id, 0)
}

// Two attempts signal the same order: its history has the signal once.
func TestADelistingIsToldOnceWhoeverTellsIt(t *testing.T) {
	w := open(t)
	id := w.offer(500)
	p := placement(time.Hour, id)
	points := w.failpoints()
	second := make(chan client.WorkflowRun, 1)
	points.set(p.OrderID, failpoint{
		command: release, call: 1,
		do: meanwhile(func() { // signalled once, and still on the list
			run := w.again(id)
			second <- run
			w.until("told again", func() bool {
				d, err := w.temporal.DescribeWorkflowExecution(w.Context(), run.GetID(), run.GetRunID())
				if err != nil {
					return false
				}
				for _, a := range d.GetPendingActivities() {
					if a.GetActivityType().GetName() == activities.NameCancelHolders && a.GetHeartbeatDetails() != nil {
						return true
					}
				}
				return false
			})
		}),
	})
	w.Cleanup(w.works(points, points).Stop)
	w.place(p)
	w.Equal(1, w.delisted(w.delist(id)).Signalled)
	w.Equal(1, w.delisted(<-second).Signalled, "the order was told by both")
	w.Equal(order.ReasonDelisted, w.ended(p.OrderID).Reason)
	signals := 0
	events := w.temporal.GetWorkflowHistory(w.Context(), saga.OrderWorkflowID(p.OrderID), "", false,
		enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		w.NoError(err)
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED {
			signals++
		}
	}
	w.Equal(1, signals)
	w.balances(id, 0)
}
