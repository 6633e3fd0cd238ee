package views

import (
	"context"
	"fmt"
	"slices"

	"holdfast/records"
	"holdfast/search"
)

// coldLostError means that the view with the only copy of some orders is gone, and that a
// rebuild would give them up.
type coldLostError struct{ orders int64 }

func (e *coldLostError) Error() string {
	return fmt.Sprintf("the view of orders was lost, or created empty, and %d orders had left Redis for it: it isn't rebuilt"+
		` automatically. Restore its snapshot, or give them up: see "The orders view was lost" in docs/runbook.md`, e.orders)
}

// coldOrdersLost returns a coldLostError if a rebuild of this view would give up orders
// that a snapshot may have. A view that merely has an older shape still has its orders.
func coldOrdersLost(ctx context.Context, c Config, view search.View) error {
	if view != search.ViewOrders {
		return nil
	}
	unfilled, err := c.Index.Unfilled(ctx)
	if err != nil {
		return fmt.Errorf("check whether the view of %s was lost: %w", view, search.WithCause(err))
	}
	if !slices.Contains(unfilled, view) {
		return nil
	}
	left, err := records.Forgotten(ctx, c.Redis)
	if err != nil {
		return err
	}
	var all int64
	for _, n := range left {
		all += n
	}
	if all == 0 {
		return nil
	}
	return &coldLostError{all}
}
