package inventory

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"holdfast/product"
	"holdfast/redisdb"
)

// Restock gives sold units of the order back to the stock, once per return id
// of the order. It refuses with product.ErrNotFound, ErrUnknownSKU,
// ErrActionReused, or Invalid where the result would be above product.MaxStock.
func (s *Store) Restock(ctx context.Context, productID, orderID, returnID string, items []product.Item) error {
	if err := s.restock(ctx, productID, orderID, returnID, items); err != nil {
		return fmt.Errorf("restock product %s from order %s: %w", productID, orderID, err)
	}
	return nil
}

func (s *Store) restock(ctx context.Context, productID, orderID, returnID string, items []product.Item) error {
	if err := validIDs(productID, orderID); err != nil {
		return err
	}
	if returnID == "" || len(items) == 0 {
		return errors.New("no return id or no items")
	}
	args := []any{}
	request := []string{}
	for _, it := range sum(items) {
		if it.Quantity < 1 || it.Quantity > product.MaxStock {
			return fmt.Errorf("quantity %d of sku %q must lie between 1 and %d", it.Quantity, it.SKU, product.MaxStock)
		}
		args = append(args, it.SKU, it.Quantity)
		request = append(request, it.SKU, strconv.FormatInt(it.Quantity, 10))
	}
	head := []any{productID, orderID, fingerprint(request...), product.MaxStock, rememberSeconds}
	code, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: restockScript,
		Keys:   []string{productKey(productID), returnKey(productID, orderID, returnID), eventsKey(productID)},
		Args:   append(head, args...),
	})[0].Text()
	switch {
	case err != nil:
		return err
	case code == "DONE":
		return nil
	case code == "TOO_MANY":
		return tooMany("quantity")
	default:
		return refusal(code)
	}
}

// sum adds up the items of one sku, in the order of their first one.
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
