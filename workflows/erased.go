package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// isErased reports whether the order's person was erased while the order is open. A message about an
// order that was placed under this id before is not about this one.
func (s *orderSaga) isErased() bool { return s.erased.Len() > 0 && s.order.ErasedAt.IsZero() }

// mayGoOnErased reports whether the order was erased and nothing else is to be done: a new run only knows
// what is recorded.
func (s *orderSaga) mayGoOnErased() bool {
	return s.isErased() && !s.commands.busy() && workflow.AllHandlersFinished(s.ctx)
}

// goOnErased has the workflow go on as a new run that never knew the order's person. It reports whether it
// does: the message may be about another order.
func (s *orderSaga) goOnErased() bool {
	var at time.Time
	s.erased.ReceiveAsync(&at)
	if at.Before(s.order.PlacedAt) {
		return false
	}
	next := s.order.Clone()
	next.Erase(at)
	s.order = next
	s.continued = &order.Continued{Try: s.try, Attempts: s.numbered, EventRuns: s.commands.runs}
	for _, p := range s.payable {
		s.continued.Payable = append(s.continued.Payable, order.Payable{Request: p.Request, ID: p.ID, Failed: p.failed})
	}
	if e := s.ends; e != nil {
		s.continued.Ends = &order.Ends{Status: e.status, Reason: e.reason, Actor: e.actor, Requested: e.request != nil}
	}
	return true
}

// continues returns the error that starts the new run. Nothing is lost between the two: Temporal starts it
// with the end of this one, and only if no further message has arrived.
func (s *orderSaga) continues() error {
	p := s.placement.Erased()
	if s.order.Status.TookPayment() {
		p.Saga = order.SagaVersion
	}
	p.Resumed = &order.Resumed{Order: s.order, Payments: s.attempts, Erased: s.continued}
	forget(s.ctx, s.order.ErasedAt, saga.FingerprintMemo, nil)
	return workflow.NewContinueAsNewError(s.ctx, saga.OrderType, p)
}

// forget marks the next run as one that never knew the person, and replaces a memo that did.
func forget(ctx workflow.Context, at time.Time, memo string, by any) {
	if err := workflow.UpsertMemo(ctx, map[string]any{memo: by, saga.ErasedMemo: at}); err != nil {
		panic("mark the run of an erased order: " + err.Error())
	}
}

// inheritFrom takes over what the run before this one knew beside its order.
func (s *orderSaga) inheritFrom(c order.Continued) {
	s.try, s.numbered, s.commands.runs = c.Try, c.Attempts, c.EventRuns
	s.payable = nil
	for _, p := range c.Payable {
		s.payable = append(s.payable, payable{AskedPayment: activities.AskedPayment{Request: p.Request, ID: p.ID}, failed: p.Failed})
	}
	if e := c.Ends; e != nil {
		s.ends = &ending{status: e.Status, reason: e.Reason, actor: e.Actor}
		if e.Requested {
			s.ends.request = &request{cancel: &saga.CancelRequest{Reason: e.Reason, Actor: e.Actor}}
		}
	}
}

// hasRequests reports whether requests to an unpaid order that is about to end wait for their answer.
func (s *orderSaga) hasRequests() bool {
	return len(s.requests) > 0 || (s.ends.request != nil && s.ends.request.answer == nil)
}

// answerAll answers every request of an unpaid order that is about to go on as a new run.
func (s *orderSaga) answerAll() {
	for r, ok := s.nextRequest(); ok; r, ok = s.nextRequest() {
		s.answer(r)
	}
	if r := s.ends.request; r != nil && r.answer == nil {
		s.answer(r)
	}
}
