package moneymode

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func quick(rdb redis.UniversalClient, tag string, m Mode) *Claim {
	c := New(rdb, m, slog.New(slog.DiscardHandler))
	c.tag, c.span, c.tick = "{"+tag+"}", 300*time.Millisecond, 20*time.Millisecond
	return c
}

func TestTheOtherModeIsRefusedAsLongAsOneIsHeld(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		for _, m := range []Mode{ModePretend, ModeReal} {
			tag := redistest.ID("mode")
			held := quick(rdb, tag, m)
			require.NoError(t, held.Take(t.Context()))
			require.NoError(t, quick(rdb, tag, m).Take(t.Context()), "others of the same mode are welcome")
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- held.Hold(ctx) }()

			other := quick(rdb, tag, held.other())
			var conflict *ConflictError
			require.ErrorAs(t, other.Take(t.Context()), &conflict)
			require.ErrorContains(t, conflict, "HOLDFAST_SANDBOX")
			require.ErrorContains(t, conflict, "STRIPE_API_KEY")
			require.ErrorContains(t, conflict, "REDIS_URL")

			stop()
			require.NoError(t, <-ended)
			// On miniredis no time passes.
			require.NoError(t, rdb.Del(t.Context(), held.key(m)).Err())
			require.NoError(t, other.Take(t.Context()), "a claim that nothing holds ends")
		}
	})
}

func TestAClaimThatEndsWhileItIsWaitedForIsNoConflict(t *testing.T) {
	rdb := redistest.Real(t)
	tag := redistest.ID("mode")
	require.NoError(t, quick(rdb, tag, ModePretend).Take(t.Context()))
	require.NoError(t, quick(rdb, tag, ModeReal).Take(t.Context()))
}

// A process that was cut off from Redis for longer than its claim finds the other mode.
func TestAClaimThatWasLostEndsItsProcess(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		tag := redistest.ID("mode")
		mine, theirs := quick(rdb, tag, ModePretend), quick(rdb, tag, ModeReal)
		theirs.span = time.Minute
		require.NoError(t, mine.Take(t.Context()))
		require.NoError(t, rdb.Del(t.Context(), mine.key(ModePretend)).Err())
		require.NoError(t, theirs.Take(t.Context()))
		var conflict *ConflictError
		require.ErrorAs(t, mine.Hold(t.Context()), &conflict)
	})
}
