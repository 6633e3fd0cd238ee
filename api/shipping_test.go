package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShippingMethodsAreThoseOfThePriceBook(t *testing.T) {
	g := newGateway(t)
	require.JSONEq(t, `{"items":[]}`, string(g.get("/v1/shipping-methods").body), "there is no price book")
	require.Equal(t, 400, g.get("/v1/shipping-methods?currency=EURO").status)
	require.Equal(t, 400, g.get("/v1/shipping-methods?country=DEU").status)
	brackets := []any{map[string]any{"from": 0, "price": 500}}
	a := g.do(call{method: http.MethodPut, path: "/v1/price-book", body: map[string]any{"shippingMethods": []any{
		map[string]any{"id": "parcel", "title": "Parcel", "currency": "EUR", "brackets": brackets, "default": true},
		map[string]any{"id": "bike", "title": "By bicycle", "currency": "EUR", "brackets": brackets, "countries": []string{"NL"}},
		map[string]any{"id": "air", "title": "Air", "currency": "USD", "brackets": brackets, "default": true},
	}}})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	const parcel, bike = `{"id":"parcel","title":"Parcel","currency":"EUR","default":true}`, `{"id":"bike","title":"By bicycle","currency":"EUR"}`
	for query, want := range map[string]string{
		"?currency=EUR&country=DE": parcel, "?currency=EUR&country=NL": parcel + "," + bike, "?currency=EUR": parcel + "," + bike, "?currency=CHF": "",
	} {
		require.JSONEq(t, `{"items":[`+want+`]}`, string(g.get("/v1/shipping-methods"+query).body), query)
	}
}
