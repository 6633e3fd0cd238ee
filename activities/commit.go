package activities

import (
	"context"
	"fmt"

	"holdfast/order"
	"holdfast/product"
)

// Commit sells what an order holds and records the order as paid.
type Commit struct {
	Stock   Stock
	Records Records
}

// CommitParams carries the order as it will be once its units are sold.
type CommitParams struct {
	Order    order.Order
	Payments map[string]order.Attempt
	// Try is the last one of the order's saga.
	Try int
	// Network is Placement.Network.
	Network string `json:",omitempty"`
}

// CommitResult names what the order no longer had. In that case nothing was recorded.
type CommitResult struct {
	// Lost are products that no longer held anything for the order, because Redis lost the
	// hold or it was released.
	Lost []string `json:"lost,omitempty"`
	// LostCoupons are those of which the order's claim was released.
	LostCoupons []string `json:"lostCoupons,omitempty"`
}

// Any reports whether the order had lost something.
func (r CommitResult) Any() bool { return len(r.Lost)+len(r.LostCoupons) > 0 }

// Execute commits every product and coupon.
func (a *Commit) Execute(ctx context.Context, p CommitParams) (CommitResult, error) {
	sale := saleOf(&p.Order, p.Try)
	states, err := a.Stock.CommitSale(ctx, sale)
	if err != nil {
		return CommitResult{}, fmt.Errorf("commit stock of order %s: %w", p.Order.ID, err)
	}
	lost := CommitResult{Lost: notCommitted(sale.ProductIDs, states.Products)}
	for i, s := range states.Coupons {
		if s == product.HoldStateReleased {
			lost.LostCoupons = append(lost.LostCoupons, sale.Coupons[i].Code)
		}
	}
	if lost.Any() {
		return lost, nil
	}
	if err := record(ctx, a.Records, RecordParams{Order: p.Order, Payments: p.Payments, Network: p.Network}); err != nil {
		return CommitResult{}, fmt.Errorf("record order %s as paid: %w", p.Order.ID, err)
	}
	return CommitResult{}, nil
}

func notCommitted(ids []string, states []product.HoldState) []string {
	var lost []string
	for i, s := range states {
		if s != product.HoldStateCommitted {
			lost = append(lost, ids[i])
		}
	}
	return lost
}
