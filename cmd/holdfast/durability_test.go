package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"

	"holdfast/api"
	"holdfast/audit"
	"holdfast/client/gatewaytest"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	sagaclient "holdfast/saga/client"
	"holdfast/settings"
)

// shopOn sets what a gateway and a worker need to get as far as their Redis.
func shopOn(t *testing.T, redisURL string) (addr string) {
	t.Helper()
	addr = freeAddress(t)
	for k, v := range map[string]string{
		"REDIS_URL": redisURL, "TEMPORAL_ADDRESS": startEmptyTemporal(t), "HOLDFAST_AUTH": "off", "HOLDFAST_HTTP_ADDR": addr,
		"HOLDFAST_SANDBOX": "true", "HOLDFAST_WEBHOOK_SECRET": gatewaytest.Secret,
	} {
		t.Setenv(k, v)
	}
	return addr
}

func TestARedisThatMayLoseOrdersIsRefused(t *testing.T) {
	for name, settings := range map[string][]string{
		"in memory":             {"--appendonly", "no"},
		"synced now and then":   {"--appendonly", "yes", "--appendfsync", "everysec"},
		"evicts":                append(redistest.Kept[:4:4], "--maxmemory-policy", "allkeys-lfu"),
		"in memory, and secret": {"--appendonly", "no", "--rename-command", "CONFIG", ""},
	} {
		url := redistest.Own(t, settings...)
		for _, command := range []string{"api", "worker", "projector"} {
			t.Run(name+"/"+command, func(t *testing.T) {
				shopOn(t, url)
				t.Setenv("ELASTICSEARCH_URL", "http://127.0.0.1:1") // it isn't asked
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				said := &heard{}
				require.Equal(t, exitUsage, run(ctx, []string{command}, said, said), "%s", said)
				require.Contains(t, said.String(), "HOLDFAST_REDIS_DURABILITY=warn")
				require.Contains(t, said.String(), "REDIS_URL")
			})
		}
	}
}

// readyz returns the gateway's status and checks.
func readyz(t *testing.T, addr string) (status int, checks map[string]string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/readyz", http.NoBody)
	require.NoError(t, err)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = a.Body.Close() }()
	var said struct{ Checks map[string]string }
	text, err := io.ReadAll(a.Body)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &said))
	return a.StatusCode, said.Checks
}

func TestReadyzShowsWhetherRedisKeepsWhatItAcknowledges(t *testing.T) {
	for name, c := range map[string]struct {
		settings  []string
		mode      string
		durable   string
		status    int
		mentioned string
	}{
		"kept":               {redistest.Kept, "require", "ok", http.StatusOK, ""},
		"a CONFIG of theirs": {append(redistest.Kept[:6:6], "--rename-command", "CONFIG", ""), "require", "unknown", http.StatusOK, "does not report"},
		"told to go on":      {[]string{"--appendonly", "no"}, "warn", "unavailable", http.StatusOK, "may lose"},
	} {
		t.Run(name, func(t *testing.T) {
			addr := shopOn(t, redistest.Own(t, c.settings...))
			t.Setenv("HOLDFAST_REDIS_DURABILITY", c.mode)
			ctx, stop := context.WithCancel(t.Context())
			said, ended := &heard{}, make(chan int, 1)
			go func() { ended <- run(ctx, []string{"api"}, said, said) }()
			defer func() {
				stop()
				require.Equal(t, exitOK, <-ended, "%s", said)
			}()
			var status int
			var checks map[string]string
			require.Eventually(t, func() bool {
				status, checks = readyz(t, addr)
				return checks["redis-durability"] != ""
			}, 30*time.Second, 10*time.Millisecond, "%s", said)
			require.Equal(t, c.durable, checks["redis-durability"])
			require.Equal(t, c.status, status)
			require.Contains(t, said.String(), c.mentioned)
		})
	}
}

// No gateway shows the state of a worker or a projector.
func TestAWorkersReadyzShowsWhatItDependsOn(t *testing.T) {
	addr := freeAddress(t)
	worse := redisdb.NewWatch(nil, redisdb.Durability{Faults: []string{"no file"}}, newLog(io.Discard))
	var retention error
	stop, err := serveMetrics(t.Context(), addr, prometheus.NewRegistry(), map[string]api.Check{
		"redis-durability": warns.readiness(worse),
		"retention":        func(context.Context) error { return retention },
	}, newLog(io.Discard))
	require.NoError(t, err)
	defer stop()
	for _, c := range []struct {
		retention error
		status    int
		shown     string
	}{
		{nil, http.StatusOK, "ok"},
		{retentionFits(t.Context(), sagaclient.New(retaining{err: serviceerror.NewPermissionDenied("no", "")}, "shop"), "shop", forever), http.StatusOK, "unknown"},
		{retentionFits(t.Context(), sagaclient.New(retaining{retention: time.Hour}, "shop"), "shop", forever), http.StatusServiceUnavailable, "unavailable"},
	} {
		retention = c.retention
		require.Eventually(t, func() bool {
			status, checks := readyz(t, addr)
			return status == c.status && checks["retention"] == c.shown && checks["redis-durability"] == "unavailable"
		}, 10*time.Second, 50*time.Millisecond, c.shown)
	}
}

// warns starts all the same.
var warns = durabilityFlags{settings.Durability{RedisDurability: "warn"}}

// A server that took over after the start is shown as well, and takes no orders if
// durability is required.
func TestWhatTookOverIsJudgedAsTheFirstWas(t *testing.T) {
	worse := redisdb.NewWatch(nil, redisdb.Durability{Faults: []string{"no file"}}, newLog(io.Discard))
	require.NotErrorIs(t, durabilityFlags{}.readiness(worse)(t.Context()), api.ErrDegraded)
	require.ErrorContains(t, durabilityFlags{}.readiness(worse)(t.Context()), "no file")
	require.ErrorIs(t, warns.readiness(worse)(t.Context()), api.ErrDegraded)
}

func TestTheAuditFindsARedisThatMayLoseOrders(t *testing.T) {
	rdb, err := redisdb.Open(t.Context(), redistest.Own(t, "--appendonly", "no"))
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	said := &heard{}
	c := auditCommand{Wait: time.Second}
	found, err := c.auditDurability(t.Context(), rdb, newLog(said))
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, audit.KindRedisNotDurable, found[0].Kind)
	require.Contains(t, found[0].Detail, "append-only file")
	c.RedisDurability = "warn"
	found, err = c.auditDurability(t.Context(), rdb, newLog(said))
	require.NoError(t, err)
	require.Empty(t, found)
	require.Contains(t, said.String(), "may lose")
}
