package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api/openapi"
	"holdfast/customer"
	"holdfast/order"
	"holdfast/saga"
	"holdfast/search"
)

const adasErasure = "/v1/customers/ada/erase"

func TestAnErasureRemovesTheCustomerAndStartsWithTheOrders(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, 201, g.do(put("/v1/customers/ada", adasProfile())).status)
	a := g.get(adasErasure)
	require.Equal(t, "/problems/unknown-erasure", a.problem(t).Type)

	a = g.post(adasErasure, nil)
	require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
	var e openapi.Erasure
	require.NoError(t, json.Unmarshal(a.body, &e))
	require.Equal(t, "running", e.Status)
	require.Equal(t, http.StatusNotFound, g.get("/v1/customers/ada").status)
	start := g.temporal.starts[len(g.temporal.starts)-1]
	require.Equal(t, saga.ErasureWorkflowID("ada"), start.options.ID)
	require.Equal(t, saga.Erasure{CustomerID: "ada", Before: e.RequestedAt, Since: e.RequestedAt}, start.arg)

	require.NoError(t, g.customers.Erasing(t.Context(), customer.Erasure{
		CustomerID: "ada", RequestedAt: e.RequestedAt, Erased: 2, CompletedAt: time.Now(),
	}))
	a = g.get(adasErasure)
	require.NoError(t, json.Unmarshal(a.body, &e))
	require.Equal(t, "completed", e.Status)
	require.Equal(t, 2, e.Erased)
}

// The tombstone stands even if nothing else can be reached: whoever asks again completes it.
func TestAnErasureThatCantStartIsAskedForAgain(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, 201, g.do(put("/v1/customers/ada", adasProfile())).status)
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	require.Equal(t, http.StatusServiceUnavailable, g.post(adasErasure, nil).status)
	require.Equal(t, http.StatusNotFound, g.get("/v1/customers/ada").status)
	g.temporal.set(func(f *fakeTemporal) { f.down = false })
	require.Equal(t, http.StatusAccepted, g.post(adasErasure, nil).status)
	g.redis.SetError("LOADING")
	require.Equal(t, "/problems/customers-unavailable", g.post(adasErasure, nil).problem(t).Type)
	require.Equal(t, "/problems/customers-unavailable", g.get(adasErasure).problem(t).Type)
}

// Its workflow is gone, so Temporal would start another order under the key.
func TestTheKeyOfAnErasedOrderIsRefused(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	body := basket(line{"productId": "mug", "quantity": 1})
	o := g.place("k", body).order(t)
	st, err := g.docs.ReadMany(t.Context(), []string{o.ID})
	require.NoError(t, err)
	whole, err := st[0].Order()
	require.NoError(t, err)
	whole.Erase(time.Now())
	done, err := g.docs.Erase(t.Context(), &whole, st[0], 0)
	require.NoError(t, err)
	require.True(t, done)
	g.temporal.set(func(f *fakeTemporal) { delete(f.sagas, "order/"+o.ID) })
	before := g.state()
	a := g.place("k", body)
	require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
	require.Equal(t, "/problems/order-erased", a.problem(t).Type)
	require.Equal(t, before, g.state())
	require.Equal(t, http.StatusCreated, g.place("another", body).status)
}

// An order that is still open when it is erased has no address any more, and takes none. What staff say
// about it isn't handed on.
func TestAnOpenOrderThatWasErasedTakesNoAddress(t *testing.T) {
	g := newGateway(t)
	o := g.paidOrder()
	g.temporal.set(func(f *fakeTemporal) { f.sagas["order/"+o.ID].order.Erase(time.Now()) })
	st, err := g.docs.ReadMany(t.Context(), []string{o.ID})
	require.NoError(t, err)
	whole, err := st[0].Order()
	require.NoError(t, err)
	whole.Erase(time.Now())
	done, err := g.docs.Erase(t.Context(), &whole, st[0], 0)
	require.NoError(t, err)
	require.True(t, done)
	a := g.send(t.Context(), put("/v1/orders/"+o.ID+"/address", map[string]any{"address": map[string]any{
		"recipient": "Ada", "line1": "1", "city": "London", "country": "GB",
	}}))
	require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
	require.Equal(t, "/problems/order-erased", a.problem(t).Type)

	r := g.postOnce("k", "/v1/orders/"+o.ID+"/refunds", map[string]any{"amount": 1, "note": "for Ada"}).refund(t)
	require.Empty(t, r.Note)
}

// A preview changes nothing.
func TestAPreviewOfAnErasureErasesNothing(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, 201, g.do(put("/v1/customers/ada", adasProfile())).status)
	due, err := json.Marshal(order.Refund{ID: "r", PaymentID: "p", Status: order.RefundDue})
	require.NoError(t, err)
	g.index.orders = []search.Order{
		{ID: "a", CustomerID: "ada", Payments: map[string]json.RawMessage{"refund:p/r": due}}, {ID: "b", CustomerID: "ada"},
	}
	before := g.state()
	a := g.post(adasErasure+"?dryRun=true", nil)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var p openapi.ErasurePreview
	require.NoError(t, json.Unmarshal(a.body, &p))
	require.Equal(t, openapi.ErasurePreview{CustomerID: "ada", IsCustomer: true, Orders: 2, Open: 2, Owing: 1}, p) // the index filters nothing
	require.Equal(t, before, g.state())
	require.Equal(t, http.StatusOK, g.get("/v1/customers/ada").status)
	require.Empty(t, g.temporal.starts)
	require.Equal(t, http.StatusBadRequest, g.post(adasErasure+"?dryRun=perhaps", nil).status)
	require.Equal(t, http.StatusBadRequest, g.post("/v1/customers/me/erase?dryRun=true", nil).status, "whoever calls is not erased by a path")
	require.Equal(t, http.StatusBadRequest, g.post("/v1/customers/me/erase", nil).status)
}
