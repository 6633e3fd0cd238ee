package inventory

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
)

// GetAll reads many products in one round trip (on a cluster, one a node). Those
// that are not there are left out.
func (s *Store) GetAll(ctx context.Context, ids []string) (map[string]product.Product, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	pipe := s.rdb.Pipeline()
	reads := make([]*redis.MapStringStringCmd, len(ids))
	for i, id := range ids {
		reads[i] = pipe.HGetAll(ctx, productKey(id))
	}
	_, _ = pipe.Exec(ctx) // each read has its own error
	products := make(map[string]product.Product, len(ids))
	for i, id := range ids {
		fields, err := reads[i].Result()
		if err != nil {
			return nil, fmt.Errorf("read product %s: %w", id, err)
		}
		if len(fields) == 0 {
			continue
		}
		if products[id], err = decode(id, fields); err != nil {
			return nil, fmt.Errorf("read product %s: %w", id, err)
		}
	}
	return products, nil
}
