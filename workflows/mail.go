package workflows

import (
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/saga"
)

// paymentWindow starts the timer that fires at the end of the order's payment window.
func (s *orderSaga) paymentWindow() (workflow.Future, workflow.CancelFunc) {
	ctx, stop := workflow.WithCancel(s.ctx)
	deadline := s.order.Payment.Deadline
	return workflow.NewTimerWithOptions(ctx, deadline.Sub(s.now()), workflow.TimerOptions{
		Summary: "payment window, until " + deadline.Format(time.RFC3339),
	}), stop
}

// unpaidMail reports whether an unpaid order has something to react to.
func (s *orderSaga) unpaidMail() bool {
	return s.paidMail() || s.delisted.Len() > 0 || s.refused != nil || s.asked.Err() != nil
}

// paidMail reports whether a paid or closed order has something to react to: delistings and
// Temporal's cancellation no longer matter to it.
func (s *orderSaga) paidMail() bool {
	return s.payments.Len() > 0 || len(s.found) > 0 || len(s.requests) > 0 || s.scans.Len() > 0 || len(s.heard) > 0
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

func (s *orderSaga) nextScan() (saga.Scan, bool) {
	var sc saga.Scan
	if len(s.heard) > 0 {
		sc, s.heard = s.heard[0], s.heard[1:]
		return sc, true
	}
	ok := s.scans.ReceiveAsync(&sc)
	return sc, ok
}

func (s *orderSaga) nextRequest() (*request, bool) {
	if len(s.requests) == 0 {
		return nil, false
	}
	r := s.requests[0]
	s.requests = s.requests[1:]
	return r, true
}

// askedToEnd takes the next message, other than a request, that ends an unpaid order.
func (s *orderSaga) askedToEnd() (ending, bool) {
	var d saga.Delisting
	for s.delisted.ReceiveAsync(&d) {
		if slices.Contains(s.order.ProductIDs(), d.ProductID) {
			return ending{status: order.StatusCancelled, reason: order.ReasonDelisted, actor: d.Actor}, true
		}
		s.log().Warn("received a delisting of another product", "product_id", d.ProductID)
	}
	if s.asked.Err() != nil {
		return ending{status: order.StatusCancelled, reason: order.ReasonOperator, actor: order.ActorOperator}, true
	}
	return ending{}, false
}

// dropDelistings drains delistings that no longer matter to the order.
func (s *orderSaga) dropDelistings() {
	var d saga.Delisting
	for s.delisted.ReceiveAsync(&d) {
		s.log().Debug("a delisting no longer affects the order", "product_id", d.ProductID)
	}
}

// takes judges a payment message of an unpaid order, and returns true for the success that
// pays it in full. Anything else is recorded, and the order continues to wait.
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
		s.notPayable(p) // the provider took money, though the wrong amount, so another payment may be opened
		s.attempt("payment_wrong_amount", p)
		s.refund(p, order.RefundWrongAmount)
	case order.PaymentFailed:
		s.failed(p)
		s.attempt("payment_failed", p)
	case order.PaymentEnded:
		s.notPayable(p)
		s.attempt("payment_cancelled", p)
	case order.PaymentCreated, order.PaymentRefundFailed, order.PaymentDisputed:
		// the first one belongs to the saga, later ones get workflows of their own
	case order.PaymentDeclined:
		// Only the current attempt's decline ends the order. If the saga opened no payment,
		// a new id is the newest attempt.
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

// isPretend reports whether a message is about pretend money while the order takes real
// money. A misconfigured gateway passed it on, and it pays nothing. Real money always
// counts, also for an order that was placed before its shop took any.
func (s *orderSaga) isPretend(p order.PaymentEvent) bool {
	if s.placement.Money != order.MoneyReal || p.Money != order.MoneyPretend {
		return false
	}
	s.log().Warn("ignored a message about pretend money: the order takes real money", "event_id", p.EventID, "provider", p.Provider)
	return true
}

// takesNoMore judges a payment message of an order that is already paid or closed. A
// success that the order didn't take is refunded.
func (s *orderSaga) takesNoMore(p order.PaymentEvent) {
	if p.Type != order.PaymentSucceeded || s.isPretend(p) || s.attempts[p.Key()].Type == order.PaymentSucceeded {
		return
	}
	reason := order.RefundLate
	if s.order.Status.TookPayment() {
		reason = order.RefundDouble
	}
	if s.order.Closed() {
		s.keep(order.NewAttempt(p, false))
		s.record() // the order itself changes no more, but its payments' document does
	} else {
		s.attempt("payment_double", p)
	}
	s.refund(p, reason)
}

// maxJournal bounds the order's document, however often a provider reports a failed
// payment. The payments' document still stores the latest message about each payment.
const maxJournal = 200

// attempt records a payment that the order does not take.
func (s *orderSaga) attempt(node string, p order.PaymentEvent) {
	_, known := s.attempts[p.Key()] // an id that was seen before may have been followed by another attempt
	if len(s.order.Journal) < maxJournal {
		s.order.Attempt(node, p, !known, s.now())
	}
	s.keep(order.NewAttempt(p, false))
	s.record()
	s.show()
}

// keep remembers a payment, to be stored with the order's next record.
func (s *orderSaga) keep(a order.Attempt) {
	s.attempts[a.Key()] = a
	s.unwritten[a.Key()] = a
}
