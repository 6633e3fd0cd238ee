package inventory

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
	"holdfast/redisdb"
)

// Adjust changes the stock of one variant and returns it, once per action id: a repetition
// gets the first answer. It fails with product.ErrNotFound, ErrUnknownSKU, ErrActionReused,
// *StrandsError, or Invalid if the result would exceed product.MaxStock.
func (s *Store) Adjust(ctx context.Context, a product.Adjustment) (product.Stock, error) {
	var stock product.Stock
	call, err := adjusting(a)
	if err == nil {
		stock, err = readAdjust(a, redisdb.Run(ctx, s.rdb, call)[0])
	}
	if err != nil {
		return product.Stock{}, fmt.Errorf("adjust the stock of product %s: %w", a.ProductID, err)
	}
	return stock, nil
}

// AdjustMany is Adjust for many, with few round trips. Adjustments of one product
// happen in their order. Each result carries its own error: product.ErrNotTried where ctx
// ended before it was sent.
func (s *Store) AdjustMany(ctx context.Context, all []product.Adjustment) []product.Adjusted {
	results := make([]product.Adjusted, len(all))
	errs := s.inPipelines(ctx, len(all),
		func(i int) string { return all[i].ProductID },
		func(i int) (redisdb.Call, error) { return adjusting(all[i]) },
		func(i int, a *redis.Cmd) (err error) { results[i].Stock, err = readAdjust(all[i], a); return err })
	for i, err := range errs {
		if err != nil {
			results[i].Err = fmt.Errorf("adjust the stock of product %s: %w", all[i].ProductID, err)
		}
	}
	return results
}

// units returns what an adjustment changes, as the script knows it.
func units(a product.Adjustment) (kind string, units int64) {
	if a.Delta == nil {
		return "onhand", *a.OnHand
	}
	return "delta", *a.Delta
}

// adjusting is the script's call for one adjustment.
func adjusting(a product.Adjustment) (redisdb.Call, error) {
	if err := errors.Join(validIDs(a.ProductID), a.Validate()); err != nil {
		return redisdb.Call{}, err
	}
	if a.ActionID == "" {
		return redisdb.Call{}, errors.New("no action id")
	}
	kind, units := units(a)
	return redisdb.Call{
		Script: adjustScript,
		Keys:   []string{productKey(a.ProductID), doneKey(a.ProductID, a.ActionID), eventsKey(a.ProductID)},
		Args: []any{
			a.ProductID, a.SKU, kind, units, a.Reason, a.Actor,
			fingerprint(a.SKU, kind, strconv.FormatInt(units, 10), a.Reason), product.MaxStock, rememberSeconds,
		},
	}, nil
}

func readAdjust(a product.Adjustment, cmd *redis.Cmd) (product.Stock, error) {
	answer, err := redisdb.Slice(cmd)
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
		kind, _ := units(a)
		return product.Stock{}, tooMany(kind)
	default:
		return product.Stock{}, refusal(code)
	}
}
