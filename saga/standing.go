package saga

import (
	"cmp"
	"time"

	"holdfast/order"
)

// Listed is an order as a list of workflows shows it.
type Listed struct {
	OrderID string
	// Status as operators find it: StatusOpen until the order is paid or closed.
	Status  string
	Running bool
	// Stuck: Temporal reports that its workflow can't go on.
	Stuck bool
}

// Recorded is how an order stands by its workflow.
type Recorded struct {
	// Known is false where Temporal has no such workflow, or no longer.
	Known   bool
	Running bool
	// ByForce: its workflow was ended by force before the order was closed.
	ByForce bool
	Status  order.Status
	Version int64
}

// Placed is how far a placement has come.
type Placed struct {
	// Decided is false while the order's stock is being asked for. Of its outcome the
	// fingerprint alone is known then.
	Decided bool
	Outcome order.Outcome
	// Begun is when the order's workflow started, of one that is not decided.
	Begun time.Time
}

// Fate is what became of an order, as its workflow recorded it.
type Fate struct {
	// Known is false for an order that neither Temporal nor the records know.
	Known bool
	// Running: its own workflow looks after it.
	Running bool
	Status  order.Status
	// PlacedAt says which order of this id it is of; zero where that isn't known, and of a
	// workflow that runs.
	PlacedAt time.Time
	// Provider and PaymentID of the payment that the order took.
	Provider, PaymentID string
	// Ended is the order and its payments as its workflow left them that was
	// ended by force; nil otherwise, and where it had not come to anything.
	Ended    *order.Order
	Payments map[string]order.Attempt
}

// FateOf is the fate of an order that stands as given.
func FateOf(o order.Order) Fate {
	fate := Fate{Known: true, Status: o.Status, PlacedAt: o.PlacedAt}
	if o.Payment.Status == order.PaymentPaid || o.Status.TookPayment() {
		fate.Provider, fate.PaymentID = o.Payment.Provider, o.Payment.ID
	}
	return fate
}

// RefundID names one refund of one payment.
type RefundID struct{ PaymentID, RefundID string }

// Compare orders refunds by their payments.
func (r RefundID) Compare(s RefundID) int {
	return cmp.Or(cmp.Compare(r.PaymentID, s.PaymentID), cmp.Compare(r.RefundID, s.RefundID))
}

// DisputeID names a dispute of a provider.
type DisputeID struct{ Provider, DisputeID string }

// Compare orders disputes by their providers.
func (d DisputeID) Compare(e DisputeID) int {
	return cmp.Or(cmp.Compare(d.Provider, e.Provider), cmp.Compare(d.DisputeID, e.DisputeID))
}
