package workflows

import (
	"fmt"
	"strconv"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// Refund returns one payment to the buyer, in whole or in part. It records the refund as
// due, has the provider pay it out, and stays open until that is done or an operator has
// decided otherwise. Its id is made of the payment's id and the refund's, so that the same
// money can't be refunded twice. A provider may report days later that the money came back:
// then the workflow is started again, and an operator decides.
//
// It never refunds the payment that its order took, unless it was started for exactly that:
// the caller may have seen a repeated message about a payment that was taken long ago.
func Refund(ctx workflow.Context, r order.Refund) (order.Refund, error) {
	own, _ := workflow.NewDisconnectedContext(ctx)
	f := &refunding{ctx: own, refund: r}
	if r.DueAt.IsZero() {
		f.refund.DueAt = workflow.GetInfo(ctx).WorkflowStartTime.UTC()
	}
	f.show()
	f.stands = f.refund
	if f.refund.Version == 0 {
		f.stands.Status = "" // not before it is known
	}
	if err := f.listen(); err != nil {
		return r, err
	}
	if goesOn, err := f.begin(); err != nil || !goesOn {
		f.known()
		f.finish()
		return f.refund, err
	}
	for {
		for !f.refund.Status.Over() {
			switch {
			case f.isLong():
				return f.refund, f.continues()
			case f.refund.Status.Waits():
				f.decided()
			default:
				f.payOut()
			}
		}
		f.finish()
		if !f.failsAfterAll() {
			return f.refund, nil
		}
	}
}

// refunding is the state of one refund's workflow.
type refunding struct {
	ctx    workflow.Context
	refund order.Refund
	// stands is the refund as recorded.
	stands   order.Refund
	resume   workflow.ReceiveChannel
	failing  workflow.ReceiveChannel
	erasing  workflow.ReceiveChannel
	decision *decision
	// failures are those that the provider has reported since it was last asked.
	failures []saga.RefundFailure
	polls    int
	// rounds counts the provider requests and decisions since the run began, or since the
	// point where an earlier version did not end it. heard counts the failures reported
	// since then.
	rounds, heard long
	// erasedAt is set once the order's person was erased while this run knows them.
	erasedAt time.Time
}

// long is one measure of a run's length, and how often an earlier version passed it without
// ending the run.
type long struct{ now, before int }

// These bound a run's history: a provider may leave a refund pending forever, or keep
// reporting its failure until an operator has decided.
const (
	roundsPerRun = 50
	heardPerRun  = 500
)

// begin finds out whether a refund is due, and records it.
func (f *refunding) begin() (goesOn bool, err error) {
	switch {
	case f.refund.Version > 0: // continues an earlier run
		f.polls = patientPolls
		f.known()
		return true, nil
	case f.refund.Status == order.RefundFailed:
		return f.reopen()
	}
	if owed, err := f.isOwed(); err != nil || !owed {
		return false, err
	}
	f.known()
	f.record()
	if workflow.GetVersion(f.ctx, "pay-out", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		awaitIn(f.ctx, func() bool { return f.resume.ReceiveAsync(nil) || f.decision != nil })
	}
	if f.refund.Status.Waits() {
		f.attribute()
	}
	return true, nil
}

func (f *refunding) listen() error {
	f.resume = workflow.GetSignalChannel(f.ctx, saga.ResumeSignal)
	f.failing = workflow.GetSignalChannel(f.ctx, saga.RefundFailedSignal)
	f.erasing = workflow.GetSignalChannel(f.ctx, saga.ErasedSignal)
	if err := workflow.SetQueryHandler(f.ctx, saga.RefundQuery, func() (order.Refund, error) { return f.stands, nil }); err != nil {
		return fmt.Errorf("register the query: %w", err)
	}
	if err := workflow.SetUpdateHandler(f.ctx, saga.RecordedUpdate, func(ctx workflow.Context) (order.Refund, error) {
		awaitIn(ctx, func() bool { return f.stands.Status != "" })
		return f.stands, nil
	}); err != nil {
		return fmt.Errorf("register the request: %w", err)
	}
	if err := workflow.SetUpdateHandlerWithOptions(f.ctx, saga.DecideUpdate, f.take,
		workflow.UpdateHandlerOptions{Validator: f.judge}); err != nil {
		return fmt.Errorf("register the decision: %w", err)
	}
	return nil
}

// isOwed finds out whether money is due, and how much.
func (f *refunding) isOwed() (bool, error) {
	r := &f.refund
	ofTaken := r.Reason == order.RefundRequested || r.Reason.OfPart() // the payment that the order took
	if workflow.GetInfo(f.ctx).ParentWorkflowExecution == nil && !ofTaken {
		var found activities.PaymentFound // the caller didn't know the order
		err := workflow.ExecuteActivity(activities.Patient(f.ctx, "did the order take this payment?"),
			activities.NameLookUpPayment,
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
	if ofTaken || r.Reason == order.RefundCancelled {
		f.must(workflow.ExecuteActivity(activities.Patient(f.ctx, "how much is left of the payment?"),
			activities.NameFitRefund, *r).Get(f.ctx, r), activities.NameFitRefund)
	}
	return !r.Status.Over(), nil
}

// isLong reports whether the workflow should continue as a new run. Runs of earlier
// versions never did, and their histories must stay replayable.
func (f *refunding) isLong() bool {
	byRounds := f.reaches(&f.rounds, roundsPerRun, "refund-continues-")
	byHeard := f.reaches(&f.heard, heardPerRun, "refund-heard-")
	if !byRounds && !byHeard && f.erasedAt.IsZero() {
		return false
	}
	awaitIn(f.ctx, func() bool { f.hear(); return f.decision != nil || workflow.AllHandlersFinished(f.ctx) })
	return f.decision == nil
}

// continues returns the error that starts the next run, which never knew a person who was erased.
func (f *refunding) continues() error {
	if !f.erasedAt.IsZero() {
		f.refund = f.refund.Erased()
		forget(f.ctx, f.erasedAt, saga.RefundMemo, f.refund)
	}
	return workflow.NewContinueAsNewError(f.ctx, saga.RefundType, f.refund)
}

// reaches reports whether a run has reached a limit and may end there.
func (f *refunding) reaches(l *long, most int, change string) bool {
	if l.now < most {
		return false
	}
	if workflow.GetVersion(f.ctx, change+strconv.Itoa(l.before+1), workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		l.now, l.before = 0, l.before+1
		return false
	}
	return true
}

// known answers callers once it is known whether the refund is owed.
func (f *refunding) known() {
	f.stands = f.refund
	f.show()
}

// record stores the refund as it is now.
func (f *refunding) record() {
	f.refund.Version++
	f.stands = f.refund
	f.must(workflow.ExecuteActivity(activities.Patient(f.ctx, "record the refund as "+string(f.refund.Status)),
		activities.NameRecordRefund, f.refund).Get(f.ctx, nil), activities.NameRecordRefund)
	f.show()
}

// set records another status, and makes a lasting status searchable for operators.
func (f *refunding) set(s order.RefundStatus, detail string) {
	f.refund.Status, f.refund.Detail = s, detail
	f.record()
	f.attribute()
}

func (f *refunding) attribute() {
	if err := workflow.UpsertTypedSearchAttributes(f.ctx, saga.RefundStatus.ValueSet(string(f.refund.Status))); err != nil {
		workflow.GetLogger(f.ctx).Error("search attribute was not set", "error", err)
	}
}

// finish answers every caller that still waits.
func (f *refunding) finish() {
	f.known()
	awaitIn(f.ctx, func() bool {
		f.hear()
		if f.decision != nil { // it came too late
			f.decision.late, f.decision = true, nil
		}
		return workflow.AllHandlersFinished(f.ctx)
	})
}

// must stops the workflow if a step that never gives up gave up, which is a bug. The task
// fails and is retried until the code is fixed; nothing is lost.
func (f *refunding) must(err error, step string) {
	if err != nil {
		panic(fmt.Errorf("step %s gave up: %w", step, err))
	}
}

func (f *refunding) show() {
	r := f.refund
	text := fmt.Sprintf("**%s** · %s · %s\n\npayment %s of order %s, by %s", r.Status, r.Reason,
		saga.Money(r.Amount, r.Currency), r.PaymentID, r.OrderID, r.Provider)
	if r.Shortfall > 0 {
		text += "\n\n" + saga.Money(r.Shortfall, r.Currency) + " more are owed, but were not left of the payment"
	}
	if r.Detail != "" {
		text += "\n\n" + r.Detail
	}
	workflow.SetCurrentDetails(f.ctx, text)
}

// notDecidable refuses a decision that doesn't fit the refund's current state.
func (f *refunding) notDecidable() error {
	return temporal.NewApplicationError("the refund is "+string(f.stands.Status), saga.NotDecidableError, f.stands)
}
