package tracking

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/carrier"
)

// Owners returns the packages that have these numbers, in the order of the numbers.
func (s *Store) Owners(ctx context.Context, numbers ...carrier.Number) ([][]carrier.Owner, error) {
	pipe := s.rdb.Pipeline()
	answers := make([]*redis.StringCmd, len(numbers))
	for i, n := range numbers {
		if err := n.Check(); err != nil {
			return nil, err
		}
		answers[i] = pipe.HGet(ctx, keysOf(n)[0], "owners")
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read the owners of %d tracking numbers: %w", len(numbers), err)
	}
	all := make([][]carrier.Owner, len(numbers))
	for i, a := range answers {
		if errors.Is(a.Err(), redis.Nil) {
			continue
		}
		var owners map[string]storedOwner
		if err := errors.Join(a.Err(), json.Unmarshal([]byte(a.Val()), &owners)); err != nil {
			return nil, fmt.Errorf("read the owners of %s: %w", nameOf(numbers[i]), err)
		}
		for _, o := range owners {
			o.Owner.CreatedAt = time.UnixMilli(o.CreatedAt).UTC()
			all[i] = append(all[i], o.Owner)
		}
	}
	return all, nil
}
