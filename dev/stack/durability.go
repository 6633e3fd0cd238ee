package stack

import (
	"context"
	"fmt"
	"strings"

	"holdfast/redisdb"
)

// checkRedis records that an embedded Redis is kept in memory only. If durability is required, it returns
// an error for any other Redis that may lose acknowledged writes.
func (s *Stack) checkRedis(ctx context.Context) error {
	if s.opts.RedisURL == "" && s.opts.Data == "" {
		return redisdb.MarkInMemory(ctx, s.redis)
	}
	if !s.opts.RequireDurability {
		return nil
	}
	found, err := redisdb.CheckDurability(ctx, s.redis)
	if err != nil {
		return err
	}
	if len(found.Faults) > 0 {
		return fmt.Errorf("the Redis at REDIS_URL may lose orders and stock that it acknowledged: %s. "+
			"HOLDFAST_REDIS_DURABILITY=warn accepts that", strings.Join(found.Faults, "; "))
	}
	return nil
}
