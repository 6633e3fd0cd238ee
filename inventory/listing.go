package inventory

import (
	"context"
	"fmt"

	"holdfast/product"
	"holdfast/redisdb"
)

// List offers the product for sale and returns the number of the listing: a new one, or the
// current one if the product is already listed. It fails with product.ErrNotFound.
func (s *Store) List(ctx context.Context, id string) (listing int64, err error) {
	answer, err := redisdb.Slice(redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: listScript,
		Keys:   []string{productKey(id), eventsKey(id)},
		Args:   []any{id},
	})[0])
	if err == nil && text(answer, 0) != "LISTED" {
		err = refusal(text(answer, 0))
	}
	if err != nil {
		return 0, fmt.Errorf("list product %s: %w", id, err)
	}
	return number(answer, 1), nil
}

// Delist ends the listing with this number, as the caller read it; every hold that it may
// have let through was made under this listing or an earlier one. It fails with
// product.ErrNotFound, or with ErrRelisted if a newer listing has begun.
func (s *Store) Delist(ctx context.Context, id string, listing int64) error {
	code, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: delistScript,
		Keys:   []string{productKey(id), eventsKey(id)},
		Args:   []any{id, listing},
	})[0].Text()
	switch {
	case err != nil:
	case code == "DELISTED":
		return nil
	case code == "RELISTED":
		err = product.ErrRelisted
	default:
		err = refusal(code)
	}
	return fmt.Errorf("delist product %s, listing %d: %w", id, listing, err)
}
