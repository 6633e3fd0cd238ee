package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/order"
	"holdfast/product"
)

// Unwind undoes the sale of a paid order that can't get all of its units or was cancelled
// before its delivery.
type Unwind struct {
	Stock Stock
}

// UnwindParams names what the order was to buy.
type UnwindParams struct {
	OrderID  string
	PlacedAt time.Time `json:",omitzero"`
	Try      int
	// Lost names products that hold nothing. It only informs readers of the history: each
	// hold itself records whether its units were sold.
	Lost []string
	// Items lists all products of the order; what was sold is restocked.
	Items map[string][]product.Item
	// Return is the reason, part of the return's id; empty means "no-stock".
	Return string
}

// UnwindResult names what could not be returned to the stock. It is empty in histories of earlier versions.
type UnwindResult struct {
	Refused []RestockRefusal `json:"refused,omitempty"`
}

// Execute ends the order's tries, which releases what is only on hold (Redis may have lost
// the sale). Then it restocks, once, what was sold, including a product that the saga
// believed lost but that an attempt thought dead has sold since.
func (a *Unwind) Execute(ctx context.Context, p UnwindParams) (UnwindResult, error) {
	var res UnwindResult
	ids := slices.Sorted(maps.Keys(p.Items))
	holder := product.Holder{OrderID: p.OrderID, PlacedAt: p.PlacedAt}
	states, err := a.Stock.ReleaseSale(ctx, order.Sale{Holder: holder, Try: p.Try, ProductIDs: ids}, cmp.Or(p.Return, "no_stock"))
	if err != nil {
		return res, fmt.Errorf("end the tries of order %s: %w", p.OrderID, err)
	}
	for i, id := range ids {
		if states.Products[i] != product.HoldStateCommitted {
			continue
		}
		_, refused, err := restock(ctx, a.Stock, holder, id, product.ReturnID(p.Return, p.OrderID), p.Items[id])
		if err != nil {
			return res, fmt.Errorf("restock product %s of order %s: %w", id, p.OrderID, err)
		}
		res.Refused = append(res.Refused, refused...)
	}
	return res, nil
}

// restockSold returns what an order bought. It gives up only if no retry can help: the
// variant was removed, or can't have more units. The audit names such units.
func restockSold(ctx context.Context, stock Stock, h product.Holder, productID, returnID string, items []product.Item) error {
	_, err := stock.Restock(ctx, h, productID, returnID, items)
	_, tooMany := errors.AsType[product.Invalid](err)
	if tooMany || errors.Is(err, product.ErrUnknownSKU) || errors.Is(err, product.ErrNotFound) || errors.Is(err, product.ErrNotSold) {
		if activity.IsActivity(ctx) {
			activity.GetLogger(ctx).Error("sold units can't be restocked",
				"order_id", h.OrderID, "product_id", productID, "error", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("restock product %s of order %s: %w", productID, h.OrderID, err)
	}
	return nil
}
