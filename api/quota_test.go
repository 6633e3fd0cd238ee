package api_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/product"
)

func TestACustomerWithTooManyOpenOrdersIsToldWhenToComeAgain(t *testing.T) {
	limit := func(c *api.Config) { c.MaxOpenOrders, c.PaymentWindow = 2, 7*time.Minute }
	g := newGateway(t, limit)
	g.putProduct("mug", 50)
	one := basket(line{"productId": "mug", "quantity": 1})
	first := g.place("k-1", one)
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	require.Equal(t, http.StatusCreated, g.place("k-2", one).status)
	// The third is refused by a read or, if that was too early, by the saga.
	hopeful := newGateway(t, limit, func(c *api.Config) {
		c.Products, c.Quoting, c.Orders, c.Sagas = g.stock, plenty{g.quoting}, g.docs, g.temporal.asSagas()
	})
	for name, at := range map[string]*gateway{"read": g, "saga": hopeful} {
		a := at.place("k-3"+name, one)
		require.Equal(t, http.StatusTooManyRequests, a.status, "%s: %s", name, a.body)
		p := a.problem(t)
		require.Equal(t, "/problems/too-many-open-orders", p.Type)
		require.Equal(t, int64(2), p.Limit)
		require.Equal(t, product.ReasonTooManyOpenOrders, p.Shortages[0].Reason)
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		require.NoError(t, err)
		if name == "read" {
			require.InDelta(t, 7*60, seconds, 5)
		} else {
			require.Equal(t, 60, seconds, "where nobody knows")
		}
	}
	require.Len(t, g.temporal.starts, 3, "the read refuses before a workflow is started")
	require.Equal(t, http.StatusCreated, g.place("k-1", one).status, "an order that is there is found")

	id := first.order(t).ID
	cancelled := g.post("/v1/orders/"+id+"/cancel", nil)
	require.Equal(t, http.StatusOK, cancelled.status, "%s", cancelled.body)
	require.Equal(t, http.StatusCreated, g.place("k-4", one).status)
	require.Equal(t, http.StatusTooManyRequests, g.place("k-5", one).status)

	free := newGateway(t, func(c *api.Config) {
		c.Products, c.Quoting, c.Orders, c.Sagas = g.stock, g.quoting, g.docs, g.temporal.asSagas()
	})
	require.Equal(t, http.StatusCreated, free.place("k-6", one).status, "without a limit nobody counts")
}

func TestTheLimitsAreNoPartOfTheFingerprint(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	one := basket(line{"productId": "mug", "quantity": 1})
	first := g.place("k-1", one)
	limited := newGateway(t, func(c *api.Config) {
		c.Products, c.Orders, c.Sagas, c.MaxOpenOrders, c.MaxUnits = g.stock, g.docs, g.temporal.asSagas(), 1, 1
	})
	again := limited.place("k-1", one)
	require.Equal(t, http.StatusCreated, again.status, "%s", again.body)
	require.Equal(t, first.body, again.body)
}

func TestMoreUnitsThanOneOrderMayHave(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.MaxUnits = 5 })
	shirt := map[string]any{
		"title": "Shirt", "currency": "EUR", "maxPerOrder": 3,
		"variants": []map[string]any{{"sku": "S", "price": 100, "stock": 50}, {"sku": "M", "price": 100, "stock": 50}},
	}
	a := g.do(call{method: http.MethodPut, path: "/v1/products/shirt", body: shirt})
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.Contains(t, string(a.body), `"maxPerOrder":3`)
	require.Contains(t, string(g.get("/v1/products/shirt").body), `"maxPerOrder":3`)
	g.putProduct("mug", 50)

	p := g.place("", basket(line{"productId": "shirt", "sku": "S", "quantity": 2},
		line{"productId": "mug", "quantity": 6}, line{"productId": "shirt", "sku": "M", "quantity": 2}))
	require.Equal(t, http.StatusConflict, p.status, "%s", p.body)
	require.Equal(t, "/problems/over-limit", p.problem(t).Type)
	var limits []int64
	for _, s := range p.problem(t).Shortages {
		require.Equal(t, product.ReasonOverLimit, s.Reason)
		limits = append(limits, s.Limit)
	}
	require.Len(t, limits, 3, "every line")
	require.ElementsMatch(t, []int64{3, 3, 5}, limits)
	ok := g.place("", basket(line{"productId": "shirt", "sku": "S", "quantity": 1}, line{"productId": "shirt", "sku": "M", "quantity": 2}))
	require.Equal(t, http.StatusCreated, ok.status, "%s", ok.body)
	require.Equal(t, order.StatusAwaitingPayment, ok.order(t).Status)

	delete(shirt, "maxPerOrder")
	shirt["variants"] = []map[string]any{{"sku": "S", "price": 100}, {"sku": "M", "price": 100}}
	a = g.do(call{method: http.MethodPut, path: "/v1/products/shirt", body: shirt})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.NotContains(t, string(a.body), "maxPerOrder")
	require.Equal(t, http.StatusCreated, g.place("", basket(line{"productId": "shirt", "sku": "S", "quantity": 4})).status)
}

func TestALimitThatIsNone(t *testing.T) {
	g := newGateway(t)
	put := func(limit string) answer {
		return g.do(call{method: http.MethodPut, path: "/v1/products/p", body: `{"title":"P","currency":"EUR","maxPerOrder":` +
			limit + `,"variants":[{"sku":"S","price":1}]}`})
	}
	for limit, status := range map[string]int{
		"0": 422, "-1": 422, "1000001": 422, "1000000000000": 422, "1.5": 400, "1e30": 400, `"3"`: 400, "null": 400,
	} {
		a := put(limit)
		require.Equal(t, status, a.status, "%s: %s", limit, a.body)
		require.Contains(t, string(a.body), "maxPerOrder")
	}
	for _, limit := range []string{"1", "1000000"} {
		a := put(limit)
		require.Less(t, a.status, 300, "%s: %s", limit, a.body)
	}
	cfg := g.config()
	cfg.MaxUnits = -1
	_, err := api.New(cfg)
	require.ErrorContains(t, err, "negative")
}

func TestMoreUnitsThanACustomersUnpaidOrdersMayHold(t *testing.T) {
	limit := func(c *api.Config) { c.MaxCustomerUnits = 5 }
	g := newGateway(t, limit)
	g.putProduct("mug", 50)
	g.putProduct("cup", 50)
	mugs := func(n int) any { return basket(line{"productId": "mug", "quantity": n}) }
	first := g.place("k-1", mugs(4))
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	hopeful := newGateway(t, limit, func(c *api.Config) {
		c.Products, c.Quoting, c.Orders, c.Sagas = g.stock, plenty{g.quoting}, g.docs, g.temporal.asSagas()
	})
	for name, at := range map[string]*gateway{"read": g, "saga": hopeful} {
		a := at.place("", mugs(2))
		require.Equal(t, http.StatusConflict, a.status, "%s: %s", name, a.body)
		p := a.problem(t)
		require.Equal(t, "/problems/over-customer-limit", p.Type)
		require.Equal(t, product.ReasonOverCustomerLimit, p.Shortages[0].Reason)
		require.Equal(t, int64(5), p.Shortages[0].Limit)
	}
	require.Len(t, g.temporal.starts, 2, "the read refuses before a workflow is started")
	require.Equal(t, http.StatusCreated, g.place("k-1", mugs(4)).status, "an order that is there is found")
	require.Equal(t, http.StatusCreated, g.place("", mugs(1)).status)
	require.Equal(t, http.StatusCreated, g.place("", basket(line{"productId": "cup", "quantity": 5})).status, "of each product so many")

	id := first.order(t).ID
	require.Equal(t, http.StatusOK, g.post("/v1/orders/"+id+"/cancel", nil).status)
	require.Equal(t, http.StatusCreated, g.place("", mugs(4)).status)
}
