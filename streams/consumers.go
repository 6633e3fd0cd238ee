package streams

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

//go:embed lua/drop_consumer.lua
var dropConsumerSource string

var dropConsumerScript = redisdb.NewScript(dropConsumerSource)

// DropConsumers deletes the consumers of processes that are gone, so that their list
// doesn't grow with each start. A consumer with pending entries stays: they would be lost
// with it.
func (r *Reader) DropConsumers(ctx context.Context, idle time.Duration) error {
	pipe := r.Redis.Pipeline()
	asked := make([]*redis.XInfoConsumersCmd, redisdb.Buckets)
	for b, tag := range redisdb.AllBuckets() {
		asked[b] = pipe.XInfoConsumers(ctx, redisdb.EventsKey(tag), r.Group)
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	var drops []redisdb.Call
	for b, tag := range redisdb.AllBuckets() {
		consumers, err := asked[b].Result()
		if NoGroup(err) || NoStream(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list the consumers of bucket %d: %w", b, err)
		}
		for _, c := range consumers {
			if c.Name != r.Consumer && c.Pending == 0 && c.Idle >= idle {
				drops = append(drops, redisdb.Call{
					Script: dropConsumerScript, Keys: []string{redisdb.EventsKey(tag)},
					Args: []any{r.Group, c.Name, idle.Milliseconds()},
				})
			}
		}
	}
	for _, answer := range redisdb.Run(ctx, r.Redis, drops...) {
		if err := answer.Err(); err != nil && !strings.HasPrefix(err.Error(), "NOGROUP") {
			return fmt.Errorf("delete an idle consumer: %w", err)
		}
	}
	return nil
}

// Destroy deletes a group from all streams, with its consumers' pending entries. The group
// must be given up first (see GroupsTag), or nothing is trimmed any more.
func Destroy(ctx context.Context, rdb redis.UniversalClient, group string) error {
	pipe := rdb.Pipeline()
	var asked []*redis.IntCmd
	for _, b := range redisdb.AllBuckets() {
		asked = append(asked, pipe.XGroupDestroy(ctx, redisdb.EventsKey(b), group))
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	for i, a := range asked {
		if err := a.Err(); err != nil && !NoGroup(err) && !redis.HasErrorPrefix(err, "The XGROUP subcommand requires the key to exist") {
			return fmt.Errorf("delete group %s on the stream of bucket %d: %w", group, i, err)
		}
	}
	return nil
}
