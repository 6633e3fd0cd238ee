package activities

import (
	"context"
	"fmt"

	"holdfast/order"
)

// FindRefund reads the recorded refund, in Redis or in the archive.
type FindRefund struct {
	Records interface {
		Everything(ctx context.Context, orderID string) (order.Stored, error)
	}
}

// RefundFound is a refund on record, or none.
type RefundFound struct {
	Found  bool         `json:"found"`
	Refund order.Refund `json:"refund"`
}

// Execute reads the refund. It uses only the refund's own id, its payment and its order.
func (a *FindRefund) Execute(ctx context.Context, r order.Refund) (RefundFound, error) {
	st, err := a.Records.Everything(ctx, r.OrderID)
	if err == nil {
		err = st.Err
	}
	if err != nil {
		return RefundFound{}, fmt.Errorf("read the payments of order %s: %w", r.OrderID, err)
	}
	money, err := order.ReadPayments(st.Payments)
	if err != nil {
		return RefundFound{}, fmt.Errorf("read the payments of order %s: %w", r.OrderID, err)
	}
	for _, there := range money.Refunds {
		if there.ID == r.ID && there.PaymentID == r.PaymentID {
			return RefundFound{Found: true, Refund: there}, nil
		}
	}
	return RefundFound{}, nil
}
