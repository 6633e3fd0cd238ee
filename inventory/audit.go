package inventory

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// HoldID names one order's hold of one product.
type HoldID struct{ ProductID, OrderID string }

// ProductIDs iterates over all products, bucket by bucket, each once. A product that is
// created meanwhile may or may not be included.
func (s *Store) ProductIDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, bucket := range redisdb.AllBuckets() {
			seen := map[string]struct{}{} // a scan may return an id twice
			ids := s.rdb.SScan(ctx, productsKey(bucket), 0, "", 1000).Iterator()
			for ids.Next(ctx) {
				id := ids.Val()
				if _, again := seen[id]; again {
					continue
				}
				seen[id] = struct{}{}
				if !yield(id, nil) {
					return
				}
			}
			if err := ids.Err(); err != nil {
				yield("", fmt.Errorf("list the products of bucket %s: %w", bucket, err))
				return
			}
		}
	}
}

// Count returns the number of products.
func (s *Store) Count(ctx context.Context) (int64, error) {
	pipe := s.rdb.Pipeline()
	var counts []*redis.IntCmd
	for _, bucket := range redisdb.AllBuckets() {
		counts = append(counts, pipe.SCard(ctx, productsKey(bucket)))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, fmt.Errorf("count the products: %w", err)
	}
	var n int64
	for _, c := range counts {
		n += c.Val()
	}
	return n, nil
}

// HoldIDs iterates over all stored holds, including ended ones and marks, each once. A hold
// that is made meanwhile may or may not be included.
func (s *Store) HoldIDs(ctx context.Context) iter.Seq2[HoldID, error] {
	return func(yield func(HoldID, error) bool) {
		for key, err := range redisdb.Scan(ctx, s.rdb, "{b??}:hold:*") {
			if err != nil {
				yield(HoldID{}, fmt.Errorf("list the holds: %w", err))
				return
			}
			_, ids, _ := strings.Cut(key, ":hold:")
			id, order, _ := strings.Cut(ids, ":")
			if !yield(HoldID{ProductID: id, OrderID: order}, nil) {
				return
			}
		}
	}
}
