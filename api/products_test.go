package api_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api/openapi"
	"holdfast/product"
	"holdfast/saga"
)

func (a answer) product(t testing.TB) openapi.Product {
	t.Helper()
	var p openapi.Product
	require.NoError(t, json.Unmarshal(a.body, &p), "%s", a.body)
	return p
}

func TestAProductIsPutAndRead(t *testing.T) {
	g := newGateway(t)
	spec := map[string]any{
		"title": "Shirt", "description": "Cotton", "brand": "B", "category": "tops", "tags": []string{"new"},
		"image": "/shirt.png", "attributes": map[string]string{"fit": "slim"}, "currency": "EUR",
		"variants": []line{{"sku": "S", "title": "Small", "price": 1500, "stock": 3}, {"sku": "M", "price": 1500}},
	}
	put := func(match string) answer {
		k := call{method: http.MethodPut, path: "/v1/products/shirt", body: spec}
		if match != "" {
			k.header = http.Header{"If-Match": {match}}
		}
		return g.do(k)
	}
	a := put("")
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.Equal(t, "/v1/products/shirt", a.header.Get("Location"))
	p := a.product(t)
	require.Equal(t, "listed", p.Status)
	require.Equal(t, map[string]string{"fit": "slim"}, p.Attributes)
	require.Equal(t, []openapi.Variant{
		{SKU: "S", Title: "Small", Price: 1500, OnHand: new(int64(3)), Held: new(int64(0)), Available: 3},
		{SKU: "M", Price: 1500, OnHand: new(int64(0)), Held: new(int64(0))},
	}, p.Variants)
	read := g.get("/v1/products/shirt")
	require.Equal(t, a.body, read.body)
	tag := read.header.Get("ETag")
	require.Equal(t, a.header.Get("ETag"), tag)

	spec["title"] = "Shirt, washed"
	require.Equal(t, http.StatusOK, put(tag).status)
	again := put(tag)
	require.Equal(t, http.StatusOK, again.status, "it was applied: its caller had no answer")
	require.Equal(t, "Shirt, washed", again.product(t).Title)
	spec["title"] = "Shirt, ironed"
	require.Equal(t, http.StatusPreconditionFailed, put(tag).status)
	require.Equal(t, http.StatusOK, put("*").status)
	require.Equal(t, "Shirt, ironed", g.get("/v1/products/shirt").product(t).Title)
}

// Products in an abolished currency can still be edited: the currency itself can't be changed.
func TestAProductKeepsACurrencyThatWasAbolished(t *testing.T) {
	g := newGateway(t)
	old := product.Spec{
		Description: product.Description{Title: "T"}, Currency: "DEM", Variants: []product.VariantSpec{{SKU: "one", Price: 1}},
	}
	_, _, err := g.stock.Put(t.Context(), "old", old, nil)
	require.NoError(t, err)
	old.Title = "Better"
	require.Equal(t, http.StatusOK, g.do(call{method: http.MethodPut, path: "/v1/products/old", body: old}).status)
	require.Equal(t, http.StatusUnprocessableEntity, g.do(call{method: http.MethodPut, path: "/v1/products/new", body: old}).status)
	require.Equal(t, http.StatusUnprocessableEntity, g.do(call{method: http.MethodPut, path: "/v1/products/old", body: map[string]any{
		"title": "T", "currency": "XXQ", "variants": []line{{"sku": "one", "price": 1}},
	}}).status)
}

func TestOfManyWhoCreateAProductOneDoes(t *testing.T) {
	g := newGateway(t)
	var (
		wg      sync.WaitGroup
		created atomic.Int64
	)
	for range 8 {
		wg.Go(func() {
			a := g.send(t.Context(), call{
				method: http.MethodPut, path: "/v1/products/mug", header: http.Header{"If-None-Match": {"*"}},
				body: `{"title":"T","currency":"EUR","variants":[{"sku":"one","price":1}]}`,
			})
			switch a.status {
			case http.StatusCreated:
				created.Add(1)
			case http.StatusPreconditionFailed:
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int64(1), created.Load())
}

func TestStockMovesOncePerKey(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	before := g.get("/v1/products/mug").header.Get("ETag")
	adjust := func(k string, body any) answer {
		return g.do(call{method: http.MethodPost, path: "/v1/products/mug/stock", body: body, header: key(k)})
	}
	for range 2 {
		a := adjust("a", line{"delta": 4, "reason": "delivery"})
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.JSONEq(t, `{"productId":"mug","onHand":9,"held":0,"available":9}`, string(a.body))
	}
	reused := adjust("a", line{"delta": 5})
	require.Equal(t, "/problems/idempotency-mismatch", reused.problem(t).Type)
	require.Equal(t, http.StatusOK, adjust("b", line{"sku": "one", "onHand": 2}).status)
	require.Equal(t, int64(2), *g.get("/v1/products/mug").product(t).Variants[0].OnHand)
	require.NotEqual(t, before, g.get("/v1/products/mug").header.Get("ETag"), "a strong tag stands for the stock that is shown, too")

	require.Equal(t, http.StatusCreated, g.place("", basket(line{"productId": "mug", "quantity": 2})).status)
	require.Equal(t, "/problems/stock-held", adjust("c", line{"delta": -1}).problem(t).Type)
}

func TestAProductIsDelistedByItsWorkflow(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	for range 2 {
		a := g.post("/v1/products/mug/delist", nil)
		require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
		require.NotEmpty(t, a.header.Get("Retry-After"))
		require.JSONEq(t, `{"workflowId":"delist/mug/1"}`, string(a.body))
	}
	require.Len(t, g.temporal.starts, 1)
	require.Equal(t, saga.DelistType, g.temporal.starts[0].kind)
	require.Equal(t, saga.Delisting{ProductID: "mug", Listing: 1, Actor: "operator"}, g.temporal.starts[0].arg)

	require.NoError(t, g.stock.Delist(t.Context(), "mug", 1)) // as the workflow does
	a := g.post("/v1/products/mug/list", nil)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, "listed", a.product(t).Status)
	require.JSONEq(t, `{"workflowId":"delist/mug/2"}`, string(g.post("/v1/products/mug/delist", nil).body))
}

func TestAVariantThatIsNotNamedIsAskedFor(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	g.putProduct("pair", 5, func(s *product.Spec) {
		s.Variants = append(s.Variants, product.VariantSpec{SKU: "two", Price: 1})
	})
	adjust := func(body any) string { return g.post("/v1/products/pair/stock", body).problem(t).Detail }
	order := func(l line) string { return g.place("", basket(l)).problem(t).Detail }
	const says = "sku is required"
	require.Contains(t, adjust(line{"delta": 1}), says)
	require.Contains(t, order(line{"productId": "pair", "quantity": 1}), says)
	require.NotContains(t, adjust(line{"sku": "three", "delta": 1}), says)
	require.NotContains(t, order(line{"productId": "pair", "sku": "three", "quantity": 1}), says)
	require.NotContains(t, order(line{"productId": "mug", "quantity": 6}), says)
}
