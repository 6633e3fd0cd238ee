package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/sdk/activity"

	"holdfast/product"
)

// Unwind takes back the sale of a paid order: it can't get all of its units, or was
// cancelled before its delivery.
type Unwind struct {
	Stock Stock
}

// UnwindParams name what was sold and what could not be had.
type UnwindParams struct {
	OrderID string
	Try     int
	// Lost products hold nothing: their tries are ended.
	Lost []string
	// Items of all the order's products: what was sold goes back on the shelf.
	Items map[string][]product.Item
	// Return names why, in the return's id; empty is "no-stock".
	Return string
}

// Execute ends the tries of what was lost, and restocks, once, all that was
// sold: also a lost product that an attempt thought dead has sold since.
func (a *Unwind) Execute(ctx context.Context, p UnwindParams) error {
	var states []product.HoldState
	if len(p.Lost) > 0 {
		var err error
		if states, err = a.Stock.Release(ctx, p.OrderID, p.Try, p.Lost, "no_stock"); err != nil {
			return fmt.Errorf("end the tries of order %s: %w", p.OrderID, err)
		}
	}
	for id, items := range p.Items {
		if at := slices.Index(p.Lost, id); at >= 0 && states[at] != product.Committed {
			continue
		}
		if err := a.restock(ctx, p, id, items); err != nil {
			return err
		}
	}
	return nil
}

// restock gives up only on what no patience mends: a variant that was dropped
// since, or one that can't have more units. The audit names such units.
func (a *Unwind) restock(ctx context.Context, p UnwindParams, productID string, items []product.Item) error {
	orderID := p.OrderID
	err := a.Stock.Restock(ctx, productID, orderID, cmp.Or(p.Return, "no-stock")+"."+orderID, items)
	_, tooMany := errors.AsType[product.Invalid](err)
	if tooMany || errors.Is(err, product.ErrUnknownSKU) || errors.Is(err, product.ErrNotFound) {
		activity.GetLogger(ctx).Error("sold units can't go back on the shelf",
			"order_id", orderID, "product_id", productID, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("restock product %s of order %s: %w", productID, orderID, err)
	}
	return nil
}
