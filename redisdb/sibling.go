package redisdb

import (
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Sibling opens another client to the same Redis, with a small pool of its own: for stream
// readers, so that orders never wait for a connection that a reader uses. The caller closes
// it.
func Sibling(rdb redis.UniversalClient, connections int) (redis.UniversalClient, error) {
	switch c := rdb.(type) {
	case *redis.Client:
		opt := *c.Options()
		opt.PoolSize, opt.MinIdleConns, opt.MaxIdleConns, opt.MaxActiveConns = connections, 0, 0, 0
		return redis.NewClient(&opt), nil
	case *redis.ClusterClient:
		opt := *c.Options()
		opt.PoolSize, opt.MinIdleConns, opt.MaxIdleConns, opt.MaxActiveConns = connections, 0, 0, 0
		return redis.NewClusterClient(&opt), nil
	}
	return nil, fmt.Errorf("no sibling for a redis client of type %T", rdb)
}
