package projector

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/search"
)

func TestViewsFollowTheirHomes(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h, registry := newHouse(t, rdb), prometheus.NewRegistry()
		products, orders := names("p", 100), names("o", 100)
		for i, id := range products { // before the first read
			h.putProduct(id, "First")
			h.putOrder(orders[i], 1, "pay")
		}
		stop := h.start(func(o *Options) { o.Metrics = registry })
		h.settled()
		h.same(products, orders)
		for i, id := range products {
			h.putProduct(id, "Second")
			h.putOrder(orders[i], 2)
			require.NoError(t, h.docs.PutRefund(t.Context(), orders[i], "pay", "full", []byte(`{"id":"full"}`)))
		}
		h.settled()
		h.same(products, orders)
		require.Len(t, h.view.order("o7").Payments, 2)

		p, err := h.stock.Get(t.Context(), "p7")
		require.NoError(t, err)
		_, err = h.stock.Adjust(t.Context(), product.Adjustment{
			ProductID: "p7", ActionID: "a", SKU: "S", Delta: new(int64(-3)), Reason: "broken", Actor: "clerk",
		})
		require.NoError(t, err)
		h.until("the adjustment", func() bool { return h.view.product("p7").Available == 97 })
		h.settled()
		var adjusted, created search.Event
		h.view.set(func() {
			for _, e := range h.view.events {
				if e.ProductID == "p7" && e.Type == "stock.adjusted" {
					adjusted = e
				}
				if e.ProductID == "p7" && e.Type == "product.created" {
					created = e
				}
			}
		})
		require.Equal(t, "broken", adjusted.Reason)
		require.Equal(t, "clerk", adjusted.Actor)
		require.Greater(t, adjusted.Version, p.Version)
		require.JSONEq(t, `[{"sku":"S","onHand":97,"held":0,"adjusted":97,"committed":0,"restocked":0}]`, string(adjusted.Stock))
		require.JSONEq(t, `{"S":100}`, string(created.Prices))
		require.Equal(t, "listed", created.Status)
		require.Equal(t, int64(1), created.Listing)
		require.True(t, strings.HasPrefix(created.ID, strings.TrimPrefix(strings.Trim(redisdb.Bucket("p7"), "{b}"), "0")+"-"), created.ID)
		h.view.set(func() { require.Len(t, h.view.events, 201) })
		h.until("no lag", func() bool {
			return value(t, registry, "holdfast_projector_lag_events") == 0
		})
		stop()
		require.InDelta(t, 501, value(t, registry, "holdfast_projector_entries_total"), 0)
	})
}

// value sums a metric over its labels.
func value(t *testing.T, registry *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
			return sum
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}
