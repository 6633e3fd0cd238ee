package redis_test

import (
	"context"
	"net"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/dev/dirlock"
	"holdfast/dev/loopback"
	"holdfast/dev/redis"
	"holdfast/redisdb/redistest"
)

func TestInMemory(t *testing.T) {
	for name, opts := range map[string]redis.Options{
		"in process":   {WithoutProgram: true},
		"redis-server": {},
	} {
		t.Run(name, func(t *testing.T) {
			if !opts.WithoutProgram {
				redistest.Program(t)
			}
			server, err := redis.Start(t.Context(), opts)
			require.NoError(t, err)
			c := connect(t, server)
			require.NoError(t, c.Set(t.Context(), "k", "v", 0).Err())
			require.Equal(t, "v", c.Get(t.Context(), "k").Val())

			require.NoError(t, server.Stop(t.Context()))
			<-server.Done()
			require.NoError(t, server.Err())
			require.Error(t, c.Ping(t.Context()).Err())
		})
	}
}

func TestInProcessKeysExpire(t *testing.T) {
	server, err := redis.Start(t.Context(), redis.Options{WithoutProgram: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(testContext())) })
	c := connect(t, server)
	require.NoError(t, c.Set(t.Context(), "k", "v", 500*time.Millisecond).Err())
	require.Eventually(t, func() bool { return c.Exists(t.Context(), "k").Val() == 0 }, 5*time.Second, 20*time.Millisecond)
}

func TestDataNeedsTheProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := redis.Start(t.Context(), redis.Options{Dir: t.TempDir()})
	require.ErrorIs(t, err, redis.ErrNotInstalled)
	require.ErrorContains(t, err, "apt-get install redis-server")

	server, err := redis.Start(t.Context(), redis.Options{})
	require.NoError(t, err, "in memory it goes on without")
	require.NoError(t, server.Stop(t.Context()))
}

func TestRestartKeepsData(t *testing.T) {
	redistest.Program(t)
	opts := redis.Options{Dir: t.TempDir()}
	first, err := redis.Start(t.Context(), opts)
	require.NoError(t, err)
	require.NoError(t, connect(t, first).Set(t.Context(), "k", "v", 0).Err())
	require.NoError(t, first.Stop(t.Context()))

	next, err := redis.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, next.Stop(testContext())) })
	c := connect(t, next)
	require.Equal(t, "v", c.Get(t.Context(), "k").Val())
	for setting, want := range map[string]string{
		"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "bind": loopback.Host,
	} {
		require.Equal(t, want, c.ConfigGet(t.Context(), setting).Val()[setting], setting)
	}
}

func TestOneServerAFolder(t *testing.T) {
	redistest.Program(t)
	opts := redis.Options{Dir: t.TempDir()}
	first, err := redis.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, first.Stop(testContext())) })

	ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, dirlock.ErrHeld)
	defer cancel()
	_, err = redis.Start(ctx, opts)
	require.ErrorIs(t, err, dirlock.ErrHeld)
	require.ErrorContains(t, err, opts.Dir)
}

func TestEndByItselfIsReported(t *testing.T) {
	redistest.Program(t)
	server, err := redis.Start(t.Context(), redis.Options{})
	require.NoError(t, err)
	require.NoError(t, server.Err())
	connect(t, server).Do(t.Context(), "SHUTDOWN", "NOSAVE")
	<-server.Done()
	require.ErrorContains(t, server.Err(), "redis-server ended by itself")
	require.NoError(t, server.Stop(t.Context()), "there is nothing left to stop")
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", loopback.Address(0))
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	for _, withoutProgram := range []bool{false, true} {
		var taken *loopback.TakenError
		_, err = redis.Start(t.Context(), redis.Options{
			Port: l.Addr().(*net.TCPAddr).Port, WithoutProgram: withoutProgram,
		})
		require.ErrorAs(t, err, &taken)
	}
}

func connect(t *testing.T, server redis.Server) *goredis.Client {
	t.Helper()
	return connectURL(t, server.URL())
}

func connectURL(t *testing.T, url string) *goredis.Client {
	t.Helper()
	opts, err := goredis.ParseURL(url)
	require.NoError(t, err)
	opts.MaxRetries, opts.DialerRetries = -1, 1 // some tests want to see a server that is gone
	c := goredis.NewClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// testContext is for what runs after a test's own context has ended.
func testContext() context.Context { return context.Background() }
