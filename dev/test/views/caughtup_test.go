package views_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/redisdb"
	"holdfast/search/projector"
)

// awaitCaughtUp waits until the projector has acknowledged everything so far.
func (h house) awaitCaughtUp(t *testing.T) {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), h.stack.RedisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	shoptest.Until(t, "the projector has caught up", func(ctx context.Context) error {
		pipe := rdb.Pipeline()
		var answers []*redis.XInfoGroupsCmd
		for _, bucket := range redisdb.AllBuckets() {
			answers = append(answers, pipe.XInfoGroups(ctx, redisdb.EventsKey(bucket)))
		}
		_, _ = pipe.Exec(ctx) // a stream that doesn't exist yet contains nothing
		for _, a := range answers {
			for _, g := range a.Val() {
				if n := g.Lag + g.Pending; g.Name == projector.Group && n > 0 {
					return fmt.Errorf("it lacks %d", n)
				}
			}
		}
		return nil
	})
}
