package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"holdfast/product"
	"holdfast/redisdb"
)

// takenFor is the reason that an event of taken units shows.
const takenFor = "reship"

// Take takes units out of stock, once per id of the order: a repetition gets the first
// answer. If a product has too few that are available, it returns why, by product, and
// nothing is taken. After an error some products may have given theirs: call it again. It
// fails with product.ErrActionReused if the id was used for other units.
func (s *Store) Take(ctx context.Context, t product.Taking) (map[string][]product.Refusal, error) {
	short, err := s.take(ctx, t, "take")
	if err == nil && len(short) > 0 {
		_, err = s.take(ctx, t, "back") // every product has answered by now, and will not give any later
	}
	if err != nil {
		return nil, fmt.Errorf("take units for order %s: %w", t.OrderID, err)
	}
	return short, nil
}

// PutBack undoes a Take, once.
func (s *Store) PutBack(ctx context.Context, t product.Taking) error {
	if _, err := s.take(ctx, t, "back"); err != nil {
		return fmt.Errorf("put units for order %s back: %w", t.OrderID, err)
	}
	return nil
}

// take sends a taking to all its products and returns the refusals.
func (s *Store) take(ctx context.Context, t product.Taking, what string) (map[string][]product.Refusal, error) {
	ids := slices.Sorted(maps.Keys(t.Items))
	if err := validIDs(append([]string{t.OrderID}, ids...)...); err != nil {
		return nil, err
	}
	if t.ID == "" {
		return nil, errors.New("no id")
	}
	calls := make([]redisdb.Call, len(ids))
	for i, id := range ids {
		items, request, err := itemArgs(t.Items[id])
		if err != nil {
			return nil, fmt.Errorf("product %s: %w", id, err)
		}
		calls[i] = redisdb.Call{
			Script: takeScript,
			Keys:   []string{productKey(id), takeKey(id, t.Holder, t.ID), eventsKey(id)},
			Args: append([]any{
				id, t.OrderID, what, takenFor, t.Actor, fingerprint(request...), rememberSeconds,
			}, items...),
		}
	}
	short := map[string][]product.Refusal{}
	for i, cmd := range redisdb.Run(ctx, s.rdb, calls...) {
		answer, err := redisdb.Slice(cmd)
		if err != nil {
			return nil, fmt.Errorf("product %s: %w", ids[i], err)
		}
		switch code := text(answer, 0); code {
		case "TAKEN", "BACK":
		case "SHORT":
			var refusals []product.Refusal
			if err := json.Unmarshal([]byte(text(answer, 1)), &refusals); err != nil {
				return nil, fmt.Errorf("product %s: decode its refusals: %w", ids[i], err)
			}
			short[ids[i]] = refusals
		default:
			return nil, fmt.Errorf("product %s: %w", ids[i], refusal(code))
		}
	}
	return short, nil
}

// itemArgs are the units of one product as scripts read them, each sku once, and what the
// fingerprint of the request is made of.
func itemArgs(items []product.Item) (args []any, request []string, err error) {
	if len(items) == 0 {
		return nil, nil, errors.New("no items")
	}
	for _, it := range sum(items) {
		if it.Quantity < 1 || it.Quantity > product.MaxStock {
			return nil, nil, fmt.Errorf("quantity %d of sku %q must lie between 1 and %d", it.Quantity, it.SKU, product.MaxStock)
		}
		args = append(args, it.SKU, it.Quantity)
		request = append(request, it.SKU, strconv.FormatInt(it.Quantity, 10))
	}
	return args, request, nil
}
