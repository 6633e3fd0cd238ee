package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

// large is an order of so many lines, with texts as long as they may be.
func large(id string, lines int) search.Order {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	long := strings.Repeat("<", order.MaxFieldBytes) // six bytes each, as JSON
	o := order.Order{
		ID: id, CustomerID: "c-1", Status: order.StatusRejected, Version: 2, Currency: "EUR", PlacedAt: at, UpdatedAt: at,
		Amounts: map[string]int64{"items": 1, "total": 1, "paid": 0, "refunded": 0},
		Address: &order.Address{Recipient: long, Phone: long, Email: long, Line1: long, Line2: long, City: long, Region: long, PostalCode: long, Country: long},
		Payment: order.Payment{Status: order.PaymentPending, Deadline: at},
		Journal: []order.Entry{{Seq: 1, Node: "reserving", Actor: "c-1", Detail: map[string]string{"a": long}}},
	}
	for i := range lines {
		o.Lines = append(o.Lines, order.Line{ID: fmt.Sprint(i + 1), ProductID: "mug", SKU: "one", Title: long, Quantity: 1, UnitPrice: 1, Amount: 1})
		o.Shortages = append(o.Shortages, order.Shortage{ProductID: "mug", SKU: "one", Requested: 1, Reason: "insufficient_stock"})
	}
	doc, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return search.FromOrder(o, doc, 1, nil)
}

// pageMost is the bound of a page, with the chunk that reaches it.
const pageMost = 512 << 10

func TestAListShowsOrderSummaries(t *testing.T) {
	g := newGateway(t)
	for i := range 40 {
		g.index.orders = append(g.index.orders, large(fmt.Sprintf("o-%d", i), order.MaxLines))
	}
	seen, pages := map[string]bool{}, 0
	for path := "/v1/orders?limit=100"; path != ""; pages++ {
		a := g.get(path)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Less(t, len(a.body), pageMost)
		require.NotContains(t, string(a.body), "journal")
		var page struct {
			Items      []order.Summary `json:"items"`
			NextCursor string          `json:"nextCursor"`
			Total      int             `json:"total"`
		}
		require.NoError(t, json.Unmarshal(a.body, &page))
		require.Equal(t, 40, page.Total, "on all pages")
		require.NotEmpty(t, page.Items)
		for _, o := range page.Items {
			require.Len(t, o.Lines, order.SummaryLines)
			require.Equal(t, order.MaxLines, o.LineCount)
			require.False(t, seen[o.ID], "each once")
			seen[o.ID] = true
		}
		path = ""
		if page.NextCursor != "" {
			path = "/v1/orders?limit=100&cursor=" + page.NextCursor
		}
	}
	require.Len(t, seen, 40)
	require.Greater(t, pages, 1, "a page ends by its bytes")

	for _, q := range g.index.asked {
		require.LessOrEqual(t, q.(search.OrderQuery).PageSize(), 20, "whole documents are read a few at a time")
	}
}

func TestASmallOrderIsWholeInAList(t *testing.T) {
	g := newGateway(t)
	for i := range 50 {
		g.index.orders = append(g.index.orders, large(fmt.Sprintf("o-%d", i), 1))
		g.index.orders[i].Document = json.RawMessage(`{"id":"o","lines":[{"id":"1"}]}`)
	}
	a := g.send(t.Context(), call{method: http.MethodGet, path: "/v1/orders?limit=45"})
	var page struct {
		Items      []order.Summary `json:"items"`
		NextCursor string          `json:"nextCursor"`
	}
	require.NoError(t, json.Unmarshal(a.body, &page))
	require.Len(t, page.Items, 45, "a page of small orders is as long as was asked for")
	require.NotEmpty(t, page.NextCursor)
	require.Equal(t, 1, page.Items[0].LineCount)
}

func TestAListShowsProductSummaries(t *testing.T) {
	g := newGateway(t)
	wide := strings.Repeat("é", 32<<10)
	for i := range 100 {
		g.index.products = append(g.index.products, hit(fmt.Sprintf("p-%d", i), func(h *search.ProductHit) {
			h.Description, h.Brand, h.Category, h.Image = wide, wide, wide, "data:"+wide
			h.Tags = []string{strings.Repeat("a", 500), "bb", strings.Repeat("c", 20), "d"}
			h.Attributes = map[string]string{"a": strings.Repeat("x", 1000), "b": "ok", "c": wide}
			h.Highlights = map[string][]string{"description": {strings.Repeat("<em>x</em>", 100)}}
		}))
	}
	seen := map[string]bool{}
	for path := "/v1/products?limit=100"; path != ""; {
		a := g.get(path)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Less(t, len(a.body), pageMost)
		var page struct {
			Items      []search.Product `json:"items"`
			NextCursor string           `json:"nextCursor"`
		}
		require.NoError(t, json.Unmarshal(a.body, &page))
		for _, p := range page.Items {
			require.Equal(t, 301, utf8.RuneCountInString(p.Description))
			require.True(t, strings.HasSuffix(p.Description, "é…"))
			require.LessOrEqual(t, len(p.Brand), 256)
			require.True(t, utf8.ValidString(p.Brand) && strings.HasSuffix(p.Category, "é…"))
			require.Empty(t, p.Image, "half a picture is none")
			require.Equal(t, []string{strings.Repeat("a", 500), "bb"}, p.Tags)
			require.Equal(t, map[string]string{"a": strings.Repeat("x", 1000), "b": "ok"}, p.Attributes)
			require.False(t, seen[p.ID])
			seen[p.ID] = true
		}
		path = ""
		if page.NextCursor != "" {
			path = "/v1/products?limit=100&cursor=" + page.NextCursor
		}
	}
	require.Len(t, seen, 100)
}

func TestAPageOfEventsEndsByItsBytes(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	stock := json.RawMessage(`[` + strings.Repeat(`{"sku":"one","onHand":5,"held":2},`, 300) + `{"sku":"one","onHand":5,"held":0}]`)
	for i := range 100 {
		g.index.events = append(g.index.events, search.Event{
			ID: fmt.Sprintf("1-%d-0", i), ProductID: "mug", Type: "stock.adjusted", Version: 1, At: time.Now(), Stock: stock,
		})
	}
	seen := 0
	for path := "/v1/products/mug/events?limit=100"; path != ""; {
		a := g.get(path)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Less(t, len(a.body), pageMost)
		var page struct {
			Items      []json.RawMessage `json:"items"`
			NextCursor string            `json:"nextCursor"`
		}
		require.NoError(t, json.Unmarshal(a.body, &page))
		seen += len(page.Items)
		path = ""
		if page.NextCursor != "" {
			path = "/v1/products/mug/events?limit=100&cursor=" + page.NextCursor
		}
	}
	require.Equal(t, 100, seen)
}
