package activities

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/product"
)

// RestockUnits returns some of an order's units to the stock.
type RestockUnits struct {
	Stock Stock
}

// RestockUnitsParams carries only the units that come back: see SplitItems.
type RestockUnitsParams struct {
	OrderID  string                    `json:"orderId"`
	PlacedAt time.Time                 `json:"placedAt,omitzero"`
	ReturnID string                    `json:"returnId"` // an order.PartID
	Items    map[string][]product.Item `json:"items"`    // by product
}

// RestockUnitsResult says of each unit whether it came back.
type RestockUnitsResult struct {
	// Units that came back, by product and sku.
	Units   map[string]map[string]int64 `json:"units,omitempty"`
	Refused []RestockRefusal            `json:"refused,omitempty"`
}

// RestockRefusal is units of a variant that could not be returned to the stock.
type RestockRefusal struct {
	ProductID string        `json:"productId"`
	SKU       string        `json:"sku"`
	Units     int64         `json:"units"`
	Reason    RestockReason `json:"reason"`
}

// RestockReason is why units could not be returned to the stock. The list is open.
type RestockReason string

const (
	// RestockReasonNotFound means that there is no such product any more.
	RestockReasonNotFound RestockReason = "not_found"
	// RestockReasonUnknownSKU means that the product has no such variant any more.
	RestockReasonUnknownSKU RestockReason = "unknown_sku"
	// RestockReasonTooMany means that the stock would exceed product.MaxStock. It concerns all
	// variants of the product.
	RestockReasonTooMany RestockReason = "too_many"
	// RestockReasonNotSold means that, by the product's own record, the order didn't buy
	// these units, or has returned them already.
	RestockReasonNotSold RestockReason = "not_sold"
)

// Execute returns what it can, once per return id. It only fails if a retry may help, or if
// the return id was used for other units, which is a bug.
func (a *RestockUnits) Execute(ctx context.Context, p RestockUnitsParams) (RestockUnitsResult, error) {
	res := RestockUnitsResult{Units: map[string]map[string]int64{}}
	h := product.Holder{OrderID: p.OrderID, PlacedAt: p.PlacedAt}
	for _, id := range slices.Sorted(maps.Keys(p.Items)) {
		units, refused, err := restock(ctx, a.Stock, h, id, p.ReturnID, p.Items[id])
		switch {
		case errors.Is(err, product.ErrActionReused):
			return res, temporal.NewNonRetryableApplicationError(
				fmt.Sprintf("return %s of order %s was used for other units of product %s", p.ReturnID, p.OrderID, id), "restock-conflict", err)
		case err != nil:
			return res, fmt.Errorf("restock units of order %s: %w", p.OrderID, err)
		case len(units) > 0:
			res.Units[id] = units
		}
		res.Refused = append(res.Refused, refused...)
	}
	return res, nil
}

// restock returns units of a product that a paid order bought. Redis may have lost the sale in a failover and
// kept the hold: then the units are sold first, because otherwise the sweeper would sell those that came back,
// too.
func restock(ctx context.Context, stock Stock, h product.Holder, id, returnID string, items []product.Item) (map[string]int64, []RestockRefusal, error) {
	units, err := stock.Restock(ctx, h, id, returnID, items)
	if errors.Is(err, product.ErrNotSold) {
		states, failed := stock.CommitSale(ctx, order.Sale{Holder: h, ProductIDs: []string{id}, Try: 1})
		if failed != nil {
			return nil, nil, fmt.Errorf("sell what comes back of product %s: %w", id, failed)
		}
		if states.Products[0] == product.HoldStateCommitted {
			units, err = stock.Restock(ctx, h, id, returnID, items)
		}
	}
	reason, refused := restockReason(err)
	if !refused {
		return nil, nil, err
	}
	var refusals []RestockRefusal
	for sku, asked := range bySKU(items) {
		if n := asked - units[sku]; n > 0 {
			refusals = append(refusals, RestockRefusal{ProductID: id, SKU: sku, Units: n, Reason: reason})
		}
	}
	slices.SortFunc(refusals, RestockRefusal.compare)
	return units, refusals, nil
}

func (r RestockRefusal) compare(other RestockRefusal) int {
	return slices.Compare([]string{r.ProductID, r.SKU}, []string{other.ProductID, other.SKU})
}

// restockReason returns why units that didn't come back can't, and whether err says so. One
// that isn't named otherwise was not sold.
func restockReason(err error) (reason RestockReason, refused bool) {
	_, tooMany := errors.AsType[product.Invalid](err)
	switch {
	case tooMany:
		return RestockReasonTooMany, true
	case errors.Is(err, product.ErrNotFound):
		return RestockReasonNotFound, true
	case errors.Is(err, product.ErrUnknownSKU):
		return RestockReasonUnknownSKU, true
	case errors.Is(err, product.ErrNotSold):
		return RestockReasonNotSold, true
	}
	return RestockReasonNotSold, err == nil
}

func bySKU(items []product.Item) map[string]int64 {
	units := map[string]int64{}
	for _, it := range items {
		units[it.SKU] += it.Quantity
	}
	return units
}
