package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/saga"
)

// Temporal accepts at most 2,000 updates per workflow, with 10 in flight at a time. Past
// either limit it refuses every update, operators' included, and it terminates a workflow
// beyond 51,200 events or 50 MiB of history. So validators limit what customers may ask of an
// order; what a validator refuses leaves no trace in history. The last of the updates and of the history
// are reserved for what closes or settles the order.
const (
	// maxAttempts is how many payments an order opens.
	maxAttempts = 20
	// maxAsked is how many customer requests of each kind history may contain. It exceeds
	// maxAttempts because an attempt that its provider didn't answer is requested again
	// under its own number.
	maxAsked = 100
	// maxUpdates is how many requests history may contain before it takes only those that settle
	// something, and maxEvents and maxBytes are how long it may be.
	maxUpdates = 1800
	maxEvents  = 40_000
	maxBytes   = 30 << 20
	// maxWaiting is how many customer requests, and how many operator requests, may wait
	// for their answers at a time. Together with the placement they stay below Temporal's
	// 10.
	maxWaiting = 4
)

// crowd counts requests. A cancellation that an operator makes on a customer's behalf
// counts as the customer's.
type crowd struct {
	// pays and cancels count the customer requests in history: those to pay, and all others. all
	// counts everyone's.
	pays, cancels, all int
	// customers and operators count the requests that wait for their answers.
	customers, operators int
}

// enter counts a request that was accepted.
func (c *crowd) enter(r *request) {
	c.all++
	switch {
	case r.pay != nil:
		c.pays++
	case r.byCustomer():
		c.cancels++
	}
	*c.waiting(r)++
}

// leave counts a request that was answered.
func (c *crowd) leave(r *request) { *c.waiting(r)-- }

func (c *crowd) waiting(r *request) *int {
	if r.byCustomer() {
		return &c.customers
	}
	return &c.operators
}

func (r *request) byCustomer() bool {
	return r.pay != nil || (r.change != nil && r.change.byCustomer) || (r.cancel != nil && r.cancel.Reason == order.ReasonCustomer)
}

// settles reports whether the request closes or settles something.
func (r *request) settles() bool {
	return r.cancel != nil || r.deliver != nil || (r.change != nil && r.change.settles)
}

// onlySettling explains VerdictLimit.
const onlySettling = "the order has taken as many requests or messages as it may: it can only be closed or settled now"

// isLong reports whether the history has no room but for what settles something. It is the same in a
// replay.
func (s *orderSaga) isLong() bool {
	return s.historyLength() >= maxEvents || workflow.GetInfo(s.ctx).GetCurrentHistorySize() >= maxBytes
}

// dropsOldNews reports whether scans that say nothing new are dropped because the history is long. Under
// an earlier version they were recorded.
func (s *orderSaga) dropsOldNews() bool {
	return s.isLong() && workflow.GetVersion(s.ctx, "history-limited", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}

// limit returns the answer to a request that exceeds a limit, whatever it asks for, or nil if it may
// proceed.
func (s *orderSaga) limit(r *request) *saga.Answer {
	full := s.crowd.all >= maxUpdates || s.isLong()
	switch {
	case r.pay != nil && (s.crowd.pays >= maxAsked || (s.atRest() && s.usedUp(r.pay.Provider))):
		return s.refusal(saga.VerdictTooManyAttempts, "")
	case r.pay == nil && r.byCustomer() && s.crowd.cancels >= maxAsked:
		return s.refusal(saga.VerdictTooManyAttempts, "")
	case r.byCustomer() && full:
		return s.refusal(saga.VerdictTooManyAttempts, "")
	case !r.settles() && full:
		return s.refusal(saga.VerdictLimit, onlySettling)
	case *s.crowd.waiting(r) >= maxWaiting:
		return s.refusal(saga.VerdictBusy, "")
	}
	return nil
}

// usedUp reports whether opening a payment at the provider would exceed the number of
// attempts.
func (s *orderSaga) usedUp(provider string) bool {
	return s.numbered >= maxAttempts && !s.unanswered(provider)
}

// unanswered reports whether the provider never answered the last attempt, which is then
// requested again.
func (s *orderSaga) unanswered(provider string) bool {
	n := len(s.payable)
	return n > 0 && s.payable[n-1].ID == "" && s.payable[n-1].Request.Provider == provider
}

// opensNoMore is usedUp for a request that arrived while the order was in the middle of a
// step. An order that opened more payments under an earlier version continues to do so.
func (s *orderSaga) opensNoMore(provider string) bool {
	return s.usedUp(provider) &&
		workflow.GetVersion(s.ctx, "attempts-limited", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}
