package sagas

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/saga"
)

var errKilled = errors.New("the worker was killed")

// killing is one order whose worker dies at one place.
type killing struct {
	name  string
	point failpoint
	// window of the payment, and what drives the order to that place.
	window time.Duration
	drive  func(*world, string)
	// message arrives while there is no worker, so that the task that runs again sees one
	// more than before.
	message func(*world, string)
	want    order.Status
	refund  order.RefundReason          // of the second payment; empty for none
	back    bool                        // the first payment is refunded, since the order is cancelled
	part    func(orderID string) string // names the part that is refunded; nil for none
	open    bool                        // the order is still open at the end
	sold    int64                       // units that stay sold
	// patient: the place is in a regular activity, which waits for seconds.
	patient bool

	orderID, productID string
	reached            chan struct{}
}

func killings() []killing {
	const long = 10 * time.Minute
	nothing := func(*world, string) {}
	pays := func(payment string) func(*world, string) {
		return func(w *world, id string) { w.pay(id, payment+"-"+id, 1500) }
	}
	cancels := func(w *world, id string) {
		w.send(id, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "c"})
	}
	paidAndDelivers := func(w *world, id string) {
		w.pay(id, "one-"+id, 1500)
		w.send(id, saga.DeliverUpdate, saga.DeliverRequest{Actor: "operator"})
	}
	var all []killing
	add := func(k killing, command string, call int) {
		for _, after := range []bool{false, true} {
			k.point = failpoint{command: command, call: call, after: after}
			c := k
			c.patient = command == release || command == restock
			c.name = fmt.Sprintf("%s, %s %d, after: %t", k.name, command, call, after)
			all = append(all, c)
		}
	}
	placed := killing{name: "placed", window: long, drive: nothing, message: pays("one"), want: order.StatusAwaitingShipment}
	add(placed, hold, 1)
	add(placed, put, 1)
	paid := killing{name: "paid", window: long, drive: pays("one"), message: pays("two"), want: order.StatusAwaitingShipment, refund: order.RefundDouble}
	add(paid, commit, 1)
	add(paid, put, 2)
	failed := killing{
		name: "payment failed", window: long, message: pays("one"), want: order.StatusAwaitingShipment,
		drive: func(w *world, id string) { w.says(id, order.PaymentFailed, "one-"+id, 0) },
	}
	add(failed, put, 2)
	wrong := killing{
		name: "wrong amount", window: long, message: pays("one"), want: order.StatusAwaitingShipment,
		drive: func(w *world, id string) { w.pay(id, "two-"+id, 1) }, refund: order.RefundWrongAmount,
	}
	add(wrong, put, 2)
	twice := killing{
		name: "paid twice", window: long, message: pays("three"), want: order.StatusAwaitingShipment, refund: order.RefundDouble,
		drive: func(w *world, id string) { pays("one")(w, id); pays("two")(w, id) },
	}
	add(twice, put, 3)
	// A cancellation that arrives once the units are sold is that of a paid order, even for
	// the task that runs again.
	sold := killing{
		name: "sold and cancelled", window: long, drive: pays("one"), message: cancels, want: order.StatusCancelled, back: true,
	}
	add(sold, commit, 1)
	expired := killing{
		name: "expired", window: 300 * time.Millisecond, drive: nothing, message: pays("two"),
		want: order.StatusExpired, refund: order.RefundLate,
	}
	add(expired, release, 1)
	add(expired, put, 2)
	cancelled := killing{
		name: "cancelled", window: long, drive: cancels, message: pays("two"), want: order.StatusCancelled, refund: order.RefundLate,
	}
	add(cancelled, release, 1)
	add(cancelled, put, 2)
	delivered := killing{
		name: "delivered", window: long, drive: paidAndDelivers, message: pays("two"), want: order.StatusDelivered, refund: order.RefundDouble,
	}
	add(delivered, put, 3)
	for _, k := range goodsKilled() {
		k.window, k.message = long, pays("two")
		if k.refund = order.RefundDouble; k.want == order.StatusCancelled {
			k.refund = order.RefundLate
		}
		for _, at := range k.at {
			add(k.killing, at.command, at.call)
		}
	}
	return all
}

// The worker dies before and after each script and each document, all cases at once;
// another worker continues, and the books of the stock and of coupons balance.
func TestWorkerKilledAnywhere(t *testing.T) {
	w := open(t)
	c, err := dial(w.Context(), shared.address)
	w.NoError(err)
	doomed := *w
	doomed.temporal = c
	points := w.failpoints()
	first := doomed.works(points, points)

	cases := killings()
	dead := make(chan struct{})
	// Once, and even if the test fails earlier: this worker would take the following tests'
	// tasks.
	die := sync.OnceFunc(func() {
		c.Close() // from now on the worker can't report anything to Temporal
		close(dead)
		first.Stop()
	})
	w.Cleanup(die)
	var quick []*killing
	for i := range cases {
		k := &cases[i]
		k.productID = w.offer(1500)
		p := placement(k.window, k.productID)
		w.halves(&p)
		if k.open {
			p.ReturnWindow = time.Hour
		}
		k.orderID, k.reached = p.OrderID, make(chan struct{})
		points.set(p.OrderID, k.stop(dead))
		if k.patient {
			w.start(p)
			k.drive(w, p.OrderID)
			continue
		}
		if k.point.command == hold || (k.point.command == put && k.point.call == 1) || k.want == order.StatusExpired {
			k.drive = func(w *world, _ string) { w.inBackground(func(ctx context.Context) { _, _ = w.tryStart(ctx, p) }) }
		} else {
			w.Equal(order.StatusAwaitingPayment, w.place(p).Status)
		}
		quick = append(quick, k)
	}
	// A local activity ends after a second: those that stop in one come last.
	for i := range cases {
		if cases[i].patient {
			w.reaches(&cases[i])
		}
	}
	for _, k := range quick {
		k.drive(w, k.orderID)
	}
	for _, k := range quick {
		w.reaches(k)
	}
	die()
	for _, k := range cases {
		k.message(w, k.orderID)
	}
	w.work()
	for _, k := range cases {
		t.Run(k.name, func(t *testing.T) { open(t).goesOn(k) })
	}
}

// stop is the failpoint that keeps the order where its worker will die.
func (k *killing) stop(dead <-chan struct{}) failpoint {
	var once sync.Once
	p := k.point
	p.do = func(context.Context) error {
		once.Do(func() { close(k.reached) })
		<-dead
		return errKilled
	}
	return p
}

func (w *world) reaches(k *killing) {
	w.Helper()
	select {
	case <-k.reached:
	case <-time.After(patience):
		w.FailNow("an order never came to its failpoint", k.name)
	}
}

func (w *world) goesOn(k killing) {
	w.Helper()
	orderID := k.orderID
	if k.open || k.want == order.StatusAwaitingShipment {
		w.documentIs(orderID, k.want)
	} else {
		w.Equal(k.want, w.ended(orderID).Status)
	}
	if k.refund != "" {
		w.refunded(orderID, "two-"+orderID, k.refund)
	}
	if k.back {
		w.refunded(orderID, "one-"+orderID, order.RefundCancelled)
	}
	if k.part != nil {
		w.until("the part is refunded", func() bool {
			return w.payments(orderID)["refund:one-"+orderID+"/"+order.PartRefund("sandbox", k.part(orderID))] != nil
		})
	}
	sold := k.sold
	if k.want.TookPayment() && sold == 0 {
		sold = 2
	}
	w.balances(k.productID, sold)
	w.Equal(usesFor(k.want, k.back), w.usesOf(orderID), "uses of its coupon")
	w.until("the document is the order", func() bool {
		o, d := w.order(orderID), w.documentIs(orderID, k.want)
		return story(o) == story(d)
	})
}

// story is the order's journal without the times: a step that runs again may be recorded
// with the time of its first run.
func story(o order.Order) string {
	s := fmt.Sprintf("%s v%d %v %v %s", o.Status, o.Version, o.Amounts, o.Payment.Status, o.Payment.ID)
	for _, e := range o.Journal {
		s += fmt.Sprintf(" | %d %s %s %v", e.Seq, e.Node, e.Actor, e.Detail)
	}
	return s
}

// send sends an update without waiting for its answer.
func (w *world) send(orderID, update string, request any) {
	w.Helper()
	w.inBackground(func(ctx context.Context) {
		_, _ = w.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: saga.OrderWorkflowID(orderID), UpdateName: update, Args: []any{request},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		})
	})
}

// inBackground does what may take until another worker is there; the test waits for it
// before it ends.
func (w *world) inBackground(do func(context.Context)) {
	done := make(chan struct{})
	w.Cleanup(func() { <-done })
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.Context()), patience)
	go func() {
		defer close(done)
		defer cancel()
		do(ctx)
	}()
}
