package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// badQueries are invalid queries to the index.
func badQueries() []bad {
	q := func(path, name, field string) bad {
		return bad{name, call{method: http.MethodGet, path: path}, http.StatusBadRequest, "malformed-request", field}
	}
	s := func(query, name, field string) bad { return q("/v1/products?"+query, name, field) }
	madeUp := search.OrderQuery{}.CursorAt("1")
	return []bad{
		s("q="+strings.Repeat("x", 1001), "a q of 1,001 characters", "q"),
		s("q="+strings.Repeat("%E8%8C%B6", 1001), "a q of 1,001 Chinese ones", "q"),
		s("q=%ff", "a q that is no UTF-8", "q"),
		s("q=*", "a wildcard alone", "q"),
		s("q=%22%28%29%26%26", "operators alone", "q"),
		s("q=a&q=b", "q twice", "q"),
		s("sort=cheapest", "an unknown sort", "sort"),
		s("sort=Price", "a sort in another case", "sort"),
		s("soldOut=never", "an unknown place for sold-out ones", "soldOut"),
		s("cursor=eyJxIjoi", "a cursor cut off", "cursor"),
		s("cursor=nonsense", "a cursor made up", "cursor"),
		s("cursor="+madeUp, "a cursor of orders", "cursor"),
		s("cursor="+search.ProductQuery{Q: "cup"}.CursorAt("1"), "a cursor of another query", "cursor"),
		s("cursor="+strings.Repeat("A", 9000), "a cursor of 9,000 characters", "cursor"),
		s("minPrice=2&maxPrice=1", "prices the wrong way round", "minPrice"),
		s("minPrice=-1", "a price below 0", "minPrice"),
		s("maxPrice=-1", "another price below 0", "maxPrice"),
		s("minPrice=1.5", "a price with a fraction", "minPrice"),
		s("maxPrice=9223372036854775808", "a price beyond int64", "maxPrice"),
		s("maxPrice=ten", "a price in words", "maxPrice"),
		s("minPrice=", "an empty price", "minPrice"),
		s("status=", "an empty status", "status"),
		s("externalReference="+strings.Repeat("x", 129), "a reference of 129 bytes", "externalReference"),
		s("updatedSince=yesterday", "a time in words", "updatedSince"),
		s("updatedSince=9999-01-01T00:00:00Z", "a time far away", "updatedSince"),
		s("limit=0", "limit 0", "limit"),
		s("limit=101", "limit 101", "limit"),
		s("limit=1001", "limit 1001", "limit"),
		s("limit=-1", "limit -1", "limit"),
		s("limit=many", "a limit in words", "limit"),
		s("limit=10&limit=20", "two limits", "limit"),
		s("inStock=maybe", "inStock in words", "inStock"),
		s("category=", "an empty category", "category"),
		s("category=a&category=%ff", "a category that is no UTF-8", "category"),
		s("tag=%ff", "a tag that is no UTF-8", "tag"),
		s("brand="+strings.Repeat("b&brand=", 100)+"b", "101 brands", "brand"),
		s("categories=a", "an unknown parameter", "categories"),
		s("Q=a", "a parameter in another case", "Q"),
		s("q=a&%ff=1", "a parameter that is no UTF-8", "\uFFFD"),
		s(strings.Repeat("x", 300)+"=1", "a parameter without end", strings.Repeat("x", 200)+"…"),
		s("q=%zz", "a bad escape", ""),
		s("q=a;b", "a semicolon", ""),
		q("/v1/products/suggest?q="+strings.Repeat("x", 1001), "typing 1,001 characters", "q"),
		q("/v1/products/suggest?q=%c3", "typing half a character", "q"),
		q("/v1/products/suggest?limit=0", "no suggestions", "limit"),
		q("/v1/products/suggest?limit=21", "21 suggestions", "limit"),
		q("/v1/products/suggest?sort=price", "suggestions by price", "sort"),
		q("/v1/orders?customerId=a%20b", "a customer id", "customerId"),
		q("/v1/orders?productId=a%2Fb", "a product id", "productId"),
		q("/v1/orders?from=yesterday", "a time in words", "from"),
		q("/v1/orders?to=2026-03-01", "a day", "to"),
		q("/v1/orders?from=2026-03-01T12:00:00+01:00", "an offset whose + is a blank", "from"),
		q("/v1/orders?from=2026-13-01T12:00:00Z", "a 13th month", "from"),
		q("/v1/orders?to=0001-01-01T00:00:00Z", "a time that would mean no time", "to"),
		q("/v1/orders?to=9999-01-01T00:00:00Z", "a time too far", "to"),
		q("/v1/orders?from=2026-03-01T12:00:00Z&to=2026-03-01T12:00:00Z", "from at to", "from"),
		q("/v1/orders?status=", "an empty status", "status"),
		q("/v1/orders?status=%ff", "a status that is no UTF-8", "status"),
		q("/v1/orders?q=%ff", "an order's q that is no UTF-8", "q"),
		q("/v1/orders?limit=101", "101 orders", "limit"),
		q("/v1/orders?cursor=x", "a cursor of no orders", "cursor"),
		q("/v1/orders?state=paid", "an unknown filter of orders", "state"),
		q("/v1/orders/nobody?expand=customer", "an unknown expansion", "expand"),
		q("/v1/orders/nobody?expand=products&expand=", "an empty expansion", "expand"),
		q("/v1/orders/nobody?version=last", "a version in words", "version"),
		q("/v1/products/a%20b/events", "a product id of events", "id"),
		q("/v1/products/mug/events?orderId=a%20b", "an order id of events", "orderId"),
		q("/v1/products/mug/events?type=", "an empty type", "type"),
		q("/v1/products/mug/events?limit=0", "no events", "limit"),
		q("/v1/products/mug/events?limit=101", "101 events", "limit"),
		q("/v1/products/mug/events?cursor="+search.EventQuery{ProductID: "cup"}.CursorAt("1"), "a cursor of another product", "cursor"),
		q("/v1/products/mug/events?since=1", "an unknown filter of events", "since"),
		{"events of nothing", call{method: http.MethodGet, path: "/v1/products/nothing/events"}, 404, "unknown-product", ""},
	}
}

func TestBadQueriesAreReported(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	for _, b := range badQueries() {
		t.Run(b.name, func(t *testing.T) {
			g.t = t
			a := g.do(b.call)
			require.Equal(t, b.status, a.status, "%.400s", a.body)
			p := a.problem(t)
			require.Equal(t, "/problems/"+b.kind, p.Type)
			require.NotEmpty(t, p.Title)
			if b.field != "" {
				require.NotEmpty(t, p.Errors, "%s", a.body)
				require.Equal(t, b.field, p.Errors[0].Path)
				require.NotEmpty(t, p.Errors[0].Reason)
			}
		})
	}
	require.Len(t, g.index.asked, 1, "only what can be asked is asked: the events of a product that isn't there")
	g.t = t
	p := g.get("/v1/products?minPrice=-1&sort=best&limit=0&q=%ff").problem(t)
	require.Len(t, p.Errors, 4, "all that is wrong is named")
}

// Any query string is either answered or refused.
func FuzzQueries(f *testing.F) {
	g := newGateway(f)
	g.putProduct("mug", 5)
	paths := []string{
		"/v1/products", "/v1/products/suggest", "/v1/orders", "/v1/products/mug/events", "/v1/orders/nobody", "/v1/products/nothing/events",
	}
	for i, path := range paths {
		f.Add(uint8(i), "")
		f.Add(uint8(i), "q=a&limit=2&cursor=&sort=-price&soldOut=inPlace&minPrice=1&maxPrice=2&inStock=1&tag=%00")
		f.Add(uint8(i), "from=2026-03-01T12%3A00%3A00%2B01:00&to=2200-12-31T23:59:59Z&status=paid&q=%F0%9F%8D%B5")
		f.Add(uint8(i), "expand=products&wait=1ms&version=9&type=hold.made&orderId=o")
		f.Add(uint8(i), "cursor="+search.ProductQuery{}.CursorAt("1", "\x00"))
		f.Add(uint8(i), "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59%2B23:59")
		for _, b := range badQueries() {
			if p, query, _ := strings.Cut(b.call.path, "?"); p == path && len(query) < 1000 {
				f.Add(uint8(i), query)
			}
		}
	}
	f.Fuzz(func(t *testing.T, path uint8, query string) {
		r := call{method: http.MethodGet, path: paths[int(path)%len(paths)]}.request(t.Context(), t)
		if strings.Contains(query, "wait") {
			query += "&wait=x" // twice, or no duration: a wait takes its time
		}
		r.URL.RawQuery = query
		a := g.serve(r)
		require.Less(t, a.status, http.StatusInternalServerError, "%q: %s", query, a.body)
		if a.status >= http.StatusBadRequest {
			require.NotEmpty(t, a.problem(t).Type, query)
		}
	})
}
