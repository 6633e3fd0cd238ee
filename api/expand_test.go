package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/product"
)

// countingProducts counts the reads of many products.
type countingProducts struct {
	api.Products
	reads [][]string
}

func (p *countingProducts) GetMany(ctx context.Context, ids []string) ([]product.Lookup, error) {
	p.reads = append(p.reads, ids)
	return p.Products.GetMany(ctx, ids)
}

func TestAnOrderWithItsProductsAsTheyAreNow(t *testing.T) {
	var entities *countingProducts
	g := newGateway(t, func(c *api.Config) {
		entities = &countingProducts{Products: c.Products}
		c.Products = entities
	})
	g.putProduct("mug", 5, func(s *product.Spec) { s.Image = "/mug.png" })
	two := int64(3)
	g.putProduct("pair", 2, func(s *product.Spec) {
		s.Variants = append(s.Variants, product.VariantSpec{SKU: "two", Price: 2000, Stock: &two})
	})
	g.putProduct("gone", 2)
	g.putProduct("lost", 2)
	placed := g.place("", basket(
		line{"productId": "mug", "quantity": 2}, line{"productId": "pair", "sku": "two", "quantity": 1},
		line{"productId": "gone", "quantity": 1}, line{"productId": "lost", "quantity": 1},
		line{"productId": "pair", "sku": "one", "quantity": 2},
	))
	o := placed.order(t)

	price := g.do(call{method: http.MethodPut, path: "/v1/products/mug", body: map[string]any{
		"title": "Better mug", "image": "/mug.png", "currency": "EUR", "variants": []line{{"sku": "one", "price": 1234}},
	}})
	require.Equal(t, http.StatusOK, price.status, "%s", price.body)
	require.NoError(t, g.stock.Delist(t.Context(), "gone", 1))
	for _, k := range g.redis.Keys() {
		if len(k) > 13 && k[len(k)-13:] == ":product:lost" {
			g.redis.Del(k)
		}
	}

	a := g.get("/v1/orders/" + o.ID + "?expand=products&expand=products&wait=5s")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var got struct {
		Lines []struct {
			UnitPrice int64           `json:"unitPrice"`
			Product   json.RawMessage `json:"product"`
		} `json:"lines"`
	}
	require.NoError(t, json.Unmarshal(a.body, &got))
	require.Len(t, got.Lines, 5)
	require.Equal(t, int64(1000), got.Lines[0].UnitPrice, "what was bought stays")
	for i, want := range []string{
		`{"title":"Better mug","status":"listed","currency":"EUR","price":1234,"available":3,"image":"/mug.png"}`,
		`{"title":"A pair","status":"listed","currency":"EUR","price":2000,"available":2}`,
		`{"title":"A gone","status":"delisted","currency":"EUR","price":1000,"available":1}`,
		"",
		`{"title":"A pair","status":"listed","currency":"EUR","price":1000,"available":0}`,
	} {
		if want == "" {
			require.Nil(t, got.Lines[i].Product)
			continue
		}
		require.JSONEq(t, want, string(got.Lines[i].Product))
	}
	require.Equal(t, [][]string{{"gone", "lost", "mug", "pair"}}, entities.reads, "one read, each product once")
	plain := g.get("/v1/orders/" + o.ID)
	require.NotContains(t, string(plain.body), `"product":`)
	require.Equal(t, plain.order(t), a.order(t), "all else is as it is")
}

func TestExpandingWaitsAndFailsAsOneRead(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 2})).order(t)
	changed := make(chan answer, 1)
	go func() {
		changed <- g.get("/v1/orders/" + o.ID + "?expand=products&wait=20s&version=" + strconv.FormatInt(o.Version, 10))
	}()
	g.untilWaiting(1)
	require.Equal(t, http.StatusOK, g.post("/v1/orders/"+o.ID+"/cancel", nil).status)
	require.Contains(t, string(within(t, changed).body), `"available":5`, "read after the wait, not before")

	g.redis.SetError("LOADING")
	a := g.get("/v1/orders/" + o.ID + "?expand=products")
	require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
	require.Equal(t, "/problems/stock-unavailable", a.problem(t).Type)
	require.Equal(t, http.StatusOK, g.get("/v1/orders/"+o.ID).status)
}
