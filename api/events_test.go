package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

func TestWhatHappenedToAProduct(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	g.index.events = []search.Event{
		{
			ID: "17-3-0", ProductID: "mug", Type: "product.changed", Version: 3, At: at, Status: "listed", Listing: 1,
			Stock: json.RawMessage(`[{"sku":"one","onHand":5,"held":2,"adjusted":5,"committed":0,"restocked":0}]`), Prices: json.RawMessage(`{"one":1000}`),
		},
		{
			ID: "17-2-0", ProductID: "mug", Type: "hold.released", Version: 2, At: at, OrderID: "o-1", Reason: "cancelled",
			Stock: json.RawMessage(`[{"sku":"one","onHand":5,"held":0}]`),
		},
		{ID: "17-1-0", ProductID: "mug", Type: "stock.adjusted", Version: 1, At: at, Actor: "operator", Reason: "counted"},
	}
	a := g.get("/v1/products/mug/events?limit=2&type=hold.made&type=product.changed&orderId=o-1")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	limit := 2
	q := search.EventQuery{ProductID: "mug", Types: []string{"hold.made", "product.changed"}, OrderID: "o-1", Limit: &limit}
	require.Equal(t, q, g.index.last())
	require.Equal(t, `{"items":[{"id":"17-3-0","productId":"mug","type":"product.changed","version":3,"at":"2026-03-01T12:00:00Z",`+
		`"stock":[{"sku":"one","onHand":5,"held":2,"adjusted":5,"committed":0,"restocked":0}],"prices":{"one":1000},`+
		`"status":"listed","listing":1},`+
		`{"id":"17-2-0","productId":"mug","type":"hold.released","version":2,"at":"2026-03-01T12:00:00Z","orderId":"o-1",`+
		`"reason":"cancelled","stock":[{"sku":"one","onHand":5,"held":0}]}],"nextCursor":"`+q.CursorAt("2")+`"}`, string(a.body))
	a = g.get("/v1/products/mug/events?limit=9&type=hold.made&type=product.changed&orderId=o-1&cursor=" + q.CursorAt("2"))
	require.JSONEq(t, `{"items":[{"id":"17-1-0","productId":"mug","type":"stock.adjusted","version":1,
		"at":"2026-03-01T12:00:00Z","actor":"operator","reason":"counted"}]}`, string(a.body))
}

func TestAProductWithoutEventsIsNotAnUnknownProduct(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	require.JSONEq(t, `{"items":[]}`, string(g.get("/v1/products/mug/events").body))
	require.Equal(t, "/problems/unknown-product", g.get("/v1/products/nothing/events").problem(t).Type)
	g.redis.Close()
	a := g.get("/v1/products/nothing/events")
	require.Equal(t, http.StatusServiceUnavailable, a.status, "it can't be known: %s", a.body)
	require.Equal(t, "/problems/stock-unavailable", a.problem(t).Type)
	g.index.set(func(f *fakeIndex) {
		f.events = []search.Event{{ID: "1-1-0", ProductID: "mug", Type: "hold.made", Version: 1, At: time.Now()}}
	})
	require.Equal(t, http.StatusOK, g.get(fmt.Sprintf("/v1/products/%s/events", "mug")).status)
}
