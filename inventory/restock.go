package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"holdfast/product"
	"holdfast/redisdb"
)

// Restock returns units that the order bought to the stock, once per return id of the
// order, and reports how many of each sku came back: at most what its hold sold and has not
// returned yet. It fails with product.ErrNotSold if the order bought nothing of the
// product, ErrNotFound, ErrActionReused, or Invalid if the result would exceed
// product.MaxStock. Variants that were removed since can't come back, but the others do:
// then it returns those units together with an ErrUnknownSKU that names the removed ones. A
// repeated call returns them too, if they exist again.
func (s *Store) Restock(ctx context.Context, h product.Holder, productID, returnID string, items []product.Item) (map[string]int64, error) {
	units, err := s.restock(ctx, h, productID, returnID, items)
	if err != nil {
		return units, fmt.Errorf("restock product %s from order %s: %w", productID, h.OrderID, err)
	}
	return units, nil
}

func (s *Store) restock(ctx context.Context, h product.Holder, productID, returnID string, items []product.Item) (map[string]int64, error) {
	if err := validIDs(productID, h.OrderID); err != nil {
		return nil, err
	}
	if returnID == "" {
		return nil, errors.New("no return id")
	}
	args, request, err := itemArgs(items)
	if err != nil {
		return nil, err
	}
	head := []any{
		productID, h.OrderID, placed(h.PlacedAt), returnID, fingerprint(request...), product.MaxStock, rememberSeconds,
	}
	earlier := returnKey(productID, h.OrderID, returnID)
	answer, err := redisdb.Slice(redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: restockScript,
		Keys: []string{
			productKey(productID), holdKey(productID, h.OrderID), earlier, eventsKey(productID), earlier + ":also",
		},
		Args: append(head, args...),
	})[0])
	if err != nil {
		return nil, err
	}
	switch code := text(answer, 0); code {
	case "DONE":
		units := map[string]int64{}
		err := json.Unmarshal([]byte(text(answer, 1)), &units)
		if dropped := text(answer, 2); err == nil && dropped != "" {
			err = fmt.Errorf("%w: %s", product.ErrUnknownSKU, dropped)
		}
		return units, err
	case "NOT_SOLD":
		return nil, fmt.Errorf("%w: its hold is %s", product.ErrNotSold, text(answer, 1))
	case "TOO_MANY":
		return nil, tooMany("quantity")
	default:
		return nil, refusal(code)
	}
}

// sum adds up the items of each sku, in the order of first appearance.
func sum(items []product.Item) []product.Item {
	var sums []product.Item
	at := map[string]int{}
	for _, it := range items {
		i, seen := at[it.SKU]
		if !seen {
			at[it.SKU] = len(sums)
			sums = append(sums, it)
			continue
		}
		sums[i].Quantity += it.Quantity
	}
	return sums
}
