package activities

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/order"
)

// FindDispute finds the order of a disputed payment and the dispute's recorded state, in
// Redis or in the archive.
type FindDispute struct {
	// OrderOf asks a provider which order a payment belongs to. ours is false for a payment
	// taken through the same account by another application. orderID is empty if the
	// provider doesn't know it.
	OrderOf func(ctx context.Context, provider, paymentID string) (orderID string, ours bool, err error)
	Records interface {
		Everything(ctx context.Context, orderID string) (order.Stored, error)
	}
}

// DisputeFound is what is known about a dispute.
type DisputeFound struct {
	// Foreign means that the payment isn't ours.
	Foreign bool `json:"foreign,omitempty"`
	// OrderID is empty if the payment's order is unknown.
	OrderID string `json:"orderId,omitempty"`
	// Recorded means that Dispute is the recorded state.
	Recorded bool          `json:"recorded,omitempty"`
	Dispute  order.Dispute `json:"dispute"`
}

// Execute looks up the dispute. It uses only the ids in d.
func (a *FindDispute) Execute(ctx context.Context, d order.Dispute) (DisputeFound, error) {
	found := DisputeFound{OrderID: d.OrderID}
	if found.OrderID == "" {
		orderID, ours, err := a.OrderOf(ctx, d.Provider, d.PaymentID)
		if err != nil {
			return found, fmt.Errorf("find the order of payment %s at %s: %w", d.PaymentID, d.Provider, err)
		}
		found.OrderID, found.Foreign = orderID, !ours
	}
	if found.OrderID == "" {
		return found, nil
	}
	st, err := a.Records.Everything(ctx, found.OrderID)
	if err == nil {
		err = st.Err
	}
	if err != nil {
		return found, fmt.Errorf("read the payments of order %s: %w", found.OrderID, err)
	}
	money, err := order.ReadPayments(st.Payments)
	if err != nil {
		return found, fmt.Errorf("read the payments of order %s: %w", found.OrderID, err)
	}
	for _, there := range money.Disputes {
		if there.ID == d.ID && there.Provider == d.Provider {
			found.Recorded, found.Dispute = true, there
		}
	}
	return found, nil
}

// DisputeRecord stores a dispute beside its order's payments.
type DisputeRecord struct {
	Records interface {
		PutDispute(ctx context.Context, orderID, provider, disputeID string, doc []byte) error
	}
}

// Execute stores the current state of the dispute; it can be repeated.
func (a *DisputeRecord) Execute(ctx context.Context, d order.Dispute) error {
	doc, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode dispute %s: %w", d.ID, err)
	}
	if err := a.Records.PutDispute(ctx, d.OrderID, d.Provider, d.ID, doc); err != nil {
		return fmt.Errorf("record dispute %s: %w", d.ID, err)
	}
	return nil
}
