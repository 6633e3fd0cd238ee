// Package workflows holds the sagas: an order from its hold to its delivery, a delisting, a
// refund, the sweep. Workflow code decides; it does no I/O and reads no clock but
// Temporal's. order.go tells the story; package saga has what other packages need to talk
// to the workflows.
package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/saga"
)

// Order is the saga of one order: hold its stock, wait for its payment, sell the units or
// release them, and follow the order until it is delivered. It returns the outcome.
//
// Only this coroutine changes the order. Updates and signals are mail: their handlers queue
// a message and wait for the answer. Each step decides first and then acts, because a
// workflow task can run again and may then see one more message, or miss an update that the
// server had not stored yet. So a step that gives the same answer when it runs again is a
// local activity. A step whose decision could differ is a regular one: its scheduled event
// makes the decision durable before any unit moves or any document changes.
func Order(ctx workflow.Context, placement order.Placement) (order.Result, error) {
	s, err := openSaga(ctx, placement)
	if err != nil {
		return order.Result{}, err
	}
	if placement.Resumed != nil {
		s.resume(*placement.Resumed)
	} else if s.reserve() && s.awaitPayment() && s.sell() {
		s.awaitDelivery()
	}
	if s.continued != nil {
		return order.Result{}, s.continues()
	}
	return s.finish()
}

// reserve holds the stock of all lines. If it can't, it rejects the order, naming every
// failing line, and returns false.
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
			// an earlier run of the workflow already released this try
			s.again()
		case err == nil && holding.Contended && s.try == 1:
			// two orders may each hold what the other one needs: release, then ask product
			// by product
			s.again()
		default:
			s.reject(holding, err)
			return false
		}
	}
}

// again releases what this try holds before the next try. A delisting received before then
// was about this try's holds: a product that is still delisted refuses the next one anyway.
func (s *orderSaga) again() {
	s.release("retry")
	s.dropDelistings()
}

// reject informs the customer, releases what other lines hold, and closes the order.
func (s *orderSaga) reject(holding order.Holding, err error) {
	reason := order.Reason(order.Gravest(holding.Shortages))
	if err != nil {
		s.log().Warn("the stock could not be held within the payment window", "error", err)
		reason = order.ReasonUnavailable
		s.order.HoldUnanswered(s.now())
	}
	if len(holding.Coupons) > 0 {
		reason, s.order.RefusedCoupons = order.ReasonCoupon, holding.Coupons
	}
	s.order.Reject(reason, holding.Shortages, s.now())
	s.decided = true
	s.release("rejected")
	s.recordClosed()
}

// awaitPayment keeps the stock on hold until the order is paid, the payment window ends, or
// the order is cancelled. It reports whether the order is paid.
func (s *orderSaga) awaitPayment() bool {
	if s.order.Amounts[order.AmountTotal] == 0 {
		return true
	}
	end := s.paymentOrEnding()
	if end == nil || s.paysAfterAll(*end) {
		return true
	}
	if s.continued != nil {
		return false
	}
	s.giveBack(*end)
	return false
}

// paymentOrEnding waits for a payment or an ending, whichever is first. It returns nil for
// a payment.
func (s *orderSaga) paymentOrEnding() *ending {
	if s.ends != nil { // since an earlier run
		return s.ends
	}
	timer, stop := s.paymentWindow()
	defer stop()
	for {
		s.await(func() bool { return s.unpaidMail() || timer.IsReady() })
		// Payments come first: a customer who paid before the order ended gets the goods.
		if p, ok := s.nextPayment(); ok {
			if s.takes(p) {
				s.payment = &p
				return nil
			}
			continue
		}
		if s.takesScans() { // of an earlier order with this id: this one has no packages yet
			continue
		}
		if s.refused != nil {
			return &ending{status: order.StatusCancelled, reason: order.ReasonPaymentRefused, actor: "provider:" + s.refused.Provider}
		}
		if r, ok := s.nextRequest(); ok {
			switch {
			case r.cancel != nil:
				return &ending{status: order.StatusCancelled, reason: r.cancel.Reason, actor: r.cancel.Actor, note: r.cancel.Note, request: r}
			case r.pay != nil && timer.IsReady(): // further requests to pay must not keep the order open
				r.answer = s.refusal(saga.VerdictEnding, "")
			case r.pay != nil:
				s.open(r)
			case r.change != nil && r.change.unpaid:
				s.changes(r)
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

// giveBack ends an unpaid order. Once the release is scheduled, a payment comes too late.
func (s *orderSaga) giveBack(e ending) {
	s.order.Close(e.status, e.reason, e.actor, s.now())
	s.order.Remark(e.note)
	s.release(string(e.reason))
	s.recordClosed()
	s.answer(e.request)
}

// sell commits the units to the order that paid for them. If some were lost in the meantime
// and can't be held again, it refunds the payment and returns false.
func (s *orderSaga) sell() bool {
	at := s.now()
	paid := s.order.Clone()
	if s.payment == nil {
		paid.PayNothing(at)
	} else {
		paid.Pay(*s.payment, at)
		s.keep(order.NewAttempt(*s.payment, false)) // taken once its units are sold
	}
	if s.placement.Saga >= order.SagaVersion {
		paid.Fulfil(at)
	}
	lost := s.commit(paid)
	s.asking = false // from here on the sale is in history, or was lost
	if lost.Any() {
		if stillLost := s.reclaim(lost); len(stillLost) > 0 {
			s.unwind(stillLost)
			return false
		}
	}
	s.order, s.sold = paid, true
	s.markTaken()
	if lost.Any() {
		s.record()
	}
	s.setStatusAttribute()
	s.show()
	return true
}

// finish answers outstanding requests, refunds late payments, and returns the result. No
// message that arrived before the end is left unread.
func (s *orderSaga) finish() (order.Result, error) {
	s.endCommands()
	for {
		s.await(func() bool { return s.paidMail() || workflow.AllHandlersFinished(s.ctx) })
		if p, ok := s.nextPayment(); ok {
			s.takesNoMore(p)
		} else if s.takesScans() {
			continue
		} else if r, ok := s.nextRequest(); ok {
			s.answer(r)
		} else {
			s.dropDelistings()
			return s.result(), nil
		}
	}
}
