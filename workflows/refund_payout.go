package workflows

import (
	"cmp"
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// How soon the provider is asked again about a refund that it accepted but hasn't paid out.
const (
	firstPending   = time.Minute
	longestPending = time.Hour
	// patientPolls is the number of polls until the pause reaches its maximum.
	patientPolls = 6
)

// payOut has the provider send the money, or asks about a refund that it already has, once.
// An operator may settle the refund by hand meanwhile.
func (f *refunding) payOut() {
	if f.decision != nil {
		f.decide()
		return
	}
	f.rounds.now++
	if answer, answered := f.ask(); answered {
		f.takeAnswer(answer)
	}
	switch {
	case f.decision != nil:
		f.decide()
	case f.refund.Status == order.RefundPending:
		f.pause()
	}
}

// ask has the provider pay. If an operator decides meanwhile, or the next run is to go on, no further
// attempt is made, but the one in flight is awaited: it may have sent the money.
func (f *refunding) ask() (answer order.RefundAnswer, answered bool) {
	f.failures = nil // the answer is newer
	ctx, stop := workflow.WithCancel(f.ctx)
	defer stop()
	asked := workflow.ExecuteActivity(
		activities.SendingMoney(ctx, "refund "+saga.Money(f.refund.Amount, f.refund.Currency)+" at "+f.refund.Provider),
		activities.NamePayRefund, f.refund)
	awaitIn(f.ctx, func() bool { f.hear(); return asked.IsReady() || f.decision != nil || !f.erasedAt.IsZero() })
	stopped := !asked.IsReady()
	if stopped {
		stop()
	}
	err := asked.Get(f.ctx, &answer)
	if err != nil && stopped {
		workflow.GetLogger(f.ctx).Warn("a refund no longer waits for the provider's answer", "error", err)
		return answer, false
	}
	f.must(err, activities.NamePayRefund)
	return answer, true
}

func (f *refunding) takeAnswer(answer order.RefundAnswer) {
	f.refund.ProviderID = cmp.Or(answer.ProviderID, f.refund.ProviderID)
	switch {
	case answer.Status == order.RefundPaid:
		f.refund.PaidAt = workflow.Now(f.ctx).UTC()
		f.set(order.RefundPaid, "")
	case answer.Status != order.RefundPending:
		f.set(order.RefundFailed, cmp.Or(answer.Detail, "the provider gave no reason"))
	case f.refund.Status != order.RefundPending:
		f.set(order.RefundPending, "")
	}
}

// pause waits until it is time to ask again: immediately, if the provider reports a
// failure.
func (f *refunding) pause() {
	pause := min(firstPending<<min(f.polls, patientPolls), longestPending)
	f.polls++
	ctx, stop := workflow.WithCancel(f.ctx)
	defer stop()
	timer := workflow.NewTimerWithOptions(ctx, pause, workflow.TimerOptions{Summary: "ask the provider again"})
	awaitIn(f.ctx, func() bool {
		f.hear()
		_, failed := f.failure()
		return timer.IsReady() || f.decision != nil || failed || !f.erasedAt.IsZero()
	})
	if timer.IsReady() {
		f.must(timer.Get(f.ctx, nil), "timer")
	}
}

// hear reads the provider's reports of failures, and whether the order's person was erased.
func (f *refunding) hear() {
	for f.erasing.ReceiveAsync(&f.erasedAt) {
	}
	var said saga.RefundFailure
	for f.failing.ReceiveAsync(&said) {
		f.heard.now++
		if said.ProviderID != "" && len(f.failures) < order.MaxDecisions {
			f.failures = append(f.failures, said)
		}
		said = saga.RefundFailure{}
	}
}

// failure returns what the provider reported about the money that was sent last. A report
// about money that was sent earlier is an old message.
func (f *refunding) failure() (saga.RefundFailure, bool) {
	i := slices.IndexFunc(f.failures, func(said saga.RefundFailure) bool { return said.ProviderID == f.refund.ProviderID })
	if i < 0 {
		return saga.RefundFailure{}, false
	}
	return f.failures[i], true
}

// failsAfterAll reports whether the provider has said, since it paid, that the money came
// back. Then an operator decides.
func (f *refunding) failsAfterAll() bool {
	said, failed := f.failure()
	if !failed || f.refund.Status != order.RefundPaid {
		return false
	}
	f.fail(said.Detail)
	return true
}

func (f *refunding) fail(detail string) {
	f.refund.PaidAt = time.Time{}
	f.set(order.RefundFailed, cmp.Or(detail, "the provider gave no reason"))
}

// reopen starts with a provider's report that money thought to be paid came back. It
// reports whether that is news: a repeated message about money that was since sent again,
// or settled, is not.
func (f *refunding) reopen() (bool, error) {
	said := f.refund
	var on activities.RefundFound
	if err := workflow.ExecuteActivity(activities.Patient(f.ctx, "how does the refund stand on record?"),
		activities.NameFindRefund, said).Get(f.ctx, &on); err != nil {
		return false, err
	}
	if on.Found {
		f.refund = on.Refund
		if !isNews(on.Refund, said.ProviderID) {
			return false, nil
		}
		f.refund.ProviderID = said.ProviderID
	}
	f.known()
	f.fail(said.Detail)
	return true, nil
}

// isNews reports whether a failure is about the money that was sent last. A record restored
// from an older copy may not name it.
func isNews(r order.Refund, providerID string) bool {
	if r.Status.Over() {
		return r.Status == order.RefundPaid && r.ProviderID == providerID
	}
	return r.ProviderID == providerID || (r.ProviderID == "" && !slices.Contains(r.FailedIDs, providerID))
}
