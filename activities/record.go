package activities

import (
	"context"
	"fmt"

	"holdfast/order"
)

// Record writes an order's document.
type Record struct {
	Records Records
}

// RecordParams carry the order whole: a local activity's input is not recorded.
type RecordParams struct {
	Order    order.Order
	Payments map[string]order.Attempt
}

// Execute writes the document if it is newer than the one that is there.
func (a *Record) Execute(ctx context.Context, p RecordParams) error {
	if err := record(ctx, a.Records, &p.Order, p.Payments); err != nil {
		return fmt.Errorf("record order %s as %s: %w", p.Order.ID, p.Order.Status, err)
	}
	return nil
}
