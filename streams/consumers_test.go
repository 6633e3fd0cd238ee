package streams

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

const group = "readers"

func newReader(t *testing.T, rdb redis.UniversalClient, name string) *Reader {
	t.Helper()
	r, err := New(Options{Redis: rdb, Group: group, Consumer: name, ClaimAfter: time.Minute, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return r
}

// A consumer that has been idle for long but has entries is never deleted with them.
func TestConsumerWithEntriesStays(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		if strings.Contains(t.Name(), "miniredis") {
			t.Skip("miniredis doesn't count how long a consumer is idle")
		}
		ctx, stream := t.Context(), redisdb.EventsKey(redisdb.Bucket("p"))
		require.NoError(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: stream, Values: []string{"v", "1"}}).Err())
		require.NoError(t, Register(ctx, rdb, group))
		consumers := func() map[string]int64 {
			found, err := rdb.XInfoConsumers(ctx, stream, group).Result()
			require.NoError(t, err)
			all := map[string]int64{}
			for _, c := range found {
				all[c.Name] = c.Pending
			}
			return all
		}
		for _, name := range []string{"holder", "gone"} {
			require.NoError(t, rdb.XGroupCreateConsumer(ctx, stream, group, name).Err())
		}
		mine, err := newReader(t, rdb, "holder").read(ctx, ">")
		require.NoError(t, err)
		require.Len(t, mine, 1)
		other := newReader(t, rdb, "other")
		require.NoError(t, other.DropConsumers(ctx, time.Hour))
		require.Len(t, consumers(), 2, "too soon")
		require.Eventually(t, func() bool {
			return other.DropConsumers(ctx, time.Millisecond) == nil && len(consumers()) == 1
		}, 10*time.Second, 5*time.Millisecond)
		require.Equal(t, map[string]int64{"holder": 1}, consumers())
		dropped, err := redisdb.Run(ctx, rdb, redisdb.Call{
			Script: dropConsumerScript, Keys: []string{stream}, Args: []any{group, "holder", 0},
		})[0].Bool()
		require.NoError(t, err)
		require.False(t, dropped, "the script looks once more")
	})
}

// A group that was given up and deleted can start again.
func TestDestroy(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		require.NoError(t, Destroy(ctx, rdb, group), "there are no streams yet")
		require.NoError(t, Register(ctx, rdb, group))
		require.NoError(t, Destroy(ctx, rdb, group))
		require.NoError(t, Destroy(ctx, rdb, group))
		_, err := newReader(t, rdb, "me").Gather(ctx)
		require.True(t, NoGroup(err), "%v", err)
		require.NoError(t, Register(ctx, rdb, group))
		_, err = newReader(t, rdb, "me").Gather(ctx)
		require.NoError(t, err)
	})
}
