package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"

	"holdfast/order"
)

// Assign gives a payment of an unknown order to the order that it is meant for.
type Assign struct {
	// Signal passes a payment to an order's saga. It returns a serviceerror.NotFound if
	// none is open.
	Signal func(ctx context.Context, e order.PaymentEvent) error
	// Orders reports whether an order that is no longer open took the payment all the same:
	// the answer to an earlier signal may have been lost.
	Orders interface {
		Of(ctx context.Context, orderID string) (Fate, error)
	}
}

// AssignResult reports whether the order has the payment now.
type AssignResult struct {
	Assigned bool `json:"assigned"`
}

// Execute signals the order. A repeated call sends the order the same payment again.
func (a *Assign) Execute(ctx context.Context, e order.PaymentEvent) (AssignResult, error) {
	err := a.Signal(ctx, e)
	if _, closed := errors.AsType[*serviceerror.NotFound](err); closed {
		fate, err := a.Orders.Of(ctx, e.OrderID)
		if err != nil {
			return AssignResult{}, fmt.Errorf("look up order %s: %w", e.OrderID, err)
		}
		return AssignResult{Assigned: fate.took(LookUpParams{Provider: e.Provider, PaymentID: e.PaymentID})}, nil
	}
	if err != nil {
		return AssignResult{}, fmt.Errorf("assign payment %s to order %s: %w", e.PaymentID, e.OrderID, err)
	}
	return AssignResult{Assigned: true}, nil
}
