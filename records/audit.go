package records

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// OrderIDs iterates over all orders that have a document, each once. An order that is
// placed meanwhile may or may not be included.
func (s *Store) OrderIDs(ctx context.Context) iter.Seq2[string, error] {
	return orderIDs(redisdb.Scan(ctx, s.rdb, "{b??}:order:*"), ":order:")
}

// OrderIDsLoosely is OrderIDs with constant memory: an order may appear more than once.
func (s *Store) OrderIDsLoosely(ctx context.Context) iter.Seq2[string, error] {
	return orderIDs(redisdb.ScanLoosely(ctx, s.rdb, "{b??}:order:*"), ":order:")
}

// StoredIDs iterates over all orders of which anything is stored, even only payments; most
// appear twice. It uses constant memory.
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

// OrderIDsOf iterates over a customer's orders that have a document, by looking at all of them. An order
// may appear more than once.
func (s *Store) OrderIDsOf(ctx context.Context, customerID string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for id, err := range s.OrderIDsLoosely(ctx) {
			of := ""
			if err == nil {
				of, err = s.rdb.HGet(ctx, orderKey(id), "customer").Result()
			}
			if errors.Is(err, redis.Nil) { // it has just left
				continue
			}
			if err != nil {
				yield("", fmt.Errorf("list the orders of customer %s: %w", customerID, err))
				return
			}
			if of == customerID && !yield(id, nil) {
				return
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
