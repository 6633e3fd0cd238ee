package activities

import (
	"context"
	"fmt"

	"holdfast/order"
)

// Record stores an order's document.
type Record struct {
	Records Records
	Stock   Stock
}

// RecordParams carries the whole order: a local activity's input is not recorded.
type RecordParams struct {
	Order    order.Order
	Payments map[string]order.Attempt
}

// Execute stores the document if it is newer than the stored one. What a paid order bought
// is remembered until this step has closed the order, and for a while after.
func (a *Record) Execute(ctx context.Context, p RecordParams) error {
	if err := record(ctx, a.Records, &p.Order, p.Payments); err != nil {
		return fmt.Errorf("record order %s as %s: %w", p.Order.ID, p.Order.Status, err)
	}
	if p.Order.Status != order.StatusDelivered && !p.Order.TookUnitsBack() {
		return nil
	}
	if err := a.Stock.CloseSales(ctx, p.Order.Holder(), p.Order.ProductIDs()); err != nil {
		return fmt.Errorf("close the sales of order %s: %w", p.Order.ID, err)
	}
	return nil
}
