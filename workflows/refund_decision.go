package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// decision is an operator's decision that waits for its answer.
type decision struct {
	saga.Decision
	answer *order.Refund
	// late means that the refund no longer waited for a decision.
	late bool
}

// take handles DecideUpdate. Of two decisions that arrive at once, the first counts: the
// second was made about a refund in another state.
func (f *refunding) take(ctx workflow.Context, d saga.Decision) (order.Refund, error) {
	if f.repeats(d) {
		return f.stands, nil
	}
	overtaken := f.decision != nil
	awaitIn(ctx, func() bool { return f.decision == nil })
	if f.refuse(d) || (overtaken && d.Key != "") { // an earlier version took decisions without a key
		return order.Refund{}, f.notDecidable()
	}
	mine := &decision{Decision: d}
	f.decision = mine
	awaitIn(ctx, func() bool { return mine.answer != nil || mine.late })
	if mine.late {
		return order.Refund{}, f.notDecidable()
	}
	return *mine.answer, nil
}

// judge is the validator of DecideUpdate: what it refuses leaves no trace in history.
func (f *refunding) judge(d saga.Decision) error {
	if f.repeats(d) || !f.refuse(d) {
		return nil
	}
	return f.notDecidable()
}

// repeats reports whether a decision arrived under this key before. Within a run Temporal
// itself answers a repeated call.
func (f *refunding) repeats(d saga.Decision) bool {
	_, there := f.stands.DecisionUnder(d.Key)
	return there
}

// refuse reports whether the refund, in its current state, doesn't wait for the decision. A
// refund that is at the provider, or about to be, can be settled by hand if the operator
// says so.
func (f *refunding) refuse(d saga.Decision) bool {
	status := f.stands.Status
	if d.About != "" && d.About != status {
		return true
	}
	switch d.Choice {
	case saga.ChoiceRefund:
		return !status.Waits()
	case saga.ChoiceSettled:
		return !status.Waits() && (d.About == "" || (status != order.RefundDue && status != order.RefundPending))
	case saga.ChoiceAssign:
		return status != order.RefundCase || d.OrderID == ""
	}
	return true
}

// decided waits for an operator's decision and carries it out, or returns when the run is
// to end.
func (f *refunding) decided() {
	awaitIn(f.ctx, func() bool { f.hear(); return f.decision != nil || f.heard.now >= heardPerRun || !f.erasedAt.IsZero() })
	if f.decision == nil {
		return
	}
	f.rounds.now++
	f.decide()
}

// decide carries out an operator's decision, if the refund still waits for it.
func (f *refunding) decide() {
	d := f.decision
	if f.refuse(d.Decision) {
		d.late, f.decision = true, nil
		return
	}
	f.refund.Actor = d.Actor
	if d.Key != "" {
		f.refund.Decide(order.RefundDecision{
			Choice: string(d.Choice), OrderID: d.OrderID, Actor: d.Actor, At: workflow.Now(f.ctx).UTC(), Key: d.Key,
		})
	}
	switch d.Choice {
	case saga.ChoiceRefund:
		if d.Key != "" {
			f.refund.SendAgain()
		}
		f.polls = 0
		f.set(order.RefundDue, "")
	case saga.ChoiceSettled:
		f.refund.PaidAt = workflow.Now(f.ctx).UTC()
		f.set(order.RefundSettled, "")
	case saga.ChoiceAssign:
		f.assign(d.OrderID)
	}
	answer := f.refund
	d.answer, f.decision = &answer, nil
}

// assign gives the payment to an open order. The order judges it like any other: what it
// can't take is refunded under a refund of its own.
func (f *refunding) assign(orderID string) {
	var res activities.AssignResult
	f.must(workflow.ExecuteActivity(activities.Patient(f.ctx, "assign the payment to order "+orderID), activities.NameAssignPayment,
		order.PaymentEvent{
			EventID: "assigned:" + f.refund.ID, Provider: f.refund.Provider, Type: order.PaymentSucceeded, OrderID: orderID,
			PaymentID: f.refund.PaymentID, Amount: f.refund.Amount, Currency: f.refund.Currency,
			OccurredAt: f.refund.DueAt,
		}).Get(f.ctx, &res), activities.NameAssignPayment)
	if res.Assigned {
		f.set(order.RefundAssigned, "to order "+orderID)
		return
	}
	f.refund.Detail = "order " + orderID + " is not open"
	f.record()
}
