package redisdb

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// After a failover another server answers at the same address.
func TestAWatchSeesWhatTookOver(t *testing.T) {
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr()})
	defer func() { _ = rdb.Close() }()
	w := NewWatch(rdb, Durability{Faults: []string{"it was worse before"}}, slog.New(slog.DiscardHandler))
	w.every = 5 * time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	require.Eventually(t, func() bool { return len(w.Last().Faults) == 0 && len(w.Last().Unknown) > 0 }, 10*time.Second, time.Millisecond)
	m.Close()
	stop()
	<-done
	require.NotEmpty(t, w.Last().Unknown, "one that doesn't answer is judged by what it said last")
}

// Right after a failover some master of a cluster often doesn't answer: the report on the
// others must not wait for it.
func TestAWatchJudgesTheMastersThatAnswer(t *testing.T) {
	m := miniredis.RunT(t)
	dead, alive := ":1", ":"+m.Port()
	for name, slots := range map[string][]redis.ClusterSlot{
		"the first is away": {{Start: 0, End: 8191, Nodes: nodes(dead)}, {Start: 8192, End: 16383, Nodes: nodes(alive)}},
		"the last is away":  {{Start: 0, End: 8191, Nodes: nodes(alive)}, {Start: 8192, End: 16383, Nodes: nodes(dead)}},
	} {
		t.Run(name, func(t *testing.T) {
			rdb := redis.NewClusterClient(&redis.ClusterOptions{
				ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) { return slots, nil },
				MaxRedirects: -1, MaxRetries: -1, DialerRetries: 1,
			})
			defer func() { _ = rdb.Close() }()
			before := Durability{Faults: []string{dead + ": it was worse", alive + ": it was worse"}}
			w := NewWatch(rdb, before, slog.New(slog.DiscardHandler))
			w.look(t.Context())
			require.Equal(t, []string{dead + ": it was worse"}, w.Last().Faults, "the one that doesn't answer is judged by what it said last")
			require.NotEmpty(t, w.Last().Unknown)
			for _, unknown := range w.Last().Unknown {
				require.True(t, strings.HasPrefix(unknown, alive), unknown)
			}
			w.look(t.Context())
			require.Equal(t, []string{dead + ": it was worse"}, w.Last().Faults)
		})
	}
}

func nodes(addr string) []redis.ClusterNode { return []redis.ClusterNode{{Addr: addr}} }
