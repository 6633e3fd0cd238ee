package sagas

import (
	"context"
	"sync"
	"testing"
	"time"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// dying is a worker that dies at a failpoint of one order, in the middle of a task.
type dying struct {
	die     func()
	reached chan struct{}
}

// dying starts a worker that stops where the order reaches p, does what p does, and goes no
// further.
func (w *world) dying(orderID string, p failpoint) dying {
	w.Helper()
	c, err := dial(w.Context(), shared.address)
	w.NoError(err)
	doomed := *w
	doomed.temporal = c
	points := w.failpoints()
	d := dying{reached: make(chan struct{})}
	dead, do := make(chan struct{}), p.do
	var once sync.Once
	p.do = func(ctx context.Context) error {
		once.Do(func() {
			if do != nil {
				_ = do(ctx)
			}
			close(d.reached)
		})
		<-dead
		return errKilled
	}
	points.set(orderID, p)
	wk := doomed.works(points, points)
	d.die = sync.OnceFunc(func() {
		c.Close() // from now on the worker can't report anything to Temporal
		close(dead)
		wk.Stop()
	})
	w.Cleanup(d.die)
	return d
}

func (d dying) dies(w *world) {
	w.Helper()
	select {
	case <-d.reached:
	case <-time.After(patience):
		w.FailNow("the order never came to its failpoint")
	}
	d.die()
}

// told requires that readers see what history says.
func (w *world) told(orderID string, status order.Status) {
	w.Helper()
	w.until("the document is the order", func() bool {
		return story(w.order(orderID)) == story(w.documentIs(orderID, status))
	})
}

// The worker dies after it has recorded that the order waits for its provider. The task
// runs again with the payment, which then comes first.
func TestAnOrderThatIsPaidAfterAllIsWrittenAsPaid(t *testing.T) {
	w := open(t)
	silent, lift := silence()
	w.Cleanup(lift)
	w.desk().at(cancelCall, silent)
	id := w.offer(500)
	p := placement(time.Hour, id)
	d := w.dying(p.OrderID, failpoint{command: put, call: 2, after: true})
	w.place(p)
	payment := w.opens(p.OrderID)
	w.NoError(w.temporal.CancelWorkflow(w.Context(), saga.OrderWorkflowID(p.OrderID), ""))
	d.dies(w)
	w.notes(p.OrderID, "payment_unresolved")
	w.pay(p.OrderID, payment, 1000)
	w.work()
	w.told(p.OrderID, order.StatusAwaitingShipment)
	w.deliver(p.OrderID)
	w.Equal(payment, w.ended(p.OrderID).PaymentID)
	w.balances(id, 2)
}

// The worker dies after it has recorded that the provider cancelled the payment. The task
// runs again with the provider's answer, which makes the callback a repeated one.
func TestAnOrderWhosePaymentItsProviderEndsIsWrittenAsEnded(t *testing.T) {
	w := open(t)
	silent, lift := silence()
	w.Cleanup(lift)
	w.desk().at(cancelCall, silent)
	id := w.offer(500)
	p := placement(time.Hour, id)
	d := w.dying(p.OrderID, failpoint{command: put, call: 2, after: true, do: func(context.Context) error {
		lift()
		w.until("the provider has answered", func() bool { return !w.endsPayments(p.OrderID) }) //nolint:contextcheck // the test's own
		return nil
	}})
	w.place(p)
	payment := w.opens(p.OrderID)
	w.NoError(w.temporal.CancelWorkflow(w.Context(), saga.OrderWorkflowID(p.OrderID), ""))
	w.until("the provider is asked", func() bool { return w.endsPayments(p.OrderID) })
	w.says(p.OrderID, order.PaymentEnded, payment, 0)
	d.dies(w)
	w.notes(p.OrderID, "payment_cancelled")
	w.work()
	w.Equal(order.StatusCancelled, w.ended(p.OrderID).Status)
	w.told(p.OrderID, order.StatusCancelled)
	w.balances(id, 0)
}

// endsPayments reports whether the order waits for its providers to end its payments.
func (w *world) endsPayments(orderID string) bool {
	w.Helper()
	d, err := w.temporal.DescribeWorkflowExecution(w.Context(), saga.OrderWorkflowID(orderID), "")
	w.NoError(err)
	for _, a := range d.GetPendingActivities() {
		if a.GetActivityType().GetName() == activities.NameEndPayments {
			return true
		}
	}
	return false
}
