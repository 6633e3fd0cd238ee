package projector

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/streams"
)

func (h *house) lengthOf(id string) int64 {
	h.t.Helper()
	n, err := h.rdb.XLen(h.t.Context(), redisdb.EventsKey(redisdb.Bucket(id))).Result()
	require.NoError(h.t, err)
	return n
}

func (h *house) trim() {
	h.t.Helper()
	_, err := Trim(h.t.Context(), h.rdb)
	require.NoError(h.t, err)
}

// readAs reads entries of p's stream as a group, and acknowledges the first done of them.
func (h *house) readAs(group string, count int64, done int) {
	h.t.Helper()
	ctx, stream := h.t.Context(), redisdb.EventsKey(redisdb.Bucket("p"))
	got, err := h.rdb.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: group, Consumer: "c", Streams: []string{stream, ">"}, Count: count, Block: -1,
	}).Result()
	require.NoError(h.t, err)
	for _, m := range got[0].Messages[:done] {
		require.NoError(h.t, h.rdb.XAck(ctx, stream, group, m.ID).Err())
	}
}

func TestTrimWaitsForEveryRegisteredGroup(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h, ctx := newHouse(t, rdb), t.Context()
		for i := range 10 {
			h.putProduct("p", string(rune('a'+i)))
		}
		h.trim()
		require.Equal(t, int64(10), h.lengthOf("p"), "nobody is registered")
		require.NoError(t, rdb.SAdd(ctx, streams.GroupsKey(), "other").Err())
		require.NoError(t, streams.Register(ctx, rdb, Group))
		h.readAs(Group, 8, 8)
		h.trim()
		require.Equal(t, int64(10), h.lengthOf("p"), "a registered group isn't made yet")
		require.NoError(t, streams.Register(ctx, rdb, "other"))
		h.trim()
		require.Equal(t, int64(10), h.lengthOf("p"), "the other group has had none")
		h.readAs("other", 5, 3)
		h.trim()
		require.Equal(t, int64(7), h.lengthOf("p"), "two of the other group are pending")
		h.readAs("other", 5, 5)
		h.trim()
		require.Equal(t, int64(7), h.lengthOf("p"), "the two are still pending")
		require.NoError(t, rdb.SRem(ctx, streams.GroupsKey(), "other").Err())
		h.trim()
		require.Equal(t, int64(2), h.lengthOf("p"))
		h.readAs(Group, 5, 2)
		h.trim()
		require.Zero(t, h.lengthOf("p"))
		h.putProduct("p", "again")
		h.trim()
		require.Equal(t, int64(1), h.lengthOf("p"))
		h.readAs(Group, 5, 1)
		groups, err := streams.Groups(ctx, rdb)
		require.NoError(t, err)
		require.Equal(t, []string{Group}, groups)
	})
}

func TestChangesDuringARebuild(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h, ctx := newHouse(t, rdb), t.Context()
		h.start(nil)
		h.putProduct("before", "Title")
		changes := NewChanges(rdb)
		pos, err := changes.Begin(ctx)
		require.NoError(t, err)
		changed, pos, err := changes.Since(ctx, pos)
		require.NoError(t, err)
		require.Equal(t, Changed{}, changed)

		for i := range 3 {
			h.putProduct("p", string(rune('a'+i)))
			h.putProduct("q", string(rune('a'+i)))
			h.putOrder("o", int64(i+1))
		}
		h.settled()
		h.trim()
		require.Equal(t, int64(3), h.lengthOf("p"), "what the rebuild has to see stays")
		h.until("what came before it goes", func() bool { h.trim(); return h.lengthOf("before") == 0 })
		changed, next, err := changes.Since(ctx, pos)
		require.NoError(t, err)
		require.Equal(t, Changed{Products: []string{"p", "q"}, Orders: []string{"o"}}, changed)
		changed, _, err = changes.Since(ctx, pos)
		require.NoError(t, err)
		require.Len(t, changed.Products, 2, "it can be asked again")
		h.putProduct("q", "later")
		h.settled()
		changed, pos, err = changes.Since(ctx, next)
		require.NoError(t, err)
		require.Equal(t, Changed{Products: []string{"q"}}, changed)
		h.until("what Since was asked for is let go", func() bool { h.trim(); return h.lengthOf("p") == 0 })
		require.Equal(t, int64(1), h.lengthOf("q"))
		require.NoError(t, changes.End(ctx))
		h.until("all is let go", func() bool { h.trim(); return h.lengthOf("q") == 0 })
		_, _, err = changes.Since(ctx, pos)
		require.ErrorIs(t, err, ErrLapsed)
		_, _, err = changes.Since(ctx, Position{"1-0"})
		require.Error(t, err)
	})
}

// The process of a rebuild died: its lease expires.
func TestLeaseOfADeadRebuildLapses(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h := newHouse(t, rdb)
		h.start(nil)
		changes := NewChanges(rdb)
		changes.leaseFor = 500 * time.Millisecond
		ctx, die := context.WithCancel(t.Context())
		pos, err := changes.Begin(ctx)
		require.NoError(t, err)
		h.putProduct("p", "Title")
		h.settled()
		renewals := time.Now().Add(1200 * time.Millisecond)
		for time.Now().Before(renewals) {
			h.trim()
			require.Equal(t, int64(1), h.lengthOf("p"), "it is renewed while it goes on")
			require.NoError(t, sleep(ctx, 50*time.Millisecond))
		}
		die()
		h.until("it has lapsed", func() bool { h.trim(); return h.lengthOf("p") == 0 })
		_, _, err = changes.Since(t.Context(), pos)
		require.ErrorIs(t, err, ErrLapsed)
		require.NoError(t, changes.End(t.Context()))
	})
}

func TestIDsOfEntries(t *testing.T) {
	for id, want := range map[string]string{
		"0-0": "0-1", "5-7": "5-8", "5-18446744073709551615": "6-0",
	} {
		next, err := after(id)
		require.NoError(t, err)
		require.Equal(t, want, next)
		require.Negative(t, compareIDs(id, next))
		require.Positive(t, compareIDs(next, id))
		require.Zero(t, compareIDs(id, id))
	}
	for _, bad := range []string{"", "x", "1-x", "-1"} {
		_, err := after(bad)
		require.Error(t, err, bad)
	}
	_, err := parsePosition("1-0 2-0")
	require.Error(t, err)
}

// A rebuild that can't start doesn't hold the streams.
func TestARebuildThatCannotBeginHoldsNothing(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h := newHouse(t, rdb)
		h.putProduct("p", "Title")
		stream := redisdb.EventsKey(redisdb.Bucket("p"))
		require.NoError(t, rdb.Del(t.Context(), stream).Err())
		require.NoError(t, rdb.Set(t.Context(), stream, "no stream", 0).Err())
		_, err := NewChanges(rdb).Begin(t.Context())
		require.Error(t, err)
		for _, key := range leaseKeys() {
			n, err := rdb.Exists(t.Context(), key).Result()
			require.NoError(t, err)
			require.Zero(t, n, key)
		}
	})
}
