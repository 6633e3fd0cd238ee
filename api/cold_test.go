package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/search"
)

// cold lets 31 days pass for a closed order: its workflow and its documents are gone, and only the
// index has it. It returns the order as it was shown before.
func (g *gateway) cold(orderID string) answer {
	g.t.Helper()
	before := g.indexed(orderID)
	g.temporal.set(func(f *fakeTemporal) { delete(f.sagas, "order/"+orderID) })
	for _, k := range g.redis.Keys() {
		if strings.HasSuffix(k, ":order:"+orderID) || strings.HasSuffix(k, ":payments:"+orderID) {
			g.redis.Del(k)
		}
	}
	return before
}

// delivered returns a delivered order.
func (g *gateway) delivered() order.Order {
	g.t.Helper()
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(g.t)
	require.Equal(g.t, http.StatusNoContent, g.callback(success(o.ID, "p-"+o.ID, 1000)).status)
	a := g.post("/v1/orders/"+o.ID+"/deliver", nil)
	require.Equal(g.t, http.StatusOK, a.status, "%s", a.body)
	return a.order(g.t)
}

func (g *gateway) cancelled() order.Order {
	g.t.Helper()
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(g.t)
	a := g.post("/v1/orders/"+o.ID+"/cancel", nil)
	require.Equal(g.t, http.StatusOK, a.status, "%s", a.body)
	return a.order(g.t)
}

func TestAColdOrderIsStillRead(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.delivered()
	before := g.cold(o.ID)
	for _, query := range []string{"", "?wait=10s", "?version=1&wait=10s"} {
		a := g.get("/v1/orders/" + o.ID + query)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Equal(t, string(before.body), string(a.body))
	}
	a := g.get("/v1/orders/" + o.ID + "?expand=products")
	require.Contains(t, string(a.body), `"product":{"available":4,`)
	require.Equal(t, "/problems/unknown-order", g.get("/v1/orders/nobody").problem(t).Type)
}

// Its packages lay beside its document in Redis; the index has them in it.
func TestAColdOrderShowsItsPackages(t *testing.T) {
	g := newGateway(t)
	g.index.orders = []search.Order{packed(t, "o", order.Package{ID: "a", Carrier: "sandbox", Events: []order.PackageEvent{{Node: order.NodeDelivered}}})}
	a := g.get("/v1/orders/o")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	o := a.order(t)
	require.Len(t, o.Packages, 1)
	require.Equal(t, order.NodeDelivered, o.Packages[0].Node())
	require.Equal(t, "carrier:sandbox", o.Packages[0].Events[0].Actor)
}

func TestRequestsToAColdOrderAreRefusedLikeThoseToAClosedOne(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	done, given := g.delivered(), g.cancelled()
	for _, warm := range []bool{true, false} {
		if !warm {
			g.cold(done.ID)
			g.cold(given.ID)
		}
		for _, c := range []struct {
			path   string
			status int
			kind   string
		}{
			{done.ID + "/deliver", 200, ""},
			{done.ID + "/cancel", 409, "order-closed"},
			{given.ID + "/cancel", 200, ""},
			{given.ID + "/deliver", 409, "order-closed"},
		} {
			a := g.post("/v1/orders/"+c.path, nil)
			require.Equal(t, c.status, a.status, "%v %s: %s", warm, c.path, a.body)
			if c.kind != "" {
				require.Equal(t, "/problems/"+c.kind, a.problem(t).Type)
			}
		}
	}
	require.Equal(t, http.StatusNotFound, g.post("/v1/orders/nobody/cancel", nil).status)
}

func TestThePaymentOfAColdOrder(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.delivered()
	doc := func(v any) []byte {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return b
	}
	paid := success(o.ID, "p-1", 1000)
	paid.Provider, paid.OccurredAt = "sandbox", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	stored := g.temporal.sagas["order/"+o.ID].order
	stored.Version++
	record, err := order.NewRecord(&stored, map[string]order.Attempt{"p-1": order.NewAttempt(paid, true)})
	require.NoError(t, err)
	require.NoError(t, g.docs.Put(t.Context(), record))
	before := g.get("/v1/orders/" + o.ID + "/payment")
	g.cold(o.ID)
	after := g.get("/v1/orders/" + o.ID + "/payment")
	require.Equal(t, http.StatusOK, after.status, "%s", after.body)
	require.Equal(t, string(before.body), string(after.body))

	late := success(o.ID, "p-2", 1000) // comes due when the order is cold already
	late.Provider = "sandbox"
	refund := order.RefundOf(late, order.RefundLate)
	require.NoError(t, g.docs.PutRefund(t.Context(), o.ID, "p-2", refund.ID, doc(refund)))
	var r openapi.PaymentResult
	require.NoError(t, json.Unmarshal(g.get("/v1/orders/"+o.ID+"/payment").body, &r))
	require.Len(t, r.Attempts, 1)
	require.Len(t, r.Refunds, 1)
	require.Equal(t, "/problems/unknown-order", g.get("/v1/orders/nobody/payment").problem(t).Type)
}

// Money that arrives for a cold order is refunded like that of any closed one: the refund names the
// order.
func TestMoneyForAColdOrderGoesBack(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.cancelled()
	g.cold(o.ID)
	started := len(g.temporal.starts)
	for range 2 {
		require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-9", 1000)).status)
	}
	require.Len(t, g.temporal.starts, started+1)
	require.Equal(t, o.ID, g.temporal.starts[started].arg.(order.Refund).OrderID)
}

// Whether an order exists can't be known while the index is unavailable.
func TestWithoutTheIndexNoOrderIsUnknown(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.delivered()
	g.cold(o.ID)
	g.index.set(func(f *fakeIndex) { f.err = errIndexDown })
	for _, id := range []string{o.ID, "nobody"} {
		for _, k := range []call{
			{method: http.MethodGet, path: "/v1/orders/" + id},
			{method: http.MethodGet, path: "/v1/orders/" + id + "/payment"},
			{method: http.MethodPost, path: "/v1/orders/" + id + "/cancel"},
			{method: http.MethodPost, path: "/v1/orders/" + id + "/deliver"},
		} {
			a := g.do(k)
			require.Equal(t, http.StatusServiceUnavailable, a.status, "%s: %s", k.path, a.body)
			require.Equal(t, "/problems/search-unavailable", a.problem(t).Type, k.path)
			require.NotEmpty(t, a.header.Get("Retry-After"))
		}
	}
	g.index.set(func(f *fakeIndex) { f.hangs, f.err = true, nil })
	require.Equal(t, "/problems/search-unavailable", g.get("/v1/orders/nobody").problem(t).Type)
}

// Nor while the view of orders is being rebuilt, once orders have left Redis.
func TestWhileTheViewOfOrdersIsNotWholeNoOrderIsUnknown(t *testing.T) {
	g := newGateway(t)
	g.index.set(func(f *fakeIndex) { f.stale = search.Views() })
	require.Equal(t, "/problems/unknown-order", g.get("/v1/orders/nobody").problem(t).Type, "none has left")
	g.putProduct("mug", 5)
	o := g.delivered()
	st, err := g.docs.ReadMany(t.Context(), []string{o.ID})
	require.NoError(t, err)
	gone, err := g.docs.Forget(t.Context(), o.ID, st[0].Revision)
	require.NoError(t, err)
	require.True(t, gone)
	require.Equal(t, "/problems/search-unavailable", g.get("/v1/orders/nobody").problem(t).Type)
	g.index.set(func(f *fakeIndex) { f.stale = nil })
	require.Equal(t, "/problems/unknown-order", g.get("/v1/orders/nobody").problem(t).Type)
}

// An order may go cold while its workflow still exists, if Temporal's retention is longer.
func TestPaymentsOfAColdOrderWhoseWorkflowIsKnown(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.delivered()
	saga := g.temporal.sagas["order/"+o.ID]
	before := g.get("/v1/orders/" + o.ID + "/payment")
	g.cold(o.ID)
	g.temporal.set(func(f *fakeTemporal) { f.sagas["order/"+o.ID] = saga })
	g.index.set(func(f *fakeIndex) {
		f.orders[0].Payments = map[string]json.RawMessage{"payment:p-1": json.RawMessage(`{"paymentId":"p-1"}`)}
	})
	var r openapi.PaymentResult
	require.NotContains(t, string(before.body), `"p-1"`)
	require.NoError(t, json.Unmarshal(g.get("/v1/orders/"+o.ID+"/payment").body, &r))
	require.Len(t, r.Attempts, 1)
}

// Nor while the documents are unavailable, unless the index has the order.
func TestWithoutTheDocumentsNoOrderIsUnknown(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.delivered()
	before := g.cold(o.ID)
	g.redis.SetError("LOADING")
	require.Equal(t, string(before.body), string(g.get("/v1/orders/"+o.ID).body))
	a := g.get("/v1/orders/nobody")
	require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
	require.Equal(t, "/problems/order-unavailable", a.problem(t).Type)
}
