package stack_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"holdfast/audit"
	"holdfast/dev/loopback"
	"holdfast/dev/stack"
	"holdfast/redisdb/redistest"
	"holdfast/setup"
)

func TestEverythingEmbedded(t *testing.T) {
	s := start(t, stack.Options{InProcessRedis: true})
	require.NoError(t, connectRedis(t, s.RedisURL).Ping(t.Context()).Err())
	require.Contains(t, s.RedisKind, "in-process")
	_, err := s.Temporal.CheckHealth(t.Context(), nil)
	require.NoError(t, err)
	require.NotEmpty(t, s.UIURL)
	_, err = s.Temporal.ScheduleClient().GetHandle(t.Context(), setup.SweepID).Describe(t.Context())
	require.NoError(t, err)
	_, err = s.Temporal.ScheduleClient().GetHandle(t.Context(), setup.ForgetID).Describe(t.Context())
	var none *serviceerror.NotFound
	require.ErrorAs(t, err, &none, "the embedded index is no order's only home")
	select {
	case err := <-s.Failed():
		t.Fatal(err)
	default:
	}
}

func TestDemoProducts(t *testing.T) {
	s := start(t, stack.Options{InProcessRedis: true, WithoutUI: true, Demo: "zh"})
	require.Equal(t, 239, s.DemoProducts)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1/products/litemall-1006002", nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	require.Equal(t, http.StatusOK, res.StatusCode, "they are there as soon as the gateway is")

	again := start(t, stack.Options{RedisURL: s.RedisURL, InProcessRedis: true, WithoutUI: true, Demo: "zh"})
	require.Equal(t, 239, again.DemoProducts, "a second start finds them")
	_, err = stack.Start(t.Context(), stack.Options{InProcessRedis: true, WithoutUI: true, Demo: "de"})
	require.ErrorContains(t, err, "choose en, zh or off")
	require.Zero(t, start(t, stack.Options{InProcessRedis: true, WithoutUI: true}).DemoProducts, "none by default")
}

func TestTheBooksAreAuditedNowAndThen(t *testing.T) {
	s := start(t, stack.Options{InProcessRedis: true, WithoutUI: true, AuditEvery: 10 * time.Millisecond})
	begun := map[string]bool{}
	require.Eventually(t, func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1/audits/latest", nil)
		require.NoError(t, err)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }()
		if res.StatusCode == http.StatusNotFound {
			return false // the first one isn't over
		}
		var report audit.Stored
		require.NoError(t, json.NewDecoder(res.Body).Decode(&report))
		require.Zero(t, report.Found, "%+v", report)
		begun[report.BegunAt.String()] = true
		return len(begun) > 1
	}, time.Minute, 10*time.Millisecond)
}

func TestGivenAddressesWin(t *testing.T) {
	theirs := start(t, stack.Options{InProcessRedis: true, WithoutUI: true, Namespace: "theirs"})
	ours := start(t, stack.Options{
		RedisURL: theirs.RedisURL,
		Temporal: &client.Options{HostPort: theirs.TemporalAddress, Namespace: "theirs"},
	})
	require.Equal(t, theirs.RedisURL, ours.RedisURL)
	require.Equal(t, theirs.TemporalAddress, ours.TemporalAddress)
	require.Empty(t, ours.UIURL)
	_, err := ours.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "w", TaskQueue: "q"}, "W")
	require.NoError(t, err)
	_, err = theirs.Temporal.DescribeWorkflowExecution(t.Context(), "w", "")
	require.NoError(t, err)
}

func TestTakenPortNamesItsSetting(t *testing.T) {
	l, err := net.Listen("tcp", loopback.Address(0))
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	taken := l.Addr().(*net.TCPAddr).Port
	for setting, opts := range map[string]stack.Options{
		"HOLDFAST_REDIS_PORT":    {RedisPort: taken},
		"HOLDFAST_TEMPORAL_PORT": {TemporalPort: taken},
		"HOLDFAST_UI_PORT":       {UIPort: taken},
	} {
		opts.InProcessRedis = true
		_, err := stack.Start(t.Context(), opts)
		require.ErrorContains(t, err, "is taken by another program: choose another with "+setting)
	}
}

func TestFailedPartIsReported(t *testing.T) {
	redistest.Program(t)
	s := start(t, stack.Options{WithoutUI: true})
	connectRedis(t, s.RedisURL).Do(t.Context(), "SHUTDOWN", "NOSAVE")
	select {
	case err := <-s.Failed():
		require.ErrorContains(t, err, "redis-server ended by itself")
	case <-time.After(10 * time.Second):
		t.Fatal("nobody noticed")
	}
}

func TestDataFolderHasOneStack(t *testing.T) {
	redistest.Program(t)
	opts := stack.Options{Data: t.TempDir(), WithoutUI: true}
	start(t, opts)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := stack.Start(ctx, opts)
	require.ErrorContains(t, err, "lock folder "+opts.Data)
}

func start(t *testing.T, opts stack.Options) *stack.Stack {
	t.Helper()
	s, err := stack.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		defer cancel()
		require.NoError(t, s.Stop(ctx))
	})
	return s
}

func connectRedis(t *testing.T, url string) *goredis.Client {
	t.Helper()
	opts, err := goredis.ParseURL(url)
	require.NoError(t, err)
	opts.MaxRetries = -1
	c := goredis.NewClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
