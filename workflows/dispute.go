package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// Dispute is an alert: a buyer's bank reclaims a payment. The workflow records what the
// provider says beside the order's payments, and stays open until an operator has dismissed
// it. It never touches the order, which may have ended long ago. A later message from the
// provider starts the workflow again, and raises an alert if it is news.
func Dispute(ctx workflow.Context, d order.Dispute) (order.Dispute, error) {
	own, _ := workflow.NewDisconnectedContext(ctx)
	a := &disputing{ctx: own, dispute: d, said: workflow.GetSignalChannel(own, saga.DisputedSignal)}
	if err := a.listen(); err != nil {
		return d, err
	}
	if d.Version == 0 {
		if foreign, err := a.find(); err != nil || foreign {
			a.drain()
			a.ready = true
			awaitIn(own, func() bool {
				a.dismissal = nil // the dispute isn't ours
				return workflow.AllHandlersFinished(own)
			})
			return a.dispute, err
		}
	}
	a.ready = true
	for {
		for a.hear() {
			a.record()
		}
		switch {
		case a.dismissal != nil:
			a.dismiss()
		case !a.dispute.DismissedAt.IsZero() && workflow.AllHandlersFinished(own):
			return a.dispute, nil
		case a.heard >= messagesPerRun && workflow.AllHandlersFinished(own):
			return a.dispute, workflow.NewContinueAsNewError(ctx, saga.DisputeType, a.dispute)
		default:
			awaitIn(own, func() bool {
				return a.said.Len() > 0 || a.dismissal != nil ||
					((!a.dispute.DismissedAt.IsZero() || a.heard >= messagesPerRun) && workflow.AllHandlersFinished(own))
			})
		}
	}
}

// messagesPerRun bounds a run's history, however often a provider repeats itself.
const messagesPerRun = 100

// disputing is the state of one dispute's workflow.
type disputing struct {
	ctx       workflow.Context
	dispute   order.Dispute
	said      workflow.ReceiveChannel
	dismissal *saga.Dismissal
	// ready is true once the recorded state of the dispute is known.
	ready bool
	heard int
}

func (a *disputing) listen() error {
	if err := workflow.SetQueryHandler(a.ctx, saga.DisputeQuery, func() (order.Dispute, error) { return a.dispute, nil }); err != nil {
		return fmt.Errorf("register the query: %w", err)
	}
	if err := workflow.SetUpdateHandler(a.ctx, saga.DismissUpdate, func(ctx workflow.Context, d saga.Dismissal) (order.Dispute, error) {
		awaitIn(ctx, func() bool { return a.ready && a.dismissal == nil })
		if a.dispute.DismissedAt.IsZero() {
			a.dismissal = &d
			awaitIn(ctx, func() bool { return a.dismissal == nil })
		}
		return a.dispute, nil
	}); err != nil {
		return fmt.Errorf("register the dismissal: %w", err)
	}
	return nil
}

// find reads the dispute's recorded state and the order that it belongs to. It reports
// whether the payment is foreign: taken through the same account, but not by this shop.
func (a *disputing) find() (foreign bool, err error) {
	var found activities.DisputeFound
	if err := workflow.ExecuteActivity(activities.AtProvider(a.ctx, "whose payment is disputed?"), activities.NameFindDispute,
		a.dispute).Get(a.ctx, &found); err != nil {
		return false, err
	}
	if found.Recorded {
		a.dispute = found.Dispute
	}
	a.dispute.OrderID = cmp.Or(a.dispute.OrderID, found.OrderID)
	return found.Foreign, nil
}

// hear applies what the provider has said, and reports whether that changes the record. A
// run that was started by a message it already knows has nothing to show.
func (a *disputing) hear() (changed bool) {
	var m order.Dispute
	for a.said.ReceiveAsync(&m) {
		a.heard++
		changed = a.dispute.Hear(m) || changed
		m = order.Dispute{}
	}
	return changed
}

func (a *disputing) drain() {
	for a.said.ReceiveAsync(nil) {
	}
}

func (a *disputing) dismiss() {
	a.dispute.DismissedAt, a.dispute.DismissedBy = workflow.Now(a.ctx).UTC(), a.dismissal.Actor
	a.record()
	a.dismissal = nil
}

// record stores the dispute beside its order's payments, where the order is known, and in
// the list of disputes.
func (a *disputing) record() {
	a.dispute.Version++
	d := a.dispute
	if d.OrderID != "" {
		if err := workflow.ExecuteActivity(activities.Patient(a.ctx, "record the dispute as "+string(d.Status)),
			activities.NameRecordDispute, d).Get(a.ctx, nil); err != nil {
			panic(fmt.Errorf("step %s gave up: %w", activities.NameRecordDispute, err))
		}
	}
	if err := workflow.UpsertMemo(a.ctx, map[string]any{saga.DisputeMemo: d}); err != nil {
		workflow.GetLogger(a.ctx).Error("lists still show the dispute's previous state", "error", err)
	}
	workflow.SetCurrentDetails(a.ctx, fmt.Sprintf("**%s** · %s · %s\n\npayment %s of order %s, by %s",
		d.Status, d.Reason, saga.Money(d.Amount, d.Currency), d.PaymentID, cmp.Or(d.OrderID, "(unknown)"), d.Provider))
}
