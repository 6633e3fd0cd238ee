// Package workflows holds the sagas: an order's way from its stock to its
// delivery, a delisting, a refund, the sweep. Workflow code decides; it does no
// I/O and reads no clock but Temporal's. order.go reads as the story; package saga
// has what others need to speak with the workflows.
package workflows

import (
	"strconv"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// Order is the saga of one order: hold its stock, wait for its payment, sell or
// give back, and follow it until it is delivered. It returns what was decided.
//
// One coroutine, this one, writes the order. Updates and signals are mail: their
// handlers only put a message down and wait for the answer. Each step decides
// first and acts then, since a workflow task can run again and may then see one
// more message, or without an update that the server had not yet written down: a
// step that answers the same when run again is a local activity; a step whose
// decision could come out otherwise is a regular one, whose scheduled event makes
// the decision durable before any unit moves or any document says so.
func Order(ctx workflow.Context, placement order.Placement) (order.Result, error) {
	s, err := openSaga(ctx, placement)
	if err != nil {
		return order.Result{}, err
	}
	if s.reserve() && s.awaitPayment() && s.sell() {
		s.awaitDelivery()
	}
	return s.finish()
}

// reserve holds the stock of all lines. Where it can't, the order is rejected,
// with every failing line named, and reserve returns false.
func (s *orderSaga) reserve() bool {
	for s.try = 1; ; s.try++ {
		at := s.now()
		holding, err := s.hold(at)
		if err == nil && holding.Held {
			err = s.order.Hold(holding, at)
		}
		switch {
		case err == nil && holding.Held:
			s.decided = true
			s.show()
			return true
		case err == nil && holding.Ended && s.try < maxTries:
			// this try was given back in an earlier life of the workflow
			s.again()
		case err == nil && holding.Contended && s.try == 1:
			// two orders may each hold what the other one lacks: give back, and
			// ask in turn
			s.again()
		default:
			s.reject(holding, err)
			return false
		}
	}
}

// again gives back what this try holds, before the next one. A delisting that was
// heard of until then concerned holds of this try: what is still delisted refuses
// the next one by itself.
func (s *orderSaga) again() {
	s.release("retry")
	s.dropDelistings()
}

// reject tells the customer, gives back what other lines hold, and closes.
func (s *orderSaga) reject(holding order.Holding, err error) {
	reason := order.Reason(order.Gravest(holding.Shortages))
	if err != nil {
		s.log().Warn("the stock could not be asked within the payment window", "error", err)
		reason = order.ReasonUnavailable
		s.order.HoldUnanswered(s.now())
	}
	s.order.Reject(reason, holding.Shortages, s.now())
	s.decided = true
	s.release("rejected")
	s.recordClosed()
}

// awaitPayment holds the stock until the order is paid, or the window ends, or
// somebody ends the order; it returns whether the order is paid.
func (s *orderSaga) awaitPayment() bool {
	if s.order.Amounts[order.AmountTotal] == 0 {
		return true
	}
	end := s.paymentOrEnding()
	if end == nil || s.paysAfterAll(*end) {
		return true
	}
	s.giveBack(*end)
	return false
}

// paymentOrEnding waits for the first of the two; it returns nil for a payment.
func (s *orderSaga) paymentOrEnding() *ending {
	timer, stop := s.paymentWindow()
	defer stop()
	for {
		s.await(func() bool { return s.unpaidMail() || timer.IsReady() })
		// Payments come first: who paid before the order ended gets the goods.
		if p, ok := s.nextPayment(); ok {
			if s.takes(p) {
				s.payment = &p
				return nil
			}
			continue
		}
		if s.refused != nil {
			return &ending{status: order.StatusCancelled, reason: order.ReasonPaymentRefused, actor: "provider:" + s.refused.Provider}
		}
		if r, ok := s.nextRequest(); ok {
			switch {
			case r.cancel != nil:
				return &ending{status: order.StatusCancelled, reason: r.cancel.Reason, actor: r.cancel.Actor, note: r.cancel.Note, request: r}
			case r.pay != nil && timer.IsReady(): // whoever goes on asking must not keep the order open
				r.answer = s.refusal(saga.VerdictEnding, "")
			case r.pay != nil:
				s.open(r)
			default:
				s.answer(r)
			}
			continue
		}
		if end, ok := s.askedToEnd(); ok {
			return &end
		}
		if timer.IsReady() {
			return &ending{status: order.StatusExpired, reason: order.ReasonWindowPassed, actor: order.ActorSystem}
		}
	}
}

// giveBack ends an unpaid order. From the scheduled release on, a payment is a
// late one.
func (s *orderSaga) giveBack(e ending) {
	s.order.Close(e.status, e.reason, e.actor, s.now())
	s.order.Remark(e.note)
	s.release(string(e.reason))
	s.recordClosed()
	s.answer(e.request)
}

// sell commits the units to the order that paid for them. Where some were lost
// meanwhile and can't be had again, the payment goes back, and sell returns false.
func (s *orderSaga) sell() bool {
	at := s.now()
	paid := s.order.Clone()
	if s.payment == nil {
		paid.PayNothing(at)
	} else {
		paid.Pay(*s.payment, at)
		s.keep(order.NewAttempt(*s.payment, false)) // taken once its units are sold
	}
	lost := s.commit(paid)
	s.asking = false // of what follows, the sale is in history or was lost
	if len(lost) > 0 {
		if stillLost := s.reclaim(lost); len(stillLost) > 0 {
			s.unwind(stillLost)
			return false
		}
	}
	s.order = paid
	s.markTaken()
	if len(lost) > 0 {
		s.record()
	}
	s.setStatusAttribute()
	s.show()
	return true
}

// awaitDelivery follows a paid order until an operator says that it arrived, or it is
// cancelled before.
func (s *orderSaga) awaitDelivery() { s.follow(s.endOthers()) }

// follow answers what comes while the order is paid, or other payments are still being
// ended.
func (s *orderSaga) follow(others workflow.Future) {
	for s.order.Status == order.StatusPaid || others != nil {
		s.await(func() bool { return s.paidMail() || (others != nil && others.IsReady()) })
		if others != nil && others.IsReady() {
			s.othersEnded(others)
			others = nil
		}
		if p, ok := s.nextPayment(); ok {
			s.takesNoMore(p)
			continue
		}
		if r, ok := s.nextRequest(); ok {
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
	}
}

// mayTakeBack: of an order that an earlier version sold, a cancellation that came in the
// moment of the payment may be in history as too late. One that comes now counts.
func (s *orderSaga) mayTakeBack() bool {
	s.asksBack++
	change := "take-back-" + strconv.Itoa(s.asksBack)
	return workflow.GetVersion(s.ctx, change, workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// takeBack ends a paid order before its delivery: its money goes back to the buyer,
// its units to the shelf.
func (s *orderSaga) takeBack(c saga.CancelRequest) {
	s.order.CancelPaid(c.Reason, c.Actor, s.now())
	s.order.Remark(c.Note)
	if s.payment != nil {
		s.refund(*s.payment, order.RefundCancelled) // first: the buyer doesn't wait for the shelf
	}
	s.unsell(activities.UnwindParams{Return: "cancel"}, "take back the sale")
	s.recordClosed()
}

// finish answers what is still asked, sends back what is still paid, and
// returns the result. Nothing that came before the end is left unread.
func (s *orderSaga) finish() (order.Result, error) {
	for {
		s.await(func() bool { return s.paidMail() || workflow.AllHandlersFinished(s.ctx) })
		if p, ok := s.nextPayment(); ok {
			s.takesNoMore(p)
		} else if r, ok := s.nextRequest(); ok {
			s.answer(r)
		} else {
			s.dropDelistings()
			return s.result(), nil
		}
	}
}
