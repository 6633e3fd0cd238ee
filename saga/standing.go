package saga

import (
	"cmp"
	"time"

	"holdfast/order"
)

// Listed is an order as a list of workflows shows it.
type Listed struct {
	OrderID string
	// Status as operators search for it: StatusOpen until the order is paid or closed.
	Status  string
	Running bool
	// Stuck means that Temporal reports a workflow that can't continue.
	Stuck bool
}

// Recorded is the state of an order according to its workflow.
type Recorded struct {
	// Known is false if Temporal has no such workflow, or no longer has it.
	Known   bool
	Running bool
	// ByForce means that its workflow was terminated before the order was closed.
	ByForce bool
	// Closed means that nothing more happens to the order.
	Closed  bool
	Status  order.Status
	Version int64
}

// Placed is the state of a placement.
type Placed struct {
	// Decided is false while the order's stock is being held. Only the fingerprint of its
	// outcome is known then.
	Decided bool
	Outcome order.Outcome
	// Begun is when the order's workflow started, if it is undecided.
	Begun time.Time
}

// Fate is the outcome of an order, as its workflow recorded it.
type Fate struct {
	// Known is false for an order that neither Temporal nor the records know.
	Known bool
	// Running means that its own workflow is in charge of it.
	Running bool
	Status  order.Status
	// Closed means that nothing more happens to the order.
	Closed bool
	// PlacedAt says which order with this id the fate belongs to; zero if that isn't known,
	// and for a running workflow.
	PlacedAt time.Time
	// Provider and PaymentID of the payment that the order took.
	Provider, PaymentID string
	// Ended is the order and its payments as a terminated workflow left them; nil
	// otherwise, and if the workflow had done nothing yet.
	Ended    *order.Order
	Payments map[string]order.Attempt
}

// FateOf returns the fate of an order in the given state.
func FateOf(o order.Order) Fate {
	fate := Fate{Known: true, Status: o.Status, Closed: o.Closed(), PlacedAt: o.PlacedAt}
	if o.Payment.Status == order.PaymentPaid || o.Status.TookPayment() {
		fate.Provider, fate.PaymentID = o.Payment.Provider, o.Payment.ID
	}
	return fate
}

// RefundID names one refund of one payment.
type RefundID struct{ PaymentID, RefundID string }

// Compare sorts refunds by their payments.
func (r RefundID) Compare(s RefundID) int {
	return cmp.Or(cmp.Compare(r.PaymentID, s.PaymentID), cmp.Compare(r.RefundID, s.RefundID))
}

// DisputeID names a dispute of a provider.
type DisputeID struct{ Provider, DisputeID string }

// Compare sorts disputes by their providers.
func (d DisputeID) Compare(e DisputeID) int {
	return cmp.Or(cmp.Compare(d.Provider, e.Provider), cmp.Compare(d.DisputeID, e.DisputeID))
}
