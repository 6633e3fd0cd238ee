package workflows

import (
	"encoding/json"
	"fmt"
	"maps"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// resume continues a paid order whose workflow was terminated, or any order whose workflow goes on as a
// new run because its person was erased.
func (s *orderSaga) resume(r order.Resumed) {
	s.order, s.placedAt = r.Order, r.Order.PlacedAt
	s.placement.Resumed = &order.Resumed{} // a mark; the order's state isn't needed twice
	if r.Erased == nil {
		s.resumeTerminated(r)
		s.awaitDelivery()
		return
	}
	s.order.GoOnErased(workflow.GetInfo(s.ctx).WorkflowStartTime)
	s.decided = true
	s.takeOver(r.Payments)
	s.inheritFrom(*r.Erased)
	s.record()
	s.show()
	if !s.order.Status.Unpaid() || (s.awaitPayment() && s.sell()) {
		s.awaitDelivery()
	}
	if len(s.unwritten) > 0 {
		s.record() // the outcome of other payments
	}
}

// resumeTerminated takes over what a terminated workflow left. Its stock is held and sold, and its
// payment is taken: what remains is to follow it.
func (s *orderSaga) resumeTerminated(r order.Resumed) {
	s.order.Resume(workflow.GetInfo(s.ctx).WorkflowStartTime)
	s.decided, s.try = true, maxTries+1 // beyond any that may have held stock
	s.inherit(r.Unread)
	s.takeOver(r.Payments)
	s.recordParts(nil)
	for _, key := range workflow.DeterministicKeys(s.attempts) {
		if a := s.attempts[key]; a.Type == order.PaymentSucceeded && !a.Taken { // its refund may not have been started
			reason := order.RefundDouble
			if a.Amount != s.order.Amounts[order.AmountTotal] || a.Currency != s.order.Currency {
				reason = order.RefundWrongAmount
			}
			s.refund(a.Event(s.order.ID), reason)
		}
	}
	s.watchAgain()
	s.show()
}

// takeOver takes over the payments that the run before knew.
func (s *orderSaga) takeOver(payments map[string]order.Attempt) {
	//workflowcheck:ignore (the order of copying doesn't matter)
	maps.Copy(s.attempts, payments)
	for _, key := range workflow.DeterministicKeys(s.attempts) {
		s.knows(s.attempts[key])
	}
}

// inherit puts the messages to the terminated workflow into the mail, before any other. If this run is
// terminated, too, the next one asks it which requests it had not handled.
func (s *orderSaga) inherit(unread []order.Message) {
	type inherited struct {
		message order.Message
		request *request
	}
	var all []inherited
	for _, m := range unread {
		r, err := s.hear(m)
		if err != nil {
			s.log().Error("a message to the terminated workflow is dropped", "error", err)
		}
		if r != nil {
			all = append(all, inherited{m, r})
		}
	}
	if err := workflow.SetQueryHandler(s.ctx, saga.UnservedQuery, func() ([]order.Message, error) {
		unserved := []order.Message{}
		for _, i := range all {
			if i.request.answer == nil {
				unserved = append(unserved, i.message)
			}
		}
		return unserved, nil
	}); err != nil {
		panic("register a query: " + err.Error())
	}
}

// watchAgain makes the packages the owners of their tracking numbers again, and takes what carriers reported
// meanwhile: while the order had no workflow, a scan took its number from the package and waits for
// another.
func (s *orderSaga) watchAgain() {
	for i := range s.order.Packages {
		p := s.order.Packages[i]
		w := s.watching(&p, nil)
		if w == nil || !p.Live() || p.Node() >= order.NodeDelivered || s.order.Closed() {
			continue
		}
		w.Again = true
		next := s.order.Clone()
		next.Weigh(false)
		s.watch(&next, *w)
		if next.Version != s.order.Version {
			s.become(next, []string{p.ID})
		}
		s.endWait()
	}
}

// knows takes over a payment from the terminated workflow: the one that the order took, or one that its
// provider may still collect.
func (s *orderSaga) knows(a order.Attempt) {
	p := a.Event(s.order.ID)
	switch {
	case a.Taken:
		s.payment = &p
	case a.Type == order.PaymentCreated:
		s.payable = append(s.payable, payable{AskedPayment: activities.AskedPayment{ID: a.PaymentID, Request: order.PaymentRequest{
			Provider: a.Provider, OrderID: s.order.ID, Amount: a.Amount, Currency: a.Currency,
		}}})
	}
}

// hear puts a message to the terminated workflow into the mail, and returns its request if it is one. No
// caller waits for the answer any more, but what was done for it so far must be completed.
func (s *orderSaga) hear(m order.Message) (*request, error) {
	r := &request{}
	var into any
	switch m.Name {
	case saga.PaymentSignal:
		into = &order.PaymentEvent{}
	case saga.ScanSignal:
		into = &saga.Scan{}
	case saga.CancelUpdate:
		r.cancel = &saga.CancelRequest{}
		into = r.cancel
	case saga.DeliverUpdate:
		r.deliver = &saga.DeliverRequest{}
		into = r.deliver
	default:
		changeOf, known := s.changesOf[m.Name]
		if !known {
			return nil, nil // a later version's message, which is no request
		}
		var err error
		if r.change, err = changeOf(m.Body); err != nil {
			return nil, err
		}
		s.requests = append(s.requests, r)
		return r, nil
	}
	//workflowcheck:ignore (the same body always has the same content)
	if err := json.Unmarshal(m.Body, into); err != nil {
		return nil, fmt.Errorf("read a message %s: %w", m.Name, err)
	}
	switch said := into.(type) {
	case *order.PaymentEvent:
		s.found = append(s.found, *said)
	case *saga.Scan:
		s.heard = append(s.heard, *said)
	default:
		s.requests = append(s.requests, r)
		return r, nil
	}
	return nil, nil // a signal
}
