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
	// Changed are the packages to write; the others only if the store lacks them. nil means
	// all.
	Changed []string
	// Try is the last one of the order's saga.
	Try int
	// Network is Placement.Network.
	Network string `json:",omitempty"`
}

// Execute stores the document if it is newer than the stored one. What a paid order bought
// is remembered until this step has closed the order, and for a while after. An order that was
// taken back as a whole gives its uses of coupons back here; one that was never paid did so
// with its stock.
func (a *Record) Execute(ctx context.Context, p RecordParams) error {
	if err := record(ctx, a.Records, p); err != nil {
		return fmt.Errorf("record order %s as %s: %w", p.Order.ID, p.Order.Status, err)
	}
	bought := p.Order.Status.TookPayment() || p.Order.TookUnitsBack() || p.Order.Fulfilment != nil
	if !p.Order.Closed() || !bought {
		return nil
	}
	if err := a.Stock.CloseSale(ctx, saleOf(&p.Order, p.Try), p.Order.Status.Ended()); err != nil {
		return fmt.Errorf("close the sales of order %s: %w", p.Order.ID, err)
	}
	return nil
}
