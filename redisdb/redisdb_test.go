package redisdb

import (
	"context"
	"hash/fnv"
	"strconv"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestBucketIsFNV32aModulo64(t *testing.T) {
	seen := map[string]bool{}
	for i := range 1000 {
		id := "product-" + strconv.Itoa(i)
		h := fnv.New32a()
		_, _ = h.Write([]byte(id))
		require.Equal(t, tags[h.Sum32()%64], Bucket(id))
		seen[Bucket(id)] = true
	}
	require.Len(t, seen, Buckets)
	require.Equal(t, "{b07}", AllBuckets()[7])
}

func TestAddresses(t *testing.T) {
	for addr, want := range map[string]struct {
		url     string
		cluster bool
	}{
		"redis://h:1/2":                         {"redis://h:1/2", false},
		"rediss://u:p@h:1":                      {"rediss://u:p@h:1", false},
		"redis://h:1?cluster=true&pool_size=3":  {"redis://h:1?pool_size=3", true},
		"redis://h:1,redis://h:2, h:3":          {"redis://h:1?addr=h%3A2&addr=h%3A3", true},
		"rediss://u:p@h:1?read_timeout=1s,h2:2": {"rediss://u:p@h:1?addr=h2%3A2&read_timeout=1s", true},
	} {
		url, cluster, err := clusterURL(addr)
		require.NoError(t, err)
		require.Equal(t, want.url, url)
		require.Equal(t, want.cluster, cluster, addr)
	}
	rdb, err := connect("redis://h:1,h:2", nil)
	require.NoError(t, err)
	cluster, ok := rdb.(*redis.ClusterClient)
	require.True(t, ok)
	require.Equal(t, []string{"h:1", "h:2"}, cluster.Options().Addrs)
	require.True(t, cluster.Options().ContextTimeoutEnabled)
	require.NoError(t, rdb.Close())
}

func TestOpenSaysAtOnceThatNobodyIsThere(t *testing.T) {
	server := miniredis.RunT(t)
	addr := "redis://" + server.Addr() + "?max_retries=-1"
	rdb, err := Open(t.Context(), addr)
	require.NoError(t, err)
	require.NoError(t, rdb.Close())
	server.Close()
	_, err = Open(t.Context(), addr)
	require.ErrorContains(t, err, "ping redis")
	_, err = Open(t.Context(), "://secret@")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}

// The context bounds a call, even if the server doesn't answer at all.
func TestTheContextBoundsACall(t *testing.T) {
	server := miniredis.RunT(t)
	rdb, err := Open(t.Context(), "redis://"+server.Addr())
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	require.Error(t, rdb.BLPop(ctx, 0, "nothing").Err())
	require.Less(t, time.Since(begin), 2*time.Second)
}

// Only the call that the server doesn't know is sent again: the others count once.
func TestRunSendsOnlyUnknownScriptsAgain(t *testing.T) {
	server := miniredis.RunT(t)
	ctx := t.Context()
	rdb, err := Open(ctx, "redis://"+server.Addr())
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	known := NewScript(`return redis.call('INCR', KEYS[1])`)
	unknown := NewScript(`return redis.call('INCRBY', KEYS[1], ARGV[1])`)
	wrong := NewScript(`return redis.error_reply('WRONG ' .. ARGV[1])`)
	require.NoError(t, Run(ctx, rdb, Call{Script: known, Keys: []string{"a"}})[0].Err())
	answers := Run(ctx, rdb,
		Call{Script: known, Keys: []string{"a"}},
		Call{Script: unknown, Keys: []string{"b"}, Args: []any{5}},
		Call{Script: wrong, Keys: []string{"c"}, Args: []any{"x"}},
		Call{Script: known, Keys: []string{"a"}},
	)
	require.Equal(t, int64(2), answers[0].Val())
	require.Equal(t, int64(5), answers[1].Val())
	require.ErrorContains(t, answers[2].Err(), "WRONG x")
	require.Equal(t, int64(3), answers[3].Val())
	require.Empty(t, Run(ctx, rdb))
}
