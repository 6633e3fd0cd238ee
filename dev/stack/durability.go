package stack

import (
	"context"
	"fmt"
	"strings"

	"holdfast/redisdb"
)

// checkRedis marks an embedded Redis in memory as one that keeps nothing, and refuses any
// other that may lose acknowledged writes, if required.
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
