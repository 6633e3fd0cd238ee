package sagas

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"

	"holdfast/order"
	"holdfast/saga"
)

// meanwhile lets something happen once, while a command of the order is in flight.
func meanwhile(do func()) func(context.Context) error {
	done := false
	return func(context.Context) error {
		if !done {
			done = true
			do()
		}
		return nil
	}
}

func (w *world) hasEvent(orderID string, kind enums.EventType) bool {
	for _, e := range w.history(saga.OrderWorkflowID(orderID)) {
		if e.GetEventType() == kind {
			return true
		}
	}
	return false
}

// The timer has fired and the payment has arrived before any worker looks: the payment
// wins.
func TestTimerAndPaymentInOneTask(t *testing.T) {
	w := open(t)
	id := w.offer(500)
	p := placement(500*time.Millisecond, id)
	first := w.works(nil, nil)
	w.Equal(order.StatusAwaitingPayment, w.place(p).Status)
	first.Stop()
	w.until("the timer has fired", func() bool { return w.hasEvent(p.OrderID, enums.EVENT_TYPE_TIMER_FIRED) })
	w.pay(p.OrderID, "pay-"+p.OrderID, 1000)
	w.work()
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	w.balances(id, 2)
}

// A payment arrives while the task runs that would end the workflow: the server refuses the
// end, and the task runs again and finds the payment.
func TestPaymentInTheClosingTask(t *testing.T) {
	for name, c := range map[string]struct {
		window time.Duration
		ends   func(*world, string)
		status order.Status
	}{
		"expired":   {window: 300 * time.Millisecond, ends: func(*world, string) {}, status: order.StatusExpired},
		"cancelled": {window: time.Hour, ends: cancels, status: order.StatusCancelled},
		"rejected":  {window: time.Hour, ends: func(*world, string) {}, status: order.StatusRejected},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			id := w.offer(500)
			p := placement(c.window, id)
			last := 2 // the document of the end is the second one
			if c.status == order.StatusRejected {
				p.Lines[0].Quantity, last = units+1, 1
			}
			points := w.failpoints()
			points.set(p.OrderID, failpoint{
				command: put, call: last, after: true,
				do: meanwhile(func() { w.pay(p.OrderID, "pay-"+p.OrderID, 1000) }),
			})
			w.Cleanup(w.works(points, points).Stop)
			w.start(p)
			c.ends(w, p.OrderID)
			w.Equal(c.status, w.ended(p.OrderID).Status)
			w.refunded(p.OrderID, "pay-"+p.OrderID, order.RefundLate)
			w.True(w.hasEvent(p.OrderID, enums.EVENT_TYPE_WORKFLOW_TASK_FAILED), "the closing task was to run again")
			w.Equal(story(w.order(p.OrderID)), story(w.documentIs(p.OrderID, c.status)))
			w.balances(id, 0)
		})
	}
}

func cancels(w *world, orderID string) {
	w.send(orderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "customer:customer-1"})
}

// A second payment arrives while the units are being sold, before the task that sells them
// ends.
func TestPaymentInTheSellingTask(t *testing.T) {
	w := open(t)
	id := w.offer(500)
	p := placement(time.Hour, id)
	points := w.failpoints()
	points.set(p.OrderID, failpoint{
		command: commit, call: 1, after: true,
		do: meanwhile(func() { w.pay(p.OrderID, "two-"+p.OrderID, 1000); cancels(w, p.OrderID) }),
	})
	w.Cleanup(w.works(points, points).Stop)
	w.place(p)
	w.pay(p.OrderID, "one-"+p.OrderID, 1000)
	w.refunded(p.OrderID, "two-"+p.OrderID, order.RefundDouble)
	w.refunded(p.OrderID, "one-"+p.OrderID, order.RefundCancelled) // the cancellation is that of a paid order
	w.Equal("one-"+p.OrderID, w.ended(p.OrderID).PaymentID)
	w.balances(id, 0)
}

// An update is not in history before its task ends: a crash may lose the request, and then
// no document may say that it was carried out.
func TestDocumentNeverSaysWhatHistoryDoesNot(t *testing.T) {
	w := open(t)
	id := w.offer(500)
	p := placement(time.Hour, id)
	points := w.failpoints()
	durable := make(chan bool, 1)
	points.set(p.OrderID, failpoint{
		command: put, call: 3,
		do: meanwhile(func() {
			accepted := 0
			for _, e := range w.history(saga.OrderWorkflowID(p.OrderID)) {
				if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED {
					accepted++
				}
			}
			durable <- accepted == 2 // the placement's, and the delivery's
		}),
	})
	w.Cleanup(w.works(points, points).Stop)
	w.place(p)
	w.pay(p.OrderID, "pay-"+p.OrderID, 1000)
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	w.Equal(saga.VerdictDone, w.deliver(p.OrderID).Verdict)
	w.True(<-durable, "the delivery was written down before history knew of it")
}

// Two orders each hold what the other one lacks: the last units go to one.
func TestTwoOrdersForTheSameLastUnits(t *testing.T) {
	w := open(t)
	w.work()
	a, b := w.offer(500), w.offer(500)
	won := 0
	orders := make(chan order.Outcome, 12)
	for range cap(orders) {
		p := placement(time.Hour, a, b) // two of each: enough for five orders
		w.inBackground(func(ctx context.Context) {
			var o order.Outcome
			if h, err := w.tryStart(ctx, p); err == nil {
				_ = h.Get(ctx, &o)
			}
			orders <- o
		})
	}
	for range cap(orders) {
		if (<-orders).Status == order.StatusAwaitingPayment {
			won++
		}
	}
	w.LessOrEqual(won, 5)
	w.GreaterOrEqual(won, 4, "orders that lost to each other's holds")
	for _, id := range []string{a, b} {
		p, err := w.stock.Get(w.Context(), id)
		w.NoError(err)
		w.NoError(p.Variants[0].Stock.Check())
		w.Equal(int64(2*won), p.Variants[0].Stock.Held)
	}
}
