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

// resume continues a paid order whose workflow was terminated. Its stock is held and sold, and its
// payment is taken: what remains is to follow it.
func (s *orderSaga) resume(r order.Resumed) {
	s.order, s.placedAt = r.Order, r.Order.PlacedAt
	s.order.Resume(workflow.GetInfo(s.ctx).WorkflowStartTime)
	s.decided, s.try = true, maxTries+1 // beyond any that may have held stock
	maps.Copy(s.attempts, r.Payments)
	for _, key := range workflow.DeterministicKeys(s.attempts) {
		s.knows(s.attempts[key])
	}
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
	for _, m := range r.Unread {
		if err := s.hear(m); err != nil {
			s.log().Error("a message to the terminated workflow is dropped", "error", err)
		}
	}
	s.placement.Resumed = &order.Resumed{} // a mark; the order's state isn't needed twice
	s.show()
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

// hear puts a message to the terminated workflow into the mail. No caller waits for the answer to a
// request any more, but what was done for it so far must be completed.
func (s *orderSaga) hear(m order.Message) error {
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
			return nil
		}
		var err error
		if r.change, err = changeOf(m.Body); err != nil {
			return err
		}
		s.requests = append(s.requests, r)
		return nil
	}
	if err := json.Unmarshal(m.Body, into); err != nil {
		return fmt.Errorf("read a message %s: %w", m.Name, err)
	}
	switch said := into.(type) {
	case *order.PaymentEvent:
		s.found = append(s.found, *said)
	case *saga.Scan:
		s.heard = append(s.heard, *said)
	default:
		s.requests = append(s.requests, r)
	}
	return nil
}
