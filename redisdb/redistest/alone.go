package redistest

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Alone runs the test on empty servers of its own, for tests that scan or trim everything:
// miniredis, a redis-server, and a Redis Cluster of one master, which rejects what would
// not stay in one slot as a larger one does.
func Alone(t *testing.T, test func(t *testing.T, rdb redis.UniversalClient)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		test(t, open(t, "redis://"+miniredis.RunT(t).Addr()))
	})
	t.Run("redis", func(t *testing.T) {
		test(t, emptied(t, child.start(t)))
	})
	t.Run("redis-cluster", func(t *testing.T) {
		test(t, emptied(t, startCluster(t)))
	})
}

func emptied(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	rdb := open(t, url)
	if err := rdb.FlushAll(t.Context()).Err(); err != nil {
		t.Fatalf("empty redis: %v", err)
	}
	return rdb
}

var single server

// startCluster starts one master that owns all slots.
func startCluster(t testing.TB) string {
	t.Helper()
	if single.args == nil {
		port, err := freePort(t.Context())
		if err != nil {
			t.Fatalf("find a port: %v", err)
		}
		single.args = []string{"--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes"}
	}
	node := open(t, single.start(t))
	// A repetition is refused, and changes nothing.
	_ = node.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for node.Set(ctx, "ready", 1, 0).Err() != nil {
		select {
		case <-ctx.Done():
			t.Fatal("the cluster isn't ready after 10 s")
		case <-tick.C:
		}
	}
	return fmt.Sprintf("redis://127.0.0.1:%s?cluster=true", single.args[1])
}

// freePort asks the system for a port that leaves room for the cluster's second one, 10000
// above it.
func freePort(ctx context.Context) (string, error) {
	for {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		if closed := l.Close(); err == nil {
			err = closed
		}
		if err != nil || len(port) < 5 || port < "55000" {
			return port, err
		}
	}
}
