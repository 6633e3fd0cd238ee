package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/saga"
)

// Temporal keeps at most 2,000 updates of a workflow, and lets 10 wait at a time. Past
// either it refuses every update, also those of operators. So what customers may ask of
// an order is limited here, by validators: what they refuse leaves no trace in history.
// The rest of the 2,000 is for operators.
const (
	// maxAttempts is how many payments an order opens.
	maxAttempts = 20
	// maxAsked is how many requests of customers history takes, of each kind. They are
	// more than maxAttempts, since an attempt that its provider didn't answer is asked for
	// again under its own number.
	maxAsked = 100
	// maxWaiting is how many requests of customers wait for their answers at a time, and
	// how many of operators. With the placement they are below Temporal's 10.
	maxWaiting = 4
)

// crowd counts requests. An operator who cancels on a customer's behalf is counted with
// the customers.
type crowd struct {
	// pays and cancels are the customers' in history.
	pays, cancels int
	// customers and operators are the requests that wait for their answers.
	customers, operators int
}

// enter counts a request that was let in.
func (c *crowd) enter(r *request) {
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
	return r.pay != nil || (r.cancel != nil && r.cancel.Reason == order.ReasonCustomer)
}

// limit returns the verdict on a request that the order is not to take, whatever it
// asks for, and false where it may come in.
func (s *orderSaga) limit(r *request) (saga.Verdict, bool) {
	switch {
	case r.pay != nil && (s.crowd.pays >= maxAsked || (s.atRest() && s.usedUp(r.pay.Provider))):
		return saga.VerdictTooManyAttempts, true
	case r.pay == nil && r.byCustomer() && s.crowd.cancels >= maxAsked:
		return saga.VerdictTooManyAttempts, true
	case *s.crowd.waiting(r) >= maxWaiting:
		return saga.VerdictBusy, true
	}
	return "", false
}

// usedUp reports whether a payment at the provider would be one attempt too many.
func (s *orderSaga) usedUp(provider string) bool {
	return s.numbered >= maxAttempts && !s.unanswered(provider)
}

// unanswered reports whether the last attempt is one that the provider never answered:
// it is asked for again.
func (s *orderSaga) unanswered(provider string) bool {
	n := len(s.payable)
	return n > 0 && s.payable[n-1].ID == "" && s.payable[n-1].Request.Provider == provider
}

// opensNoMore is usedUp for a request that came in while the order was at work. An order
// that opened more under an earlier version goes on so.
func (s *orderSaga) opensNoMore(provider string) bool {
	return s.usedUp(provider) &&
		workflow.GetVersion(s.ctx, "attempts-limited", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}
