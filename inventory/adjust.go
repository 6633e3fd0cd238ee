package inventory

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"holdfast/product"
	"holdfast/redisdb"
)

// Adjust changes the stock of one variant and returns it, once per action id: a repetition
// gets the first answer. It fails with product.ErrNotFound, ErrUnknownSKU, ErrActionReused,
// *StrandsError, or Invalid if the result would exceed product.MaxStock.
func (s *Store) Adjust(ctx context.Context, a product.Adjustment) (product.Stock, error) {
	stock, err := s.adjust(ctx, a)
	if err != nil {
		return product.Stock{}, fmt.Errorf("adjust the stock of product %s: %w", a.ProductID, err)
	}
	return stock, nil
}

func (s *Store) adjust(ctx context.Context, a product.Adjustment) (product.Stock, error) {
	if err := errors.Join(validIDs(a.ProductID), a.Validate()); err != nil {
		return product.Stock{}, err
	}
	if a.ActionID == "" {
		return product.Stock{}, errors.New("no action id")
	}
	kind, units := "delta", a.Delta
	if units == nil {
		kind, units = "onhand", a.OnHand
	}
	answer, err := redisdb.Slice(redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: adjustScript,
		Keys:   []string{productKey(a.ProductID), doneKey(a.ProductID, a.ActionID), eventsKey(a.ProductID)},
		Args: []any{
			a.ProductID, a.SKU, kind, *units, a.Reason, a.Actor,
			fingerprint(a.SKU, kind, strconv.FormatInt(*units, 10), a.Reason), product.MaxStock, rememberSeconds,
		},
	})[0])
	if err != nil {
		return product.Stock{}, err
	}
	switch code := text(answer, 0); code {
	case "STOCK":
		return product.Stock{
			OnHand: number(answer, 1), Held: number(answer, 2), Adjusted: number(answer, 3),
			Committed: number(answer, 4), Restocked: number(answer, 5),
		}, nil
	case "STRANDS":
		return product.Stock{}, &product.StrandsError{
			OnHand: number(answer, 1), Held: number(answer, 2), Wanted: number(answer, 3),
		}
	case "TOO_MANY":
		return product.Stock{}, tooMany(kind)
	default:
		return product.Stock{}, refusal(code)
	}
}
