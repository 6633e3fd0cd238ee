package inventory

import (
	"context"
	"fmt"

	"holdfast/product"
	"holdfast/redisdb"
)

// Recount sets the units that customers' unpaid orders hold of the product, for an audit
// that summed the live holds at this version of the product. It reports false, and changes
// nothing, if the product has changed since.
func (s *Store) Recount(ctx context.Context, productID string, version int64, units map[string]int64) (bool, error) {
	if err := validIDs(productID); err != nil {
		return false, fmt.Errorf("recount: %w", err)
	}
	args := []any{version}
	for customer, n := range units {
		if !product.ValidID(customer) || n < 0 {
			return false, fmt.Errorf("recount product %s: %d units can't be held by customer %q", productID, n, customer)
		}
		args = append(args, customer, n)
	}
	code, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: recountScript, Keys: []string{productKey(productID), buyersKey(productID)}, Args: args,
	})[0].Text()
	if err != nil {
		return false, fmt.Errorf("recount what customers hold of product %s: %w", productID, err)
	}
	return code == "DONE", nil
}
