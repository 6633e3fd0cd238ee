package client_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
)

// recorder answers every call with a document, and keeps the last request.
type recorder struct {
	answer string
	status int
	last   *http.Request
	body   string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	b, _ := io.ReadAll(req.Body) // the request was sent by the test
	r.last, r.body = req, string(b)
	w.Header().Set("ETag", `"7-a"`)
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
	_, _ = io.WriteString(w, r.answer) // the test is gone
}

func recorded(t *testing.T, r *recorder) *client.Client {
	t.Helper()
	return dial(t, client.Config{URL: serve(t, r.ServeHTTP), Token: "t"})
}

func TestAClientCallsOnBehalfOfOthers(t *testing.T) {
	r := &recorder{answer: `{}`}
	c := recorded(t, r)
	_, err := c.As("other").Behind("192.0.2.7").Order(t.Context(), "o")
	require.NoError(t, err)
	require.Equal(t, "Bearer other", r.last.Header.Get("Authorization"))
	require.Equal(t, "192.0.2.7", r.last.Header.Get("X-Forwarded-For"))
	_, err = c.As("").Order(t.Context(), "o")
	require.NoError(t, err)
	require.Empty(t, r.last.Header["Authorization"])
	_, err = c.Order(t.Context(), "o")
	require.NoError(t, err)
	require.Equal(t, "Bearer t", r.last.Header.Get("Authorization"), "the client itself stays as it is")
	require.Empty(t, r.last.Header["X-Forwarded-For"])
}

func TestASearchSaysWhatWasAskedFor(t *testing.T) {
	r := &recorder{answer: `{"items": [{"id": "mug", "title": "Mug", "minPrice": 5, "inStock": true}], "total": 1, "nextCursor": "c",
		"facets": {"brand": [{"value": "Nordlicht", "count": 1}]}}`}
	c := recorded(t, r)
	low := int64(100)
	page, err := c.Search(t.Context(), client.Search{
		Text: "mug & cup", Brand: []string{"A", "B"}, InStock: true, MinPrice: &low, Sort: "price", Limit: 24, Cursor: "x",
		UpdatedSince: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	})
	require.NoError(t, err)
	require.Equal(t, "/v1/products", r.last.URL.Path)
	require.Equal(t, map[string][]string{
		"q": {"mug & cup"}, "brand": {"A", "B"}, "inStock": {"true"}, "minPrice": {"100"}, "sort": {"price"}, "limit": {"24"}, "cursor": {"x"},
		"updatedSince": {"2026-01-02T03:04:05Z"},
	}, map[string][]string(r.last.URL.Query()))
	require.Equal(t, "mug", page.Items[0].ID)
	require.Equal(t, []client.FacetValue{{Value: "Nordlicht", Count: 1}}, page.Facets.Brand)

	_, err = c.Search(t.Context(), client.Search{})
	require.NoError(t, err)
	require.Empty(t, r.last.URL.RawQuery, "what isn't asked for is left out")
}

func TestAProductIsReadWithItsETag(t *testing.T) {
	r := &recorder{answer: `{"id": "a b", "variants": [{"sku": "s", "price": 5, "available": 0, "heldByOthers": true}]}`}
	p, err := recorded(t, r).Product(t.Context(), "a b")
	require.NoError(t, err)
	require.Equal(t, "/v1/products/a%20b", r.last.URL.EscapedPath())
	require.Equal(t, `"7-a"`, p.ETag)
	require.True(t, p.Variants[0].HeldByOthers)

	r.answer = `{"items": [{"id": "mug"}], "terms": [{"text": "mug", "kind": "word", "count": 2}]}`
	s, err := recorded(t, r).Suggest(t.Context(), "mu", 6)
	require.NoError(t, err)
	require.Equal(t, "limit=6&q=mu", r.last.URL.RawQuery)
	require.EqualValues(t, 2, s.Terms[0].Count)
}

func TestAnOrderIsPlacedAsItWasQuoted(t *testing.T) {
	r := &recorder{answer: `{"id": "o-1", "total": 900, "currency": "EUR", "lines": []}`, status: http.StatusAccepted}
	c := recorded(t, r)
	total := int64(900)
	request := client.OrderRequest{
		Lines: []client.LineRequest{{ProductID: "mug", Quantity: 2}}, CouponCodes: []string{"SPRING"}, ExpectedTotal: &total,
		Metadata: map[string]string{"channel": "web"},
	}
	o, decided, err := c.PlaceOrder(t.Context(), "key", request)
	require.NoError(t, err)
	require.False(t, decided, "202 is undecided")
	require.Equal(t, "o-1", o.ID)
	require.Equal(t, "key", r.last.Header.Get("Idempotency-Key"))
	require.JSONEq(t, `{"lines": [{"productId": "mug", "quantity": 2}], "couponCodes": ["SPRING"], "expectedTotal": 900, "metadata": {"channel": "web"}}`, r.body)

	r.status = http.StatusOK
	q, err := c.Quote(t.Context(), request)
	require.NoError(t, err)
	require.EqualValues(t, 900, q.Total)
	require.Equal(t, "/v1/quotes", r.last.URL.Path)
	require.JSONEq(t, `{"lines": [{"productId": "mug", "quantity": 2}], "couponCodes": ["SPRING"]}`, r.body, "a quote takes nothing else")

	r.answer = `{"items": [{"productId": "mug", "sku": "s", "currency": "EUR", "unitPrice": 10, "price": 9}]}`
	prices, err := c.Prices(t.Context(), "", []client.PriceItem{{ProductID: "mug"}})
	require.NoError(t, err)
	require.EqualValues(t, 9, prices[0].Price)
	require.JSONEq(t, `{"items": [{"productId": "mug"}]}`, r.body)
}

func TestShippingMethodsAreListed(t *testing.T) {
	r := &recorder{answer: `{"items": [{"id": "parcel", "title": "Parcel", "currency": "EUR", "default": true}]}`}
	methods, err := recorded(t, r).ShippingMethods(t.Context(), "EUR", "DE")
	require.NoError(t, err)
	require.Equal(t, "/v1/shipping-methods?country=DE&currency=EUR", r.last.URL.String())
	require.Equal(t, []client.ShippingMethod{{ID: "parcel", Title: "Parcel", Currency: "EUR", Default: true}}, methods)
}

func TestOrdersAreListed(t *testing.T) {
	r := &recorder{answer: `{"items": [{"id": "o-1", "status": "paid", "amounts": {"total": 5}, "lines": [], "lineCount": 1}], "total": 1}`}
	closed := false
	page, err := recorded(t, r).Orders(t.Context(), client.OrderFilter{
		Status: []string{"paid"}, Closed: &closed, OnHold: new(true), Text: "ada", Limit: 50, Return: []string{string(client.ReturnRequested)}, Tag: []string{"vip", "b2b"},
	})
	require.NoError(t, err)
	require.Equal(t, "closed=false&limit=50&onHold=true&q=ada&return=requested&status=paid&tag=vip&tag=b2b", r.last.URL.RawQuery)
	require.Equal(t, client.OrderPaid, page.Items[0].Status)
}

func TestARefusedOrderSaysWhatItWouldCost(t *testing.T) {
	body, err := json.Marshal(map[string]any{
		"type": "/problems/price-changed", "title": "Price changed", "status": 409, "orderId": "o-1",
		"quote": map[string]any{"currency": "EUR", "total": 1000}, "coupons": []any{map[string]any{"code": "SPRING", "reason": "used_up"}},
	})
	require.NoError(t, err)
	r := &recorder{answer: string(body), status: http.StatusConflict}
	_, _, err = recorded(t, r).PlaceOrder(t.Context(), "key", client.OrderRequest{})
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.EqualValues(t, 1000, p.Quote.Total)
	require.Equal(t, "o-1", p.OrderID)
	require.EqualValues(t, "used_up", p.Coupons[0].Reason)
}
