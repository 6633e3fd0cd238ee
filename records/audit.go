package records

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"holdfast/redisdb"
)

// OrderIDs goes over all orders that have a document, each once. An order that
// is placed meanwhile may be seen or not.
func (s *Store) OrderIDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range redisdb.Scan(ctx, s.rdb, "{b??}:order:*") {
			if err != nil {
				yield("", fmt.Errorf("list the orders: %w", err))
				return
			}
			_, id, _ := strings.Cut(key, ":order:")
			if !yield(id, nil) {
				return
			}
		}
	}
}
