package redisdb

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/redis/go-redis/v9"
)

// scanCount is how many keys the server reads in one step of a scan.
const scanCount = 1000

// Scan iterates over all keys that match the pattern, on every master, each key once. A key
// that is created or deleted meanwhile may or may not be included. It remembers all keys
// that it has seen, so it is for audits, not for requests.
func Scan(ctx context.Context, rdb redis.UniversalClient, pattern string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		seen := map[string]struct{}{} // a scan may return a key twice
		for key, err := range ScanLoosely(ctx, rdb, pattern) {
			if _, again := seen[key]; again && err == nil {
				continue
			}
			seen[key] = struct{}{}
			if !yield(key, err) {
				return
			}
		}
	}
}

// ScanLoosely is Scan with constant memory: a key may appear more than once.
func ScanLoosely(ctx context.Context, rdb redis.UniversalClient, pattern string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		nodes, err := masters(ctx, rdb)
		if err != nil {
			yield("", err)
			return
		}
		for _, node := range nodes {
			keys := node.Scan(ctx, 0, pattern, scanCount).Iterator()
			for keys.Next(ctx) {
				if !yield(keys.Val(), nil) {
					return
				}
			}
			if err := keys.Err(); err != nil {
				yield("", fmt.Errorf("scan for %s: %w", pattern, err))
				return
			}
		}
	}
}

// masters lists the nodes that together hold every key.
func masters(ctx context.Context, rdb redis.UniversalClient) ([]redis.Cmdable, error) {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{rdb}, nil
	}
	var mu sync.Mutex // the nodes are visited concurrently
	var nodes []redis.Cmdable
	err := cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the masters of the cluster: %w", err)
	}
	return nodes, nil
}
