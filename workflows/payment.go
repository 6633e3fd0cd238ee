package workflows

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// payable is a payment that its provider may still collect.
type payable struct {
	activities.AskedPayment
	// failed means that the buyer's attempt failed. Some providers let the buyer try again.
	failed bool
}

// openPayment returns the payment that a buyer can use at that provider, or nil if there is
// none.
func (s *orderSaga) openPayment(provider string) *saga.OpenPayment {
	if len(s.payable) != 1 {
		return nil
	}
	p := s.payable[0]
	if p.ID == "" || p.failed || p.Request.Provider != provider {
		return nil
	}
	return &saga.OpenPayment{
		Provider: provider, ID: p.ID, Attempt: p.Request.Attempt, Amount: p.Request.Amount, Currency: p.Request.Currency,
	}
}

// open answers a buyer who wants to pay with a payment. At most one payment can be paid at
// a time: an earlier one that is no longer useful is ended first. It is a regular activity,
// so that no provider can have a payment that the saga, run again, would not know about.
func (s *orderSaga) open(r *request) {
	if s.openPayment(r.pay.Provider) != nil {
		s.answer(r)
		return
	}
	if s.opensNoMore(r.pay.Provider) {
		r.answer = s.refusal(saga.VerdictTooManyAttempts, "")
		return
	}
	at := s.now()
	asked, again := s.nextAttempt(r.pay.Provider)
	earlier := s.stillPayable()
	s.payable = append(s.payable, payable{AskedPayment: asked}) // until the provider has answered
	var res activities.OpenedPayment
	err := workflow.ExecuteActivity(
		activities.Brief(s.ctx, fmt.Sprintf("open payment %d at %s", asked.Request.Attempt, asked.Request.Provider)),
		activities.NameOpenPayment, activities.OpenPaymentParams{
			Request: asked.Request, Earlier: earlier, Placed: s.placed(asked, at),
		}).Get(s.ctx, &res)
	if err != nil {
		s.log().Warn("a payment could not be opened", "provider", asked.Request.Provider, "error", err)
		r.answer = s.refusal(saga.VerdictUnavailable, reasonOf(err))
		return
	}
	s.ended(res.Ended, at)
	switch {
	case res.Processing:
		if !again {
			s.forget(asked)
		}
		r.answer = s.refusal(saga.VerdictProcessing, "")
	case res.Declined != "":
		s.forget(asked)
		r.answer = s.refusal(saga.VerdictDeclined, res.Declined)
	case res.ID == "": // an earlier payment turned out to be paid
		if !again {
			s.forget(asked)
		}
		s.requests = append(s.requests, r) // the answer follows from that payment
	default:
		s.opened(asked, res.ID, at)
		s.answer(r)
		if r.answer.Payment != nil {
			r.answer.Payment.New = true
		}
	}
}

// nextAttempt numbers a payment. One that the provider never answered is requested again
// under its own key: it may exist even if this request fails too.
func (s *orderSaga) nextAttempt(provider string) (asked activities.AskedPayment, again bool) {
	if s.unanswered(provider) {
		last := len(s.payable) - 1
		asked = s.payable[last].AskedPayment
		s.payable = s.payable[:last]
		return asked, true
	}
	s.numbered++
	return activities.AskedPayment{Request: order.PaymentRequest{
		Provider: provider, OrderID: s.order.ID, Attempt: s.numbered,
		Amount: s.order.Amounts[order.AmountTotal], Currency: s.order.Currency, Until: s.order.Payment.Deadline,
	}}, false
}

// stillPayable returns the payments that may still bring in money.
func (s *orderSaga) stillPayable() []activities.AskedPayment {
	all := make([]activities.AskedPayment, len(s.payable))
	for i, p := range s.payable {
		all[i] = p.AskedPayment
	}
	return all
}

// placed is the attempt as recorded, except for its id.
func (s *orderSaga) placed(p activities.AskedPayment, at time.Time) order.Attempt {
	return order.NewAttempt(order.PaymentEvent{
		Provider: p.Request.Provider, Type: order.PaymentCreated, PaymentID: p.ID, OrderID: s.order.ID,
		Amount: p.Request.Amount, Currency: p.Request.Currency, OccurredAt: at,
	}, false)
}

// opened notes a payment that its provider has opened. It has been recorded already.
func (s *orderSaga) opened(p activities.AskedPayment, id string, at time.Time) {
	p.ID = id
	s.payable = []payable{{AskedPayment: p}}
	a := s.placed(p, at)
	s.attempts[a.Key()] = a
	s.order.Payment.Provider, s.order.Payment.ID = a.Provider, a.PaymentID
}

// ended notes the outcome of payments that were to be cancelled. One that was paid before
// the cancellation is handled as if its provider had just reported the success.
func (s *orderSaga) ended(payments []activities.EndedPayment, at time.Time) {
	for _, e := range payments {
		s.forget(e.AskedPayment)
		switch {
		case e.Paid != nil:
			s.found = append(s.found, *e.Paid)
		case e.ID != "":
			a := s.placed(e.AskedPayment, at)
			a.Type = order.PaymentEnded
			if s.attempts[a.Key()].Type != order.PaymentSucceeded {
				s.keep(a)
			}
		}
	}
}

// forget drops a payment that can no longer be paid.
func (s *orderSaga) forget(p activities.AskedPayment) {
	s.payable = slices.DeleteFunc(s.payable, func(o payable) bool {
		return o.Request.Key() == p.Request.Key() && o.Request.Provider == p.Request.Provider
	})
}

// notPayable notes that a payment's own provider says it can't be paid.
func (s *orderSaga) notPayable(e order.PaymentEvent) {
	s.payable = slices.DeleteFunc(s.payable, func(o payable) bool {
		return o.ID == e.PaymentID && o.Request.Provider == e.Provider
	})
}

func (s *orderSaga) failed(e order.PaymentEvent) {
	for i := range s.payable {
		if s.payable[i].ID == e.PaymentID && s.payable[i].Request.Provider == e.Provider {
			s.payable[i].failed = true
		}
	}
}

// isCurrent reports whether a payment is the one that the order waits for.
func (s *orderSaga) isCurrent(e order.PaymentEvent, known bool) bool {
	if !known {
		return len(s.payable) == 0
	}
	return e.PaymentID == s.order.Payment.ID && e.Provider == s.order.Payment.Provider
}

func (s *orderSaga) refusal(v saga.Verdict, detail string) *saga.Answer {
	return &saga.Answer{Verdict: v, Status: s.order.Status, Version: s.order.Version, Detail: detail}
}

// unresolvedAfter is how long a provider may leave a payment undecided before the order's
// journal mentions it.
const unresolvedAfter = 15 * time.Second

// paysAfterAll makes sure that no money can arrive any more before an unpaid order ends.
// The stock stays held until the providers have confirmed that, however long they are away.
// If the order turns out to be paid, paysAfterAll returns true.
func (s *orderSaga) paysAfterAll(e ending) bool {
	if len(s.payable) == 0 {
		return false
	}
	s.ends, s.asking = &e, true
	s.answerPayers()
	s.show()
	defer func() { s.ends = nil }()
	for len(s.payable) > 0 {
		if s.endPayments() {
			s.keepForPaid(e.request)
			return true // asking stays true until the order is sold
		}
		if s.continued != nil {
			return false
		}
	}
	s.asking = false
	return false
}

// answerPayers tells callers who asked to pay in the meantime that the order is ending:
// that may take as long as a provider is away.
func (s *orderSaga) answerPayers() {
	s.requests = slices.DeleteFunc(s.requests, func(r *request) bool {
		if r.pay != nil {
			s.answer(r)
		}
		return r.pay != nil
	})
}

// endPayments asks the providers to cancel, and handles their messages meanwhile. It
// reports whether the order is paid.
func (s *orderSaga) endPayments() bool {
	params := activities.EndPaymentsParams{Payments: s.stillPayable()}
	if s.placement.MaxOpenOrders > 0 {
		params.CustomerID, params.PlacedAt = s.placement.CustomerID, s.placedAt
	}
	if s.placement.MaxNetworkOrders > 0 {
		params.Network, params.PlacedAt = s.placement.Network, s.placedAt
	}
	ctx, stop := workflow.WithCancel(s.ctx)
	defer stop()
	answer := workflow.ExecuteActivity(activities.AtProvider(ctx, "end "+saga.Plural(len(params.Payments), "payment")),
		activities.NameEndPayments, params)
	late := workflow.NewTimerWithOptions(ctx, unresolvedAfter, workflow.TimerOptions{Summary: "the provider should answer"})
	noted := false
	for {
		s.await(func() bool {
			return answer.IsReady() || s.payments.Len() > 0 || (late.IsReady() && !noted) ||
				s.mayGoOnErased() || (s.isErased() && s.hasRequests())
		})
		if answer.IsReady() {
			var res activities.EndPaymentsResult
			s.must(answer.Get(s.ctx, &res), activities.NameEndPayments)
			s.ended(res.Ended, s.now())
		}
		for p, ok := s.nextPayment(); ok; p, ok = s.nextPayment() {
			if s.takes(p) {
				s.payment = &p
				return true
			}
		}
		switch {
		case answer.IsReady(), len(s.payable) == 0:
			return false
		case s.isErased():
			if s.answerAll(); s.mayGoOnErased() && s.goOnErased() {
				return false
			}
		case late.IsReady() && !noted:
			noted = true
			p := params.Payments[0]
			s.order.PaymentUnresolved(p.Request.Provider, p.ID, string(s.ends.reason), s.now())
			s.record()
			s.answerPayers() // requests that arrived while the record was written
			s.show()
		}
	}
}

// keepForPaid keeps the request to cancel an order that was paid at the same moment, as a
// request to cancel a paid order.
func (s *orderSaga) keepForPaid(r *request) {
	if r != nil {
		s.requests = append([]*request{r}, s.requests...)
	}
}

// unresolved returns the text that tells operators in the web UI what the order waits for
// before it can end.
func (s *orderSaga) unresolved() string {
	if s.ends == nil || len(s.payable) == 0 {
		return ""
	}
	p := s.payable[0]
	return fmt.Sprintf("Ends (%s) as soon as %s says that payment %s can't be paid any more", s.ends.reason, p.Request.Provider, p.ID)
}

// endOthers ends payments that a paid order has no use for, while the order continues. If
// one of them is paid after all, it is refunded.
func (s *orderSaga) endOthers() workflow.Future {
	if s.payment != nil {
		s.notPayable(*s.payment)
	}
	if len(s.payable) == 0 {
		return nil
	}
	params := activities.EndPaymentsParams{Payments: s.stillPayable()}
	return workflow.ExecuteActivity(activities.AtProvider(s.ctx, "end "+saga.Plural(len(params.Payments), "other payment")),
		activities.NameEndPayments, params)
}

// endOthersOfUnsold ends all other payments of an order that was paid but couldn't get its
// units. An earlier version left them open.
func (s *orderSaga) endOthersOfUnsold() workflow.Future {
	if s.payment != nil {
		s.notPayable(*s.payment)
	}
	if len(s.payable) == 0 ||
		workflow.GetVersion(s.ctx, "no-stock-ends-others", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return nil
	}
	return s.endOthers()
}

// othersEnded handles the outcome of payments that a paid order had no use for.
func (s *orderSaga) othersEnded(f workflow.Future) {
	var res activities.EndPaymentsResult
	s.must(f.Get(s.ctx, &res), activities.NameEndPayments)
	s.ended(res.Ended, s.now())
}

// reasonOf returns the reason for which an activity failed, in its own words.
func reasonOf(err error) string {
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return app.Message()
	}
	return "it didn't answer in time"
}
