package worker_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/search"
	"holdfast/worker"
)

func config(t *testing.T) worker.Config {
	t.Helper()
	c, err := client.NewLazyClient(client.Options{})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	return worker.Config{Temporal: c, Redis: rdb}
}

func TestWorkerNeedsTemporalAndRedis(t *testing.T) {
	for name, without := range map[string]func(*worker.Config){
		"Temporal": func(c *worker.Config) { c.Temporal = nil },
		"Redis":    func(c *worker.Config) { c.Redis = nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t)
			without(&c)
			_, err := worker.New(c)
			require.Error(t, err)
		})
	}
}

// Only to people does a missing metric look like one that is zero.
func TestMetricsOfAlarmsAreThereFromTheStart(t *testing.T) {
	c := config(t)
	metrics := prometheus.NewRegistry()
	c.Metrics = metrics
	_, err := worker.New(c)
	require.NoError(t, err)
	families, err := metrics.Gather()
	require.NoError(t, err)
	zeros := map[string]int{}
	for _, f := range families {
		zeros[f.GetName()] = len(f.GetMetric())
	}
	require.Equal(t, map[string]int{
		"holdfast_sweeper_settled_total": 2, "holdfast_sweeper_failed_total": 1, "holdfast_webhook_deliveries_total": 4,
		"holdfast_order_alerts_total": len(order.AlertRules()),
	}, zeros)

	_, err = worker.New(c)
	require.ErrorContains(t, err, "register the worker's metrics", "two workers would count in one place")
}

// With an index the worker keeps the views up to date and moves closed orders there.
func TestWorkerWithAnIndex(t *testing.T) {
	c := config(t)
	metrics := prometheus.NewRegistry()
	c.Metrics, c.Index = metrics, noIndex{}
	_, err := worker.New(c)
	require.NoError(t, err)
	families, err := metrics.Gather()
	require.NoError(t, err)
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
	}
	require.True(t, names["holdfast_orders_moved_total"])
	require.True(t, names["holdfast_projector_lag_events"])
}

// An index that may lose its only copies never gets an order for good.
func TestWorkerThatKeepsOrdersForGood(t *testing.T) {
	c := config(t)
	metrics := prometheus.NewRegistry()
	c.Metrics, c.Index, c.KeepForGood = metrics, noIndex{}, true
	_, err := worker.New(c)
	require.NoError(t, err)
	families, err := metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		require.NotEqual(t, "holdfast_orders_moved_total", f.GetName())
	}
}

type noIndex struct{ search.Index }
