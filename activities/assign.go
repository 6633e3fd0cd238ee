package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"

	"holdfast/order"
)

// Assign gives a payment of an unknown order to the order that it is for.
type Assign struct {
	// Signal hands an order's saga a payment; serviceerror.NotFound where none is open.
	Signal func(ctx context.Context, e order.PaymentEvent) error
}

// AssignResult tells whether an open order has the payment now.
type AssignResult struct {
	Assigned bool `json:"assigned"`
}

// Execute signals the order. Again, the order hears of the same payment twice.
func (a *Assign) Execute(ctx context.Context, e order.PaymentEvent) (AssignResult, error) {
	err := a.Signal(ctx, e)
	if _, closed := errors.AsType[*serviceerror.NotFound](err); closed {
		return AssignResult{}, nil
	}
	if err != nil {
		return AssignResult{}, fmt.Errorf("assign payment %s to order %s: %w", e.PaymentID, e.OrderID, err)
	}
	return AssignResult{Assigned: true}, nil
}
