package views

import (
	"context"
	"fmt"
	"slices"

	"holdfast/records"
	"holdfast/search"
)

// coldLostError says that the view that alone had orders is gone, and that building it
// anew would give them up.
type coldLostError struct{ orders int64 }

func (e *coldLostError) Error() string {
	return fmt.Sprintf("the view of orders was lost, or made empty, and %d orders had left Redis for it: it isn't built anew"+
		` unasked. Restore its snapshot, or give them up: see "The orders view was lost" in docs/runbook.md`, e.orders)
}

// coldOrdersLost answers a coldLostError where a rebuild of this view would give up
// orders that a snapshot may have. One that is only of an older shape has its orders.
func coldOrdersLost(ctx context.Context, c Config, view search.View) error {
	if view != search.ViewOrders {
		return nil
	}
	unfilled, err := c.Index.Unfilled(ctx)
	if err != nil {
		return fmt.Errorf("look whether the view of %s was lost: %w", view, search.WithCause(err))
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
