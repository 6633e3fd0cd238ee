package views

import (
	"context"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

// overdueIndex finds so many orders by rule.
type overdueIndex struct {
	search.Index
	found map[order.OverdueRule]int64
	err   error
}

func (x *overdueIndex) ListOrders(_ context.Context, q search.OrderQuery) (search.OrderPage, error) {
	return search.OrderPage{Total: x.found[q.Overdue]}, x.err
}

func TestOverdueOrdersAreCountedByRule(t *testing.T) {
	x := &overdueIndex{found: map[order.OverdueRule]int64{order.OverdueNoNews: 3, order.OverdueNotPacked: 5}}
	metrics := prometheus.NewRegistry()
	o, err := newOverdue(Config{Index: x, Log: slog.New(slog.DiscardHandler), Metrics: metrics})
	require.NoError(t, err)
	shows := func() map[string]float64 {
		t.Helper()
		families, err := metrics.Gather()
		require.NoError(t, err)
		values := map[string]float64{}
		for _, f := range families {
			require.Equal(t, "holdfast_orders_overdue", f.GetName())
			for _, m := range f.GetMetric() {
				values[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
			}
		}
		return values
	}
	require.NoError(t, o.count(t.Context()))
	require.Equal(t, map[string]float64{"no_news": 3, "not_packed": 5}, shows())

	x.found = nil
	require.NoError(t, o.count(t.Context()))
	require.Equal(t, map[string]float64{"no_news": 0, "not_packed": 0}, shows())

	x.err = search.ErrClosed
	require.ErrorIs(t, o.count(t.Context()), search.ErrClosed)
	require.Empty(t, shows())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.run(ctx) // ends
}
