package activities

import (
	"context"
	"fmt"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Reclaim holds and sells again what a paid order lost, whatever the current listing and
// price, and takes its uses of coupons, whatever their limits.
type Reclaim struct {
	Stock Stock
}

// ReclaimParams contains forced requests of one try.
type ReclaimParams struct {
	OrderID  string
	Requests []product.HoldRequest
	// Coupons of the order placed at PlacedAt, whose uses the new try takes.
	Coupons  []order.CouponUse `json:",omitempty"`
	PlacedAt time.Time         `json:",omitzero"`
	Try      int               `json:",omitempty"`
}

// Execute returns the products that can't be had any more.
func (a *Reclaim) Execute(ctx context.Context, p ReclaimParams) (CommitResult, error) {
	var sale order.Sale
	var lost []string
	if len(p.Requests) > 0 {
		answers, err := a.Stock.Hold(ctx, p.Requests)
		if err != nil {
			return CommitResult{}, fmt.Errorf("hold again for paid order %s: %w", p.OrderID, err)
		}
		for i, h := range answers {
			r := p.Requests[i]
			if h.Outcome == product.HoldMade {
				sale.ProductIDs, sale.Holder, sale.Try = append(sale.ProductIDs, r.ProductID), r.Holder(), r.Try
			} else {
				lost = append(lost, r.ProductID)
			}
		}
	}
	if len(p.Coupons) > 0 {
		sale.Holder, sale.Try = product.Holder{OrderID: p.OrderID, PlacedAt: p.PlacedAt}, p.Try
		sale.Coupons = withoutGuest(p.Coupons)
	}
	if len(sale.ProductIDs)+len(sale.Coupons) > 0 {
		states, err := a.Stock.CommitSale(ctx, sale)
		if err != nil {
			return CommitResult{}, fmt.Errorf("commit again for paid order %s: %w", p.OrderID, err)
		}
		lost = append(lost, notCommitted(sale.ProductIDs, states.Products)...)
	}
	return CommitResult{Lost: lost}, nil
}
