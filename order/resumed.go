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
