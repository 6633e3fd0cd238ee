package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/order"
	"holdfast/product"
)

// Release gives back everything that an order holds, and its uses of coupons.
type Release struct {
	Stock Stock
}

// ReleaseParams is recorded in the order's history, so it carries no lines.
type ReleaseParams struct {
	OrderID    string    `json:"orderId"`
	PlacedAt   time.Time `json:"placedAt,omitzero"`
	ProductIDs []string  `json:"productIds"`
	// Coupons are the codes of those of which the order takes a use.
	Coupons []string `json:"coupons,omitempty"`
	// Try and all earlier ones are ended.
	Try    int    `json:"try"`
	Reason string `json:"reason"`
}

// Execute releases every product and coupon of the order.
func (a *Release) Execute(ctx context.Context, p ReleaseParams) error {
	sale := order.Sale{
		Holder: product.Holder{OrderID: p.OrderID, PlacedAt: p.PlacedAt}, Try: p.Try, ProductIDs: p.ProductIDs,
	}
	for _, code := range p.Coupons {
		sale.Coupons = append(sale.Coupons, order.CouponUse{Code: code})
	}
	states, err := a.Stock.ReleaseSale(ctx, sale, p.Reason)
	if err != nil {
		return fmt.Errorf("release stock of order %s: %w", p.OrderID, err)
	}
	for i, s := range states.Products {
		if s == product.HoldStateCommitted {
			// Nothing commits an unpaid order. The audit will name these units too.
			activity.GetLogger(ctx).Error("an order that ended unpaid has sold units",
				"order_id", p.OrderID, "product_id", p.ProductIDs[i])
		}
	}
	return nil
}
