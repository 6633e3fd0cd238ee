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

// TakeUnits takes units from stock that replace what an order's buyer didn't get.
type TakeUnits struct {
	Stock Stock
}

// TakeUnitsParams names the units. If they don't fit into one activity's input (see
// SplitItems), each part is taken by a call of its own under the same id. If one is short,
// those before it have to be put back.
type TakeUnitsParams struct {
	OrderID  string    `json:"orderId"`
	PlacedAt time.Time `json:"placedAt,omitzero"`
	// TakingID distinguishes the units from others that the order took.
	TakingID string                    `json:"takingId"`
	Actor    string                    `json:"actor"`
	Items    map[string][]product.Item `json:"items"` // by product
	// PutBack undoes what an earlier call with these params took.
	PutBack bool `json:"putBack,omitempty"`
}

// TakeUnitsResult lists what is short. Then nothing was taken.
type TakeUnitsResult struct {
	Shortages []order.Shortage `json:"shortages,omitempty"`
}

// Execute gives the same answer whenever it runs again.
func (a *TakeUnits) Execute(ctx context.Context, p TakeUnitsParams) (TakeUnitsResult, error) {
	t := product.Taking{
		Holder: product.Holder{OrderID: p.OrderID, PlacedAt: p.PlacedAt}, ID: p.TakingID, Actor: p.Actor, Items: p.Items,
	}
	var short map[string][]product.Refusal
	var err error
	if p.PutBack {
		err = a.Stock.PutBack(ctx, t)
	} else {
		short, err = a.Stock.Take(ctx, t)
	}
	if errors.Is(err, product.ErrActionReused) {
		return TakeUnitsResult{}, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("taking %s of order %s was used for other units", p.TakingID, p.OrderID), "take-conflict", err)
	}
	if err != nil {
		return TakeUnitsResult{}, fmt.Errorf("taking %s: %w", p.TakingID, err)
	}
	var res TakeUnitsResult
	for _, id := range slices.Sorted(maps.Keys(short)) {
		for _, r := range short[id] {
			res.Shortages = append(res.Shortages, order.Shortage{
				ProductID: id, SKU: r.SKU, Requested: r.Requested, Available: r.Available, Reason: r.Reason,
			})
		}
	}
	return res, nil
}
