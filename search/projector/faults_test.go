package projector

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// mortal is a client whose process can be killed: from then on nothing that it sends
// arrives.
type mortal struct{ dead atomic.Bool }

var errDead = errors.New("the process is dead")

func (m *mortal) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (m *mortal) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if m.dead.Load() {
			cmd.SetErr(errDead)
			return errDead
		}
		return next(ctx, cmd)
	}
}

func (m *mortal) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if m.dead.Load() {
			for _, c := range cmds {
				c.SetErr(errDead)
			}
			return errDead
		}
		return next(ctx, cmds)
	}
}

// mortalClient is a client of its own that dies with m.
func mortalClient(t *testing.T, rdb redis.UniversalClient) (redis.UniversalClient, *mortal) {
	t.Helper()
	c, err := redisdb.Sibling(rdb, 4)
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	m := &mortal{}
	c.AddHook(m)
	return c, m
}

// log is a projector's log, for several goroutines.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), text)
}

func TestIndexGoesAwayAndComesBack(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h, registry, said := newHouse(t, rdb), prometheus.NewRegistry(), &log{}
		stop := h.start(func(o *Options) {
			o.Metrics, o.Log = registry, slog.New(slog.NewTextHandler(said, nil))
		})
		h.putProduct("p", "First")
		h.settled()
		h.view.set(func() { h.view.away = true })
		h.putProduct("p", "Second")
		h.putOrder("o", 1)
		h.until("several tries", func() bool { return value(t, registry, "holdfast_projector_failed_rounds_total") > 3 })
		require.InDelta(t, 1, value(t, registry, "holdfast_projector_waiting"), 0)
		require.Equal(t, 1, said.count("the views wait"), "it says so once")
		require.Positive(t, h.unread(), "nothing is acknowledged meanwhile")
		h.until("the lag is measured all the while", func() bool {
			return value(t, registry, "holdfast_projector_lag_events") > 0 && value(t, registry, "holdfast_projector_lag_seconds") > 0
		})
		h.view.set(func() { h.view.away = false })
		h.settled()
		h.same([]string{"p"}, []string{"o"})
		h.until("it waits no more", func() bool { return value(t, registry, "holdfast_projector_waiting") == 0 })
		require.Equal(t, 1, said.count("the views continue"))

		h.view.set(func() { h.view.away = true })
		h.putProduct("p", "Third")
		h.until("it has the entry", func() bool { return value(t, registry, "holdfast_projector_waiting") == 1 })
		begun := time.Now()
		stop()
		require.Less(t, time.Since(begun), 5*time.Second, "it doesn't wait for the index to end")
		h.view.set(func() { h.view.away = false })
		require.Positive(t, h.unread())
		h.start(nil)
		h.settled()
		h.same([]string{"p"}, nil)
	})
}

// The process dies after the index has stored everything, before Redis knows.
func TestKilledBetweenPutAndAck(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h := newHouse(t, rdb)
		products, orders := names("p", 30), names("o", 30)
		mine, killer := mortalClient(t, rdb)
		h.view.after = func() { killer.dead.Store(true) }
		stop := h.start(func(o *Options) { o.Redis = mine })
		for i := range products {
			h.putProduct(products[i], "Title")
			h.putOrder(orders[i], 1)
		}
		h.until("killed", killer.dead.Load)
		stop()
		require.Positive(t, h.unread())
		h.view.set(func() { h.view.after = nil })
		h.start(nil) // it claims what the dead one left
		h.settled()
		h.same(products, orders)
		h.view.set(func() {
			require.Len(t, h.view.events, 30)
			for id, n := range h.view.kept {
				require.Equal(t, 1, n, id)
			}
		})
		if knowsIdle(t) {
			h.until("the dead consumer is deleted", func() bool { return len(h.consumers()) == 1 })
		}
	})
}

// knowsIdle reports whether the server tracks consumers' idle times; miniredis doesn't.
func knowsIdle(t *testing.T) bool { return !strings.Contains(t.Name(), "miniredis") }

// consumers lists those of the group over all buckets.
func (h *house) consumers() map[string]int64 {
	h.t.Helper()
	all := map[string]int64{}
	for _, b := range redisdb.AllBuckets() {
		some, err := h.rdb.XInfoConsumers(h.t.Context(), redisdb.EventsKey(b), Group).Result()
		require.NoError(h.t, err)
		for _, c := range some {
			all[c.Name] += c.Pending
		}
	}
	return all
}

// A process that is started again under its old name has its entries at once.
func TestTheSameConsumerHasItsOwnEntriesAtOnce(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h := newHouse(t, rdb)
		mine, killer := mortalClient(t, rdb)
		h.view.after = func() { killer.dead.Store(true) }
		named := func(o *Options) { o.Consumer, o.ClaimAfter = "worker-1", time.Hour }
		stop := h.start(func(o *Options) { named(o); o.Redis = mine })
		h.putProduct("p", "Title")
		h.until("killed", killer.dead.Load)
		stop()
		h.view.set(func() { h.view.after = nil })
		h.start(named)
		h.settled()
		h.same([]string{"p"}, nil)
	})
}

func TestTwoProjectorsAtOnce(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h := newHouse(t, rdb)
		products, orders := names("p", 50), names("o", 50)
		h.start(nil)
		h.start(nil)
		for round := range 4 {
			for i := range products {
				h.putProduct(products[i], strings.Repeat("x", round+1))
				h.putOrder(orders[i], int64(round+1))
			}
		}
		h.settled()
		h.same(products, orders)
		h.view.set(func() { require.Len(t, h.view.events, 200) })
	})
}

// The group is gone, as after restoring an older Redis.
func TestGroupIsMadeAnew(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h := newHouse(t, rdb)
		h.start(nil)
		h.putProduct("p", "First")
		h.settled()
		require.NoError(t, rdb.XGroupDestroy(t.Context(), redisdb.EventsKey(redisdb.Bucket("p")), Group).Err())
		h.putProduct("p", "Second")
		h.until("the change is seen", func() bool { return h.view.product("p").Title == "Second" })
	})
}
