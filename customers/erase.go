package customers

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"holdfast/customer"
	"holdfast/product"
	"holdfast/redisdb"
)

// Erasing records how far an erasure has come, unless a later one was asked for.
func (s *Store) Erasing(ctx context.Context, e customer.Erasure) error {
	doc, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode the erasure of customer %s: %w", e.CustomerID, err)
	}
	if !product.ValidID(e.CustomerID) {
		return fmt.Errorf("%q is not a valid id", e.CustomerID)
	}
	err = redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: erasingScript, Keys: []string{customerKey(e.CustomerID)}, Args: []any{e.RequestedAt.UnixMilli(), doc},
	})[0].Err()
	if err != nil {
		return fmt.Errorf("record the erasure of customer %s: %w", e.CustomerID, err)
	}
	return nil
}

// Erasure returns how far the customer's last erasure has come, or customer.ErrNotErased.
func (s *Store) Erasure(ctx context.Context, id string) (customer.Erasure, error) {
	e := customer.Erasure{CustomerID: id}
	if !product.ValidID(id) {
		return e, fmt.Errorf("%q is not a valid id", id)
	}
	values, err := s.rdb.HMGet(ctx, customerKey(id), "erasedBefore", "erasure").Result()
	if err != nil {
		return e, fmt.Errorf("read the erasure of customer %s: %w", id, err)
	}
	before, asked := values[0].(string)
	if !asked {
		return e, customer.ErrNotErased
	}
	if doc, told := values[1].(string); told {
		if err := json.Unmarshal([]byte(doc), &e); err != nil {
			return e, fmt.Errorf("read the erasure of customer %s: %w", id, err)
		}
	}
	ms, err := strconv.ParseInt(before, 10, 64)
	if err != nil {
		return e, fmt.Errorf("read the erasure of customer %s: %w", id, err)
	}
	e.RequestedAt = time.UnixMilli(ms).UTC()
	return e, nil
}
