package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/product"
)

// Release gives back everything that an order holds.
type Release struct {
	Stock Stock
}

// ReleaseParams is recorded in the order's history, so it carries no lines.
type ReleaseParams struct {
	OrderID    string    `json:"orderId"`
	PlacedAt   time.Time `json:"placedAt,omitzero"`
	ProductIDs []string  `json:"productIds"`
	// Try and all earlier ones are ended.
	Try    int    `json:"try"`
	Reason string `json:"reason"`
}

// Execute releases every product of the order.
func (a *Release) Execute(ctx context.Context, p ReleaseParams) error {
	holder := product.Holder{OrderID: p.OrderID, PlacedAt: p.PlacedAt}
	states, err := a.Stock.Release(ctx, holder, p.Try, p.ProductIDs, p.Reason)
	if err != nil {
		return fmt.Errorf("release stock of order %s: %w", p.OrderID, err)
	}
	for i, s := range states {
		if s == product.HoldStateCommitted {
			// Nothing commits an unpaid order. The audit will name these units too.
			activity.GetLogger(ctx).Error("an order that ended unpaid has sold units",
				"order_id", p.OrderID, "product_id", p.ProductIDs[i])
		}
	}
	return nil
}
