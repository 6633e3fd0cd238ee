package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
)

// Refund is one payment's way back to the buyer, whole or in part: it records the
// refund as due, has the provider pay it out, and stays open until that has been done
// or an operator has decided otherwise. Its id is the payment's and the refund's, so
// that the same money can't go back twice.
//
// It never refunds the payment that its order took, unless somebody asks for just
// that: whoever opened it may have seen the repeated message of a payment long since
// taken.
func Refund(ctx workflow.Context, r order.Refund) (order.Refund, error) {
	own, _ := workflow.NewDisconnectedContext(ctx)
	f := &refunding{ctx: own, refund: r}
	f.refund.DueAt = workflow.GetInfo(ctx).WorkflowStartTime.UTC()
	f.show()
	f.stands = f.refund
	f.stands.Status = "" // not before it is known
	if err := f.listen(); err != nil {
		return r, err
	}
	owed, err := f.isOwed()
	if err != nil || !owed {
		f.known()
		f.finish()
		return f.refund, err
	}
	f.known()
	f.record()
	if workflow.GetVersion(own, "pay-out", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		awaitIn(f.ctx, func() bool { return f.resume.ReceiveAsync(nil) || f.decision != nil })
	}
	if f.refund.Status.Waits() {
		f.attribute()
	}
	for !f.refund.Status.Over() {
		if f.refund.Status.Waits() {
			f.decided()
		} else {
			f.payOut()
		}
	}
	f.finish()
	return f.refund, nil
}

// refunding is the state of one refund's workflow.
type refunding struct {
	ctx    workflow.Context
	refund order.Refund
	// stands is what is on record.
	stands   order.Refund
	resume   workflow.ReceiveChannel
	decision *decision
}

// decision is an operator's word that waits for its answer.
type decision struct {
	Decision
	answer *order.Refund
}

func (f *refunding) listen() error {
	f.resume = workflow.GetSignalChannel(f.ctx, ResumeSignal)
	if err := workflow.SetQueryHandler(f.ctx, RefundQuery, func() (order.Refund, error) { return f.stands, nil }); err != nil {
		return fmt.Errorf("listen to queries: %w", err)
	}
	if err := workflow.SetUpdateHandler(f.ctx, RecordedUpdate, func(ctx workflow.Context) (order.Refund, error) {
		awaitIn(ctx, func() bool { return f.stands.Status != "" })
		return f.stands, nil
	}); err != nil {
		return fmt.Errorf("listen to who asked for it: %w", err)
	}
	if err := workflow.SetUpdateHandlerWithOptions(f.ctx, DecideUpdate,
		func(ctx workflow.Context, d Decision) (order.Refund, error) {
			mine := &decision{Decision: d}
			awaitIn(ctx, func() bool { return f.decision == nil })
			if err := f.refuse(d); err != nil { // another one was faster
				return order.Refund{}, err
			}
			f.decision = mine
			awaitIn(ctx, func() bool { return mine.answer != nil })
			return *mine.answer, nil
		}, workflow.UpdateHandlerOptions{Validator: f.refuse}); err != nil {
		return fmt.Errorf("listen to decisions: %w", err)
	}
	return nil
}

// refuse turns a decision away that the refund doesn't wait for. A refund that an
// earlier version left open waits too.
func (f *refunding) refuse(d Decision) error {
	fits := f.stands.Status.Waits()
	switch d.Choice {
	case ChooseRefund, ChooseSettled:
	case ChooseAssign:
		fits = fits && f.stands.Status == order.RefundCase && d.OrderID != ""
	default:
		fits = false
	}
	if fits {
		return nil
	}
	return temporal.NewApplicationError("the refund is "+string(f.stands.Status), NotDecidableError, f.stands)
}

// isOwed finds out whether money goes back, and how much.
func (f *refunding) isOwed() (bool, error) {
	r := &f.refund
	if workflow.GetInfo(f.ctx).ParentWorkflowExecution == nil && r.Reason != order.RefundRequested {
		var found activities.PaymentFound // opened by who doesn't know the order
		err := workflow.ExecuteActivity(activities.Patient(f.ctx, "did the order take this payment?"),
			activities.LookUpPayment,
			activities.LookUpParams{OrderID: r.OrderID, Provider: r.Provider, PaymentID: r.PaymentID}).Get(f.ctx, &found)
		if err != nil {
			return false, err
		}
		switch {
		case found.Taken:
			r.Status = order.RefundNotOwed
			return false, nil
		case !found.Known:
			r.Status, r.Reason = order.RefundCase, order.RefundUnknownOrder
		}
	}
	if r.Reason == order.RefundRequested || r.Reason == order.RefundCancelled {
		if err := workflow.ExecuteActivity(activities.Patient(f.ctx, "how much is left of the payment?"),
			activities.FitsRefund, *r).Get(f.ctx, r); err != nil {
			return false, err
		}
	}
	return !r.Status.Over(), nil
}

// known tells who asked that it is decided now whether the refund is owed.
func (f *refunding) known() {
	f.stands = f.refund
	f.show()
}

// record writes the refund down as it is.
func (f *refunding) record() {
	f.stands = f.refund
	f.must(workflow.ExecuteActivity(activities.Patient(f.ctx, "record the refund as "+string(f.refund.Status)),
		activities.RecordRefund, f.refund).Get(f.ctx, nil), activities.RecordRefund)
	f.show()
}

// set records another status, and lets operators find it where it lasts.
func (f *refunding) set(s order.RefundStatus, detail string) {
	f.refund.Status, f.refund.Detail = s, detail
	f.record()
	f.attribute()
}

func (f *refunding) attribute() {
	if err := workflow.UpsertTypedSearchAttributes(f.ctx, RefundStatus.ValueSet(string(f.refund.Status))); err != nil {
		workflow.GetLogger(f.ctx).Error("search attribute was not set", "error", err)
	}
}

// How soon a refund is asked after that its provider has, and hasn't paid out.
const (
	firstPending   = time.Minute
	longestPending = time.Hour
)

// payOut has the provider send the money, until that has happened or can't.
func (f *refunding) payOut() {
	for pause := firstPending; ; pause = min(pause*2, longestPending) {
		var answer order.RefundAnswer
		f.must(workflow.ExecuteActivity(
			activities.AtProvider(f.ctx, "refund "+Money(f.refund.Amount, f.refund.Currency)+" at "+f.refund.Provider),
			activities.PaysRefund, f.refund).Get(f.ctx, &answer), activities.PaysRefund)
		f.refund.ProviderID = cmp.Or(answer.ProviderID, f.refund.ProviderID)
		switch {
		case answer.Status == order.RefundPaid:
			f.refund.PaidAt = workflow.Now(f.ctx).UTC()
			f.set(order.RefundPaid, "")
			return
		case answer.Status != order.RefundPending:
			f.set(order.RefundFailed, cmp.Or(answer.Detail, "the provider gave no reason"))
			return
		case f.refund.Status != order.RefundPending:
			f.set(order.RefundPending, "")
		}
		f.must(workflow.NewTimerWithOptions(f.ctx, pause, workflow.TimerOptions{Summary: "ask the provider again"}).
			Get(f.ctx, nil), "timer")
	}
}

// decided waits for an operator's decision, and does it.
func (f *refunding) decided() {
	awaitIn(f.ctx, func() bool { return f.decision != nil })
	d := f.decision
	f.refund.Actor = d.Actor
	switch d.Choice {
	case ChooseRefund:
		f.set(order.RefundDue, "")
	case ChooseSettled:
		f.refund.PaidAt = workflow.Now(f.ctx).UTC()
		f.set(order.RefundSettled, "")
	case ChooseAssign:
		f.assign(d.OrderID)
	}
	answer := f.refund
	d.answer, f.decision = &answer, nil
}

// assign gives the payment to an order that is open. The order judges it as any other:
// what it can't take goes back by a refund of its own.
func (f *refunding) assign(orderID string) {
	var res activities.AssignResult
	f.must(workflow.ExecuteActivity(activities.Patient(f.ctx, "assign the payment to order "+orderID), activities.AssignPayment,
		order.PaymentEvent{
			EventID: "assigned:" + f.refund.ID, Provider: f.refund.Provider, Type: order.PaymentSucceeded, OrderID: orderID,
			PaymentID: f.refund.PaymentID, Amount: f.refund.Amount, Currency: f.refund.Currency,
			OccurredAt: f.refund.DueAt,
		}).Get(f.ctx, &res), activities.AssignPayment)
	if res.Assigned {
		f.set(order.RefundAssigned, "to order "+orderID)
		return
	}
	f.refund.Detail = "order " + orderID + " is not open"
	f.record()
}

// finish lets whoever waits for an answer have it.
func (f *refunding) finish() {
	f.known()
	awaitIn(f.ctx, func() bool {
		if f.decision != nil { // it came too late
			answer := f.refund
			f.decision.answer, f.decision = &answer, nil
		}
		return workflow.AllHandlersFinished(f.ctx)
	})
}

// must stops the workflow where a step that never gives up gave up: a bug. The task
// fails and is tried again until the code is mended; nothing is lost.
func (f *refunding) must(err error, step string) {
	if err != nil {
		panic(fmt.Errorf("step %s gave up: %w", step, err))
	}
}

func (f *refunding) show() {
	r := f.refund
	text := fmt.Sprintf("**%s** · %s · %s\n\npayment %s of order %s, by %s", r.Status, r.Reason,
		Money(r.Amount, r.Currency), r.PaymentID, r.OrderID, r.Provider)
	if r.Detail != "" {
		text += "\n\n" + r.Detail
	}
	workflow.SetCurrentDetails(f.ctx, text)
}
