package order

import (
	"encoding/json"
	"time"
)

// Resumed is what a workflow that was terminated knew about its paid order. Another run of the workflow
// starts with it.
type Resumed struct {
	Order    Order              `json:"order"`
	Payments map[string]Attempt `json:"payments,omitempty"`
	// Unread are messages that the workflow had received and may not have handled, in the order in
	// which they arrived. One that it had handled is recognized like any repetition.
	Unread []Message `json:"unread,omitempty"`
	// Erased is set if the workflow was not terminated: it went on as this run because its order's
	// person was erased.
	Erased *Continued `json:"erased,omitempty"`
}

// Continued is what a run passes on that has recorded everything, beside its order and payments.
type Continued struct {
	// Try is the last attempt to hold the stock, and Attempts is how many payments were opened.
	Try      int `json:"try"`
	Attempts int `json:"attempts,omitempty"`
	// EventRuns is for how many events the shop's commands have run.
	EventRuns int `json:"eventRuns,omitempty"`
	// Payable are the payments that a provider may still collect.
	Payable []Payable `json:"payable,omitempty"`
	// Ends is set for an unpaid order that ends as soon as that can't happen any more.
	Ends *Ends `json:"ends,omitempty"`
}

// Payable is a payment that was requested, with its id if the provider has said it. Failed means that the
// buyer's attempt failed.
type Payable struct {
	Request PaymentRequest `json:"request"`
	ID      string         `json:"id,omitempty"`
	Failed  bool           `json:"failed,omitempty"`
}

// Ends is how an unpaid order ends. Requested means that a request to cancel it waits for that: if the
// order turns out to be paid, it is still to be cancelled.
type Ends struct {
	Status    Status `json:"status"`
	Reason    Reason `json:"reason"`
	Actor     string `json:"actor"`
	Requested bool   `json:"requested,omitempty"`
}

// Message is a signal to an order's workflow, or the argument of an update.
type Message struct {
	Name string          `json:"name"`
	Body json.RawMessage `json:"body"`
}

// resumeGap is how far the versions of a resumed order jump. Its document may be ahead of the workflow:
// the step that a termination interrupts may have stored several versions, one for each message that it
// took. There are at most 10,000 messages, which is Temporal's limit of signals.
const resumeGap = 10_000

// Resume continues a paid order as its terminated workflow left it. An order of shape 1 is handled like
// a new one from here on.
func (o *Order) Resume(at time.Time) {
	o.Version += resumeGap
	if o.Fulfilment == nil {
		o.Fulfil(at)
	}
	o.Restore()
	o.Step("resumed", ActorOperator, at, nil)
}

// GoOnErased continues an order that was erased, as its workflow left it.
func (o *Order) GoOnErased(at time.Time) {
	if o.Fulfilment == nil && o.Status.TookPayment() && !o.Closed() {
		o.Fulfil(at)
	}
	o.Restore()
	if o.Fulfilment != nil && !o.Closed() && len(o.OpenUnits()) > 0 {
		o.Raise(Alert{Rule: RuleErased, ID: AlertID(RuleErased, o.ID), Detail: "the order can't be sent any more: cancel what isn't packed"})
	}
	o.Step("erased", ActorSystem, at, nil)
}
