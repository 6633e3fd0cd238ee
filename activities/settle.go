package activities

import (
	"context"
	"fmt"

	"holdfast/product"
)

// Settling is what was done about a hold whose order may be gone.
type Settling string

const (
	// LeftAlone: the order's workflow runs and looks after its hold.
	LeftAlone Settling = "left_alone"
	// SettledSold: the order was paid; its units are committed.
	SettledSold Settling = "committed"
	// SettledBack: the order is closed or unknown; its units are back.
	SettledBack Settling = "released"
)

// Settler knows the rule for holds that outlived their order.
type Settler struct {
	Stock Stock
	Holds interface {
		HoldDetail(ctx context.Context, productID, orderID string) (product.HoldDetail, error)
	}
	Orders interface {
		Of(ctx context.Context, orderID string) (Fate, error)
	}
}

// Settle releases the hold of an order whose workflow is closed or unknown, or
// commits it where the order's result says that it is paid.
func (s *Settler) Settle(ctx context.Context, productID, orderID string) (Settling, error) {
	fate, err := s.Orders.Of(ctx, orderID)
	if err != nil {
		return "", err
	}
	if fate.Running {
		return LeftAlone, nil
	}
	if fate.Status.TookPayment() {
		states, err := s.Stock.Commit(ctx, orderID, []string{productID})
		if err != nil {
			return "", fmt.Errorf("commit what order %s paid of %s: %w", orderID, productID, err)
		}
		if states[0] != product.Committed { // it ended between two looks; the audit names what is missing
			return LeftAlone, nil
		}
		return SettledSold, nil
	}
	// The hold's own try, and not a higher one: a workflow that is reset may
	// hold again.
	hold, err := s.Holds.HoldDetail(ctx, productID, orderID)
	if err != nil {
		return "", fmt.Errorf("read the hold of order %s on %s: %w", orderID, productID, err)
	}
	if hold.State != product.Held {
		return LeftAlone, nil
	}
	if _, err := s.Stock.Release(ctx, orderID, hold.Try, []string{productID}, "swept"); err != nil {
		return "", fmt.Errorf("release what order %s left of %s: %w", orderID, productID, err)
	}
	return SettledBack, nil
}
