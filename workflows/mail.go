package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/saga"
)

// paymentWindow starts the timer that ends with the order's payment window.
func (s *orderSaga) paymentWindow() (workflow.Future, workflow.CancelFunc) {
	ctx, stop := workflow.WithCancel(s.ctx)
	deadline := s.order.Payment.Deadline
	return workflow.NewTimerWithOptions(ctx, deadline.Sub(s.now()), workflow.TimerOptions{
		Summary: "payment window, until " + deadline.Format(time.RFC3339),
	}), stop
}

// unpaidMail tells whether an unpaid order has something to react to.
func (s *orderSaga) unpaidMail() bool {
	return s.paidMail() || s.delisted.Len() > 0 || s.refused != nil || s.asked.Err() != nil
}

// paidMail tells whether an order that is paid or closed has something to react
// to: delistings and Temporal's cancellation no longer concern it.
func (s *orderSaga) paidMail() bool {
	return s.payments.Len() > 0 || len(s.found) > 0 || len(s.requests) > 0
}

func (s *orderSaga) nextPayment() (order.PaymentEvent, bool) {
	var p order.PaymentEvent
	if len(s.found) > 0 {
		p, s.found = s.found[0], s.found[1:]
		return p, true
	}
	ok := s.payments.ReceiveAsync(&p)
	return p, ok
}

func (s *orderSaga) nextRequest() (*request, bool) {
	if len(s.requests) == 0 {
		return nil, false
	}
	r := s.requests[0]
	s.requests = s.requests[1:]
	return r, true
}

// askedToEnd takes the next message, beside requests, that ends an unpaid order.
func (s *orderSaga) askedToEnd() (ending, bool) {
	var d saga.Delisting
	for s.delisted.ReceiveAsync(&d) {
		if slices.Contains(s.order.ProductIDs(), d.ProductID) {
			return ending{status: order.StatusCancelled, reason: order.ReasonDelisted, actor: d.Actor}, true
		}
		s.log().Warn("a delisting of another product came here", "product_id", d.ProductID)
	}
	if s.asked.Err() != nil {
		return ending{status: order.StatusCancelled, reason: order.ReasonOperator, actor: order.ActorOperator}, true
	}
	return ending{}, false
}

// dropDelistings reads away what no longer concerns the order.
func (s *orderSaga) dropDelistings() {
	var d saga.Delisting
	for s.delisted.ReceiveAsync(&d) {
		s.log().Debug("a delisting no longer concerns the order", "product_id", d.ProductID)
	}
}

// takes judges one payment message of an unpaid order: true for the success
// that pays it in full. All else is written down, and the order goes on.
func (s *orderSaga) takes(p order.PaymentEvent) bool {
	if s.isPretend(p) {
		return false
	}
	seen, known := s.attempts[p.Key()]
	if known && (seen.Type == p.Type || seen.Type == order.PaymentSucceeded) {
		return false // a repeated message: a success counts once per payment
	}
	switch p.Type {
	case order.PaymentSucceeded:
		if p.Amount == s.order.Amounts[order.AmountTotal] && p.Currency == s.order.Currency {
			return true
		}
		s.notPayable(p) // it is paid, if by a wrong amount: the next one can be opened
		s.attempt("payment_wrong_amount", p)
		s.refund(p, order.RefundWrongAmount)
	case order.PaymentFailed:
		s.failed(p)
		s.attempt("payment_failed", p)
	case order.PaymentEnded:
		s.notPayable(p)
		s.attempt("payment_cancelled", p)
	case order.PaymentCreated, order.PaymentRefundFailed, order.PaymentDisputed:
		// the first is the saga's own, the others go to workflows of their own
	case order.PaymentDeclined:
		// Only the current attempt's refusal ends the order: where the saga opened
		// none, an id that is new is the newest attempt.
		s.notPayable(p)
		if s.isCurrent(p, known) {
			s.refused = &p
			s.keep(order.NewAttempt(p, false))
			return false
		}
		s.attempt("payment_refused", p)
	default:
		s.log().Warn(fmt.Sprintf("unknown payment message %q", p.Type), "event_id", p.EventID)
	}
	return false
}

// isPretend reports whether a message is of pretend money and the order's is real: a
// gateway that is set up wrong passed it on, and it pays nothing. Real money always counts,
// also for an order that was placed before its shop took any.
func (s *orderSaga) isPretend(p order.PaymentEvent) bool {
	if s.placement.Money != order.MoneyReal || p.Money != order.MoneyPretend {
		return false
	}
	s.log().Warn("a message of pretend money is ignored: the order's is real", "event_id", p.EventID, "provider", p.Provider)
	return true
}

// takesNoMore judges a payment message of an order that is paid or closed: a
// success that the order did not take goes back.
func (s *orderSaga) takesNoMore(p order.PaymentEvent) {
	if p.Type != order.PaymentSucceeded || s.isPretend(p) || s.attempts[p.Key()].Type == order.PaymentSucceeded {
		return
	}
	reason := order.RefundLate
	if s.order.Status.TookPayment() {
		reason = order.RefundDouble
	}
	if s.order.Status.Closed() {
		s.keep(order.NewAttempt(p, false))
		s.record() // of the order nothing changes any more, its payments' document does
	} else {
		s.attempt("payment_double", p)
	}
	s.refund(p, reason)
}

// maxJournal bounds the order's document, however often a provider says that a
// payment failed; the payments' document still has each payment's last word.
const maxJournal = 200

// attempt writes a payment down that the order does not take.
func (s *orderSaga) attempt(node string, p order.PaymentEvent) {
	_, known := s.attempts[p.Key()] // an id that was seen before may have been followed by another
	if len(s.order.Journal) < maxJournal {
		s.order.Attempt(node, p, !known, s.now())
	}
	s.keep(order.NewAttempt(p, false))
	s.record()
	s.show()
}

// keep notes a payment, to be written with the order's next record.
func (s *orderSaga) keep(a order.Attempt) {
	s.attempts[a.Key()] = a
	s.unwritten[a.Key()] = a
}
