package tracking

import (
	"context"
	"fmt"

	"holdfast/carrier"
	"holdfast/redisdb"
)

// Erase removes what carriers wrote in the scans of these numbers. Anyone else who has a share in the parcel
// loses that text, too.
func (s *Store) Erase(ctx context.Context, numbers ...carrier.Number) error {
	calls := make([]redisdb.Call, len(numbers))
	for i, n := range numbers {
		if err := n.Check(); err != nil {
			return err
		}
		calls[i] = redisdb.Call{Script: eraseScript, Keys: keysOf(n)[:1]}
	}
	for i, a := range redisdb.Run(ctx, s.rdb, calls...) {
		if err := a.Err(); err != nil {
			return fmt.Errorf("erase the scans of %s: %w", nameOf(numbers[i]), err)
		}
	}
	return nil
}
