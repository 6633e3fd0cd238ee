package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/search"
)

func TestOrdersAreCountedByStatusAndHour(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 30, 0, 0, time.FixedZone("", 3600))
	g := newGateway(t, func(c *api.Config) { c.Now = func() time.Time { return now } })
	count := func(query string) (counts search.OrderCounts) {
		t.Helper()
		a := g.get("/v1/orders/counts" + query)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.NoError(t, json.Unmarshal(a.body, &counts))
		return counts
	}
	require.JSONEq(t, `{"total":0,"statuses":{},"hours":[{"from":"2026-11-29T11:00:00Z","placed":0,"statuses":{}}]}`,
		string(g.get("/v1/orders/counts?hours=1").body))
	for i, ago := range []time.Duration{0, 31 * time.Minute, 90 * time.Minute, 48 * time.Hour} {
		g.index.orders = append(g.index.orders, search.Order{ID: fmt.Sprint(i), Status: order.StatusPaid, PlacedAt: now.Add(-ago)})
	}
	counts := count("")
	require.EqualValues(t, 4, counts.Total)
	require.Equal(t, map[order.Status]int64{order.StatusPaid: 4}, counts.Statuses)
	require.Len(t, counts.Hours, search.DefaultCountHours)
	require.Equal(t, search.HourCount{
		From: time.Date(2026, 11, 29, 11, 0, 0, 0, time.UTC), Placed: 1, Statuses: map[order.Status]int64{order.StatusPaid: 1},
	}, counts.Hours[47])
	require.EqualValues(t, 2, counts.Hours[46].Placed)
	require.Len(t, count("?hours=168").Hours, 168)
	for _, hours := range []string{"0", "169", "-1", "many"} {
		a := g.get("/v1/orders/counts?hours=" + hours)
		require.Equal(t, http.StatusBadRequest, a.status, hours)
		require.Equal(t, "hours", a.problem(t).Errors[0].Path)
	}
	require.Equal(t, http.StatusBadRequest, g.get("/v1/orders/counts?hour=1").status, "a misspelt parameter")

	g.index.set(func(f *fakeIndex) { f.err = errIndexDown })
	require.Equal(t, "/problems/search-unavailable", g.get("/v1/orders/counts").problem(t).Type)
	without := newGateway(t, func(c *api.Config) { c.Index = nil })
	require.Equal(t, http.StatusServiceUnavailable, without.get("/v1/orders/counts").status)
}

// The paths of an order's own calls are where they were.
func TestCountsAreNoOrder(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, http.StatusMethodNotAllowed, g.send(t.Context(), call{method: http.MethodPost, path: "/v1/orders/counts"}).status)
	for _, id := range []string{"count", "countss", "c"} {
		require.Equal(t, "/problems/unknown-order", g.get("/v1/orders/"+id).problem(t).Type)
	}
	require.Equal(t, "/problems/unknown-order", g.get("/v1/orders/counts/payment").problem(t).Type)
	for _, key := range []string{"", "counts"} {
		g.putProduct("mug"+key, 1)
		o := g.place(key, basket(line{"productId": "mug" + key, "quantity": 1})).order(t)
		require.Len(t, o.ID, 36, "ids are UUIDs")
	}
}
