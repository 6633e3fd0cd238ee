package redisdb

import (
	"context"
	"log/slog"
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
