package redisdb_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// startRedis runs a redis-server of its own with these settings.
func startRedis(t *testing.T, settings ...string) redis.UniversalClient {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), redistest.Own(t, settings...))
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

var kept = redistest.Kept

func TestARedisThatMayLoseWritesIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		settings []string
		fault    string
	}{
		"kept":                      {kept, ""},
		"in memory":                 {[]string{"--appendonly", "no"}, "no append-only file"},
		"synced each second":        {[]string{"--appendonly", "yes", "--appendfsync", "everysec"}, "appendfsync everysec"},
		"never synced":              {[]string{"--appendonly", "yes", "--appendfsync", "no"}, "appendfsync no"},
		"not synced in a rewrite":   {append(kept[:4:4], "--no-appendfsync-on-rewrite", "yes"), "no-appendfsync-on-rewrite"},
		"evicts anything":           {append(kept[:4:4], "--maxmemory-policy", "allkeys-lru"), "allkeys-lru"},
		"evicts keys with an end":   {append(kept[:4:4], "--maxmemory-policy", "volatile-ttl"), "volatile-ttl"},
		"CONFIG is another command": {append(kept[:6:6], "--rename-command", "CONFIG", "hidden"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := redisdb.CheckDurability(t.Context(), startRedis(t, c.settings...))
			require.NoError(t, err)
			if c.fault == "" {
				require.Empty(t, d.Faults)
			} else {
				require.Len(t, d.Faults, 1)
				require.Contains(t, d.Faults[0], c.fault)
			}
			if name == "CONFIG is another command" {
				require.Len(t, d.Unknown, 1)
				require.Contains(t, d.Unknown[0], "appendfsync")
			} else {
				require.Empty(t, d.Unknown)
			}
			require.Zero(t, d.Replicas)
		})
	}
}

// A managed Redis that forbids CONFIG is judged by INFO all the same.
func TestARedisThatForbidsConfigIsJudgedByInfo(t *testing.T) {
	rdb := startRedis(t, "--appendonly", "no", "--rename-command", "CONFIG", "")
	d, err := redisdb.CheckDurability(t.Context(), rdb)
	require.NoError(t, err)
	require.Len(t, d.Faults, 1)
	require.Contains(t, d.Faults[0], "no append-only file")
}

// A server that took over has settings of its own.
func TestAChangeOfSettingsIsSeen(t *testing.T) {
	rdb := startRedis(t, kept...)
	require.NoError(t, rdb.ConfigSet(t.Context(), "appendonly", "no").Err())
	d, err := redisdb.CheckDurability(t.Context(), rdb)
	require.NoError(t, err)
	require.Len(t, d.Faults, 1)
}

func TestARedisThatIsAwayIsNotJudged(t *testing.T) {
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	defer func() { _ = rdb.Close() }()
	_, err := redisdb.CheckDurability(t.Context(), rdb)
	require.Error(t, err)
	m := miniredis.RunT(t)
	m.SetError("LOADING Redis is loading the dataset in memory")
	loading := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1})
	defer func() { _ = loading.Close() }()
	_, err = redisdb.CheckDurability(t.Context(), loading)
	require.ErrorContains(t, err, "LOADING")
}

// A server without INFO about its file, such as miniredis, is unknown, which is not an
// error.
func TestARedisThatSaysNothingIsUnknown(t *testing.T) {
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr()})
	defer func() { _ = rdb.Close() }()
	d, err := redisdb.CheckDurability(t.Context(), rdb)
	require.NoError(t, err)
	require.Empty(t, d.Faults)
	require.NotEmpty(t, d.Unknown)
}

// make run keeps nothing, and says so.
func TestARedisThatIsToForgetIsNotJudged(t *testing.T) {
	rdb := startRedis(t, "--appendonly", "no")
	require.NoError(t, redisdb.MarkInMemory(t.Context(), rdb))
	d, err := redisdb.CheckDurability(t.Context(), rdb)
	require.NoError(t, err)
	require.Equal(t, redisdb.Durability{InMemory: true}, d)
}

// Each master of a cluster is checked: one without a file loses the stock of its slots.
func TestEachMasterOfAClusterIsAsked(t *testing.T) {
	rdb, err := redisdb.Open(t.Context(), startMasters(t))
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	cluster, ok := rdb.(*redis.ClusterClient)
	require.True(t, ok)
	d, err := redisdb.CheckDurability(t.Context(), rdb)
	require.NoError(t, err)
	require.Empty(t, d.Faults)
	var asked atomic.Int32
	require.NoError(t, cluster.ForEachMaster(t.Context(), func(ctx context.Context, c *redis.Client) error {
		if asked.Add(1) != 2 {
			return nil
		}
		return c.ConfigSet(ctx, "appendonly", "no").Err()
	}))
	d, err = redisdb.CheckDurability(t.Context(), rdb)
	require.NoError(t, err)
	require.Len(t, d.Faults, 1)
	require.Contains(t, d.Faults[0], "no append-only file")
}

// startMasters runs two masters, each with half of the slots, and returns their addresses.
func startMasters(t *testing.T) string {
	t.Helper()
	var nodes []redis.UniversalClient
	var addresses []string
	for i := range 2 {
		port := freePort(t)
		node := startRedis(t, append(kept[:6:6], "--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes")...)
		require.NoError(t, node.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", i*8192, i*8192+8191).Err())
		nodes, addresses = append(nodes, node), append(addresses, "redis://127.0.0.1:"+port)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(addresses[1], "redis://"), ":")
	require.NoError(t, nodes[0].Do(t.Context(), "CLUSTER", "MEET", "127.0.0.1", port).Err())
	for _, node := range nodes {
		require.Eventually(t, func() bool {
			info, err := node.ClusterInfo(t.Context()).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_ok:16384")
		}, 20*time.Second, 20*time.Millisecond)
	}
	return strings.Join(addresses, ",")
}

// freePort leaves room for a cluster's second port, 10000 above.
func freePort(t *testing.T) string {
	t.Helper()
	for {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		port := l.Addr().(*net.TCPAddr).Port
		require.NoError(t, l.Close())
		if port < 55000 {
			return strconv.Itoa(port)
		}
	}
}
