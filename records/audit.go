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
	return orderIDs(redisdb.Scan(ctx, s.rdb, "{b??}:order:*"), ":order:")
}

// OrderIDsLoosely is OrderIDs that remembers nothing, however many there are: an order
// may come more than once.
func (s *Store) OrderIDsLoosely(ctx context.Context) iter.Seq2[string, error] {
	return orderIDs(redisdb.ScanLoosely(ctx, s.rdb, "{b??}:order:*"), ":order:")
}

// StoredIDs goes over all orders of which something is stored, be it payments
// alone; most come twice. It remembers nothing, however many there are.
func (s *Store) StoredIDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, kind := range []string{":order:", ":payments:"} {
			for id, err := range orderIDs(redisdb.ScanLoosely(ctx, s.rdb, "{b??}"+kind+"*"), kind) {
				if !yield(id, err) || err != nil {
					return
				}
			}
		}
	}
}

func orderIDs(keys iter.Seq2[string, error], kind string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range keys {
			if err != nil {
				yield("", fmt.Errorf("list the orders: %w", err))
				return
			}
			_, id, _ := strings.Cut(key, kind)
			if !yield(id, nil) {
				return
			}
		}
	}
}
