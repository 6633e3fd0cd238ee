package workflows

import (
	"slices"
	"strconv"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// awaitDelivery follows a paid order through its packages and returns, until nothing more can happen to
// it, or until it is cancelled.
func (s *orderSaga) awaitDelivery() {
	s.tellPaid()
	s.follow(s.endOthers())
}

// follow handles messages while the order is paid and open, or while its other payments are still being
// ended.
func (s *orderSaga) follow(others workflow.Future) {
	for !s.order.Closed() || others != nil {
		s.setTimer()
		s.startCommands()
		s.await(func() bool {
			return s.paidMail() || s.timer.isReady() || s.commands.isReady() || (others != nil && others.IsReady()) || s.mayGoOnErased()
		})
		if s.commands.isReady() {
			s.commandsEnded()
			continue
		}
		if others != nil && others.IsReady() {
			s.othersEnded(others)
			others = nil
		}
		if p, ok := s.nextPayment(); ok {
			s.takesNoMore(p)
			continue
		}
		if s.takesScans() {
			continue
		}
		if r, ok := s.nextRequest(); ok {
			s.serve(r)
			continue
		}
		if s.timer.isReady() { // what arrived before comes first: a return may keep the order open
			s.wakes()
			continue
		}
		if s.mayGoOnErased() && s.goOnErased() {
			return
		}
	}
	s.timer.stop()
}

// serve handles a request to a paid order.
func (s *orderSaga) serve(r *request) {
	if s.order.Status.TookPayment() && !s.order.Closed() && !s.goesFurther() {
		s.serveAsBefore(r)
		return
	}
	switch {
	case r.change != nil:
		s.changes(r)
	case s.order.Closed() || !s.order.Status.TookPayment():
		s.answer(r)
	case r.deliver != nil:
		r.change = s.delivery(*r.deliver)
		s.changes(r)
	case r.cancel != nil:
		r.change = s.cancellation(*r.cancel)
		s.changes(r)
	default:
		s.answer(r)
	}
}

// serveAsBefore handles a request as earlier versions did. The order was placed, and the request
// answered, by one of them.
func (s *orderSaga) serveAsBefore(r *request) {
	switch {
	case s.order.Status != order.StatusPaid:
	case r.deliver != nil:
		s.order.Deliver(r.deliver.Actor, s.now())
		s.recordDurably()
	case r.cancel != nil && s.mayTakeBack():
		s.takeBack(*r.cancel)
	}
	s.answer(r)
}

// goesFurther reports whether the order has packages and returns. One that an earlier version placed
// has them from the first request on that this version serves.
func (s *orderSaga) goesFurther() bool {
	if s.placement.Saga >= order.SagaVersion || s.order.Fulfilment != nil {
		return true
	}
	s.served++
	change := "fulfilment-" + strconv.Itoa(s.served)
	return workflow.GetVersion(s.ctx, change, workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// mayTakeBack reports whether a cancellation counts. For an order that an earlier version
// sold, history may record a cancellation that arrived at the moment of the payment as too
// late. One that arrives now counts.
func (s *orderSaga) mayTakeBack() bool {
	s.asksBack++
	change := "take-back-" + strconv.Itoa(s.asksBack)
	return workflow.GetVersion(s.ctx, change, workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// takeBack cancels a paid order as earlier versions did: the buyer gets the money back, and the units
// are restocked.
func (s *orderSaga) takeBack(c saga.CancelRequest) {
	s.order.CancelPaid(c.Reason, c.Actor, s.now())
	s.order.Remark(c.Note)
	if s.payment != nil {
		s.refund(*s.payment, order.RefundCancelled) // first, so that the buyer doesn't wait for the restock
	}
	s.unsell(activities.UnwindParams{Return: "cancel"}, "take back the sale")
	s.recordClosed()
}

// maxScans bounds how many messages about packages are recorded together, so that no step of the
// largest order takes as long as Temporal allows: a second.
const maxScans = 100

// takesScans records the messages about packages that have arrived together, up to maxScans. It returns
// false if there are none.
func (s *orderSaga) takesScans() bool {
	next, at := s.order, s.now()
	var touched []string
	any := false
	for range maxScans {
		sc, ok := s.nextScan()
		if !ok {
			break
		}
		if !any {
			any, next = true, s.order.Clone()
			next.Weigh(s.dropsOldNews())
		}
		if next.Fulfilment == nil || next.Package(sc.PackageID) == nil ||
			(!sc.Assigned && !next.Carries(sc.PackageID, sc.Carrier, sc.TrackingNumber)) {
			s.stray(sc)
			continue
		}
		before := next.Version
		next.Report(sc.PackageID, sc.Event, at)
		if next.Version != before && !slices.Contains(touched, sc.PackageID) {
			touched = append(touched, sc.PackageID)
		}
	}
	if len(touched) > 0 {
		s.comesToItsEnd(&next, at)
		if next.Closed() && !s.order.Closed() {
			s.decide("close")
		}
		s.become(next, touched)
	}
	return any
}

// stray lets a scan wait for another package, because its own doesn't have the tracking number any more.
func (s *orderSaga) stray(sc saga.Scan) {
	s.log().Warn("a scan is about no package of the order", "package_id", sc.PackageID, "event_id", sc.Event.ID)
	if sc.TrackingNumber != "" {
		s.patiently("let a scan wait", activities.NameUnmatchScan, activities.UnmatchScanParams{OrderID: s.order.ID, Scan: sc}, nil)
	}
}

// wakes does what is due by itself: it closes returns that never arrived and, in the end, the order.
func (s *orderSaga) wakes() {
	at, next := s.now(), s.order.Clone()
	if closed := next.CloseReturns(at); len(closed) > 0 {
		next.Step("returns_closed", order.ActorSystem, at, nil)
	}
	s.comesToItsEnd(&next, at)
	if next.Version != s.order.Version {
		s.decide("close")
		s.become(next, nil)
	}
}

// decide makes a decision durable that needs nothing else done. The task may run again and then see one
// more message, which changes whether the order closes.
func (s *orderSaga) decide(step string) {
	s.patiently(step, activities.NameDecide, activities.Decision{OrderID: s.order.ID, Step: step}, nil)
}

// comesToItsEnd closes the order if nothing keeps it open any more.
func (s *orderSaga) comesToItsEnd(o *order.Order, at time.Time) {
	if o.Fulfilment == nil || o.Closed() {
		return
	}
	o.SetReturnBy(s.placement.ReturnWindow)
	if o.MayEnd(at) {
		o.End(s.endReason(o), order.ActorSystem, at)
	}
}

// endReason returns why an order with nothing left was cancelled: its last units were, or they got
// lost.
func (s *orderSaga) endReason(o *order.Order) order.Reason {
	if n := len(o.Removals); n > 0 {
		return o.Removals[n-1].Reason
	}
	return order.ReasonLost
}

// wakeup is the timer for what an order does by itself. There is at most one.
type wakeup struct {
	at     time.Time
	future workflow.Future
	cancel workflow.CancelFunc
}

func (w *wakeup) isReady() bool { return w.future != nil && w.future.IsReady() }

func (w *wakeup) stop() {
	if w.future != nil && !w.future.IsReady() {
		w.cancel()
	}
	*w = wakeup{}
}

// setTimer starts the timer for what the order does next by itself, if that has changed.
func (s *orderSaga) setTimer() {
	var at time.Time
	if s.order.Fulfilment != nil && !s.order.Closed() {
		at = s.order.WakeAt()
	}
	if at.Equal(s.timer.at) && !s.timer.isReady() {
		return
	}
	s.timer.stop()
	if at.IsZero() {
		return
	}
	ctx, cancel := workflow.WithCancel(s.ctx)
	s.timer = wakeup{at: at, cancel: cancel, future: workflow.NewTimerWithOptions(ctx, max(at.Sub(s.now()), time.Millisecond), workflow.TimerOptions{
		Summary: "returns until " + at.Format(time.RFC3339),
	})}
}
