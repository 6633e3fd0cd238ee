// Package redistest provides the Redis servers that tests run on: miniredis always, a real
// one if available, and a cluster if one is named.
package redistest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// Main runs the package's tests and stops the server that they may have started.
func Main(m *testing.M) {
	code := m.Run()
	child.stop()
	single.stop()
	os.Exit(code)
}

// Each runs the test on every available kind of Redis: miniredis; the real one at
// REDIS_URL, or else a redis-server started here; the cluster at REDIS_CLUSTER_URL.
// HOLDFAST_REQUIRE (redis, redis-cluster) makes a missing one a failure. The servers are
// shared, so tests use ids from ID.
func Each(t *testing.T, test func(t *testing.T, rdb redis.UniversalClient)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		// It interprets scripts slowly, even more so under the race detector, so a thousand
		// callers queue for longer.
		test(t, open(t, "redis://"+miniredis.RunT(t).Addr()+"?read_timeout=30s&pool_timeout=60s"))
	})
	t.Run("redis", func(t *testing.T) {
		test(t, Real(t))
	})
	t.Run("redis-cluster", func(t *testing.T) {
		url := os.Getenv("REDIS_CLUSTER_URL")
		if url == "" {
			absent(t, "redis-cluster", "REDIS_CLUSTER_URL is not set")
		}
		if !strings.Contains(url, "cluster=true") && !strings.Contains(url, ",") {
			url += "?cluster=true"
		}
		test(t, open(t, url))
	})
}

// Real opens the real Redis, and ends the test if there is none.
func Real(t testing.TB) redis.UniversalClient {
	t.Helper()
	url := os.Getenv("REDIS_URL")
	if url == "" {
		url = child.start(t)
	}
	return open(t, url)
}

// ID returns an id that no other test uses.
func ID(prefix string) string {
	ids.Lock()
	defer ids.Unlock()
	ids.n++
	return fmt.Sprintf("%s-%d-%d-%d", prefix, os.Getpid(), time.Now().UnixNano(), ids.n)
}

var ids struct {
	sync.Mutex
	n int
}

func open(t testing.TB, url string) redis.UniversalClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	rdb, err := redisdb.Open(ctx, url)
	if err != nil {
		t.Fatalf("open redis: %v", err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// Program returns the path of redis-server. Without one the test is skipped, or fails if
// HOLDFAST_REQUIRE names redis.
func Program(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		absent(t, "redis", "redis-server is not on PATH")
	}
	return path
}

func absent(t testing.TB, part, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), part) {
		t.Fatalf("%s is required, but %s", part, why)
	}
	t.Skipf("no %s: %s", part, why)
}

var child server

// server is one redis-server process for all tests of a package.
type server struct {
	once sync.Once
	cmd  *exec.Cmd
	dir  string
	err  error
	// args are additional arguments; none means that it listens on no port.
	args []string
}

// start starts the server on a socket in a folder of its own, so that ports can't collide,
// and returns its URL.
func (s *server) start(t testing.TB) string {
	t.Helper()
	path := Program(t)
	s.once.Do(func() { s.err = s.run(path) })
	if s.err != nil {
		t.Fatalf("start redis-server: %v", s.err)
	}
	return "unix://" + s.socket()
}

func (s *server) socket() string { return filepath.Join(s.dir, "redis.sock") }

func (s *server) run(path string) error {
	dir, err := os.MkdirTemp("", "redis")
	if err != nil {
		return err
	}
	s.dir = dir
	//nolint:gosec // the path is what LookPath found, the folder is our own
	s.cmd = exec.Command(path, append([]string{
		"--port", "0", "--unixsocket", s.socket(), "--dir", dir, "--save", "", "--appendonly", "no",
	}, s.args...)...)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(s.socket()); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no socket after 10 s")
		case <-tick.C:
		}
	}
}

func (s *server) stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}
