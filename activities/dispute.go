package activities

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/order"
)

// FindDispute finds out which order a disputed payment is of, and how the dispute stands
// on record, wherever that order is by now.
type FindDispute struct {
	// OrderOf asks a provider whose payment it is. ours is false for a payment that others
	// took by the same account; orderID is empty where the provider doesn't know it.
	OrderOf func(ctx context.Context, provider, paymentID string) (orderID string, ours bool, err error)
	Records interface {
		Everything(ctx context.Context, orderID string) (order.Stored, error)
	}
}

// DisputeFound is what is known of a dispute.
type DisputeFound struct {
	// Foreign: the payment is none of ours.
	Foreign bool `json:"foreign,omitempty"`
	// OrderID is empty where the payment's order is not known.
	OrderID string `json:"orderId,omitempty"`
	// Recorded says that Dispute is on record.
	Recorded bool          `json:"recorded,omitempty"`
	Dispute  order.Dispute `json:"dispute"`
}

// Execute asks. Of d nothing counts but its names.
func (a *FindDispute) Execute(ctx context.Context, d order.Dispute) (DisputeFound, error) {
	found := DisputeFound{OrderID: d.OrderID}
	if found.OrderID == "" {
		orderID, ours, err := a.OrderOf(ctx, d.Provider, d.PaymentID)
		if err != nil {
			return found, fmt.Errorf("whose is payment %s of %s: %w", d.PaymentID, d.Provider, err)
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

// DisputeRecord writes a dispute beside its order's payments.
type DisputeRecord struct {
	Records interface {
		PutDispute(ctx context.Context, orderID, provider, disputeID string, doc []byte) error
	}
}

// Execute writes the dispute as it is now; again is the same.
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
