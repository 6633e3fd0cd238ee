package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/payment"
	"holdfast/saga"
)

// desk is the gateway's side of a payment provider.
type desk struct {
	api.Provider
	checkout payment.Checkout
	err      error
}

// indifferent reads callbacks that concern no order.
type indifferent struct{ api.Provider }

func (indifferent) Callback(http.Header, []byte, time.Time) (order.PaymentEvent, error) {
	return order.PaymentEvent{}, payment.ErrIgnored
}

func TestAnIrrelevantCallbackIsAccepted(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Providers = map[string]api.Provider{"cards": indifferent{}} })
	a := g.do(call{method: http.MethodPost, path: "/v1/payments/callbacks/cards", body: `{"type":"customer.created"}`})
	require.Equal(t, http.StatusNoContent, a.status, "a provider that is told no sends it again")
}

func (d *desk) Checkout(_ context.Context, paymentID string) (payment.Checkout, error) {
	c := d.checkout
	if c.RedirectURL != "" {
		c.RedirectURL += paymentID
	}
	return c, d.err
}

// twoDesks gives the gateway two providers; the first is that of who names none.
func twoDesks(t *testing.T) (g *gateway, sandbox *desk) {
	t.Helper()
	sandbox = &desk{checkout: payment.Checkout{RedirectURL: "http://pay.example/"}}
	cards := &desk{checkout: payment.Checkout{ClientSecret: "secret-of-the-buyer"}}
	g = newGateway(t, func(c *api.Config) {
		sandbox.Provider = c.Providers["sandbox"]
		c.Providers = map[string]api.Provider{"sandbox": sandbox, "cards": cards}
		c.DefaultProvider = "sandbox"
	})
	g.putProduct("mug", 5)
	return g, sandbox
}

func (a answer) offer(t testing.TB) (o openapi.PaymentOffer) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.body, &o), "%s", a.body)
	return o
}

func TestABuyerGetsWhatTheyNeedToPay(t *testing.T) {
	g, _ := twoDesks(t)
	o := g.place("", basket(line{"productId": "mug", "quantity": 2})).order(t)
	want := openapi.PaymentOffer{
		OrderID: o.ID, Provider: "sandbox", PaymentID: "pay-1", Attempt: 1, Amount: 2000, Currency: "EUR",
		RedirectURL: "http://pay.example/pay-1",
	}
	a := g.post("/v1/orders/"+o.ID+"/payment", nil)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.Equal(t, want, a.offer(t))
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	a = g.post("/v1/orders/"+o.ID+"/payment", map[string]any{"provider": "sandbox"})
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, want, a.offer(t))

	other := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	a = g.post("/v1/orders/"+other.ID+"/payment", map[string]any{"provider": "cards"})
	require.Equal(t, http.StatusCreated, a.status)
	require.Equal(t, "secret-of-the-buyer", a.offer(t).ClientSecret)
	require.NotContains(t, g.log.String(), "secret-of-the-buyer")
}

func TestWhyThereIsNoPayment(t *testing.T) {
	g, sandbox := twoDesks(t)
	ask := func(v saga.Verdict, detail string) answer {
		o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
		g.saga(o.ID, func(s *fakeSaga) {
			s.pays = &saga.Answer{Verdict: v, Status: order.StatusAwaitingPayment, Version: 2, Detail: detail}
		})
		a := g.post("/v1/orders/"+o.ID+"/payment", nil)
		require.Equal(t, http.StatusOK, g.post("/v1/orders/"+o.ID+"/cancel", nil).status)
		return a
	}
	for _, c := range []struct {
		verdict saga.Verdict
		status  int
		kind    string
	}{
		{saga.VerdictTooLatePaid, 409, "order-paid"},
		{saga.VerdictTooLateClosed, 409, "order-closed"},
		{saga.VerdictEnding, 409, "order-ending"},
		{saga.VerdictTooManyAttempts, 409, "too-many-attempts"},
		{saga.VerdictBusy, 429, "too-many-requests"},
		{saga.VerdictProcessing, 409, "payment-processing"},
		{saga.VerdictUnavailable, 503, "payment-provider-unavailable"},
		{saga.VerdictDeclined, 422, "payment-declined"},
	} {
		a := ask(c.verdict, "")
		require.Equal(t, c.status, a.status, "%s %s", c.verdict, a.body)
		require.Equal(t, "/problems/"+c.kind, a.problem(t).Type)
	}
	require.Equal(t, "too little", ask(saga.VerdictDeclined, "too little").problem(t).Detail)

	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	sandbox.err = errors.New("no route to the provider")
	a := g.post("/v1/orders/"+o.ID+"/payment", nil)
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Equal(t, "/problems/payment-provider-unavailable", a.problem(t).Type)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.NotContains(t, string(a.body), "no route")
	sandbox.err = nil

	require.Equal(t, http.StatusNotFound, g.post("/v1/orders/nobody/payment", nil).status)
	a = g.post("/v1/orders/"+o.ID+"/payment", map[string]any{"provider": "nobody"})
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Contains(t, string(a.body), "not a payment provider of this shop")
	for _, name := range []string{"cards", "sandbox"} {
		require.NotContains(t, string(a.body), name, "customers needn't know which providers there are")
	}
	require.Equal(t, http.StatusBadRequest, g.post("/v1/orders/"+o.ID+"/payment", map[string]any{"provider": 1}).status)
	require.Equal(t, http.StatusBadRequest, g.post("/v1/orders/"+o.ID+"/payment", map[string]any{"amount": 1}).status)

	require.Equal(t, http.StatusOK, g.post("/v1/orders/"+o.ID+"/cancel", nil).status)
	require.Equal(t, "/problems/order-closed", g.post("/v1/orders/"+o.ID+"/payment", nil).problem(t).Type)
}

// What was not possible under a key before may be possible now.
func TestAKeyIsNotStuckWithAnOldNo(t *testing.T) {
	g, _ := twoDesks(t)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	g.saga(o.ID, func(s *fakeSaga) {
		s.midStep = true // so that Temporal remembers the answer
		s.pays = &saga.Answer{Verdict: saga.VerdictUnavailable, Status: order.StatusAwaitingPayment}
	})
	pay := call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/payment", header: key("k-1")}
	for range 2 {
		a := g.do(pay)
		require.Equal(t, "pay-1", a.offer(t).PaymentID, "%s", a.body)
	}
}

func TestAGatewayWithoutProviders(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Providers = nil })
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	a := g.post("/v1/orders/"+o.ID+"/payment", nil)
	require.Equal(t, "/problems/payment-provider-unavailable", a.problem(t).Type)
}

func TestAPaidOrderCanBeCancelled(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-1", 1000)).status)
	a := g.post("/v1/orders/"+o.ID+"/cancel", nil)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, order.StatusCancelled, a.order(t).Status)
	a = g.post("/v1/orders/"+o.ID+"/cancel", nil)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
}

// Why the provider is unavailable is only for operators: it may reveal internals.
func TestBuyersAreNotToldWhyTheProviderIsUnavailable(t *testing.T) {
	g, _ := twoDesks(t)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	g.saga(o.ID, func(s *fakeSaga) {
		s.pays = &saga.Answer{
			Verdict: saga.VerdictUnavailable, Status: order.StatusAwaitingPayment, Detail: "dial tcp 10.0.0.5:6379: connection refused",
		}
	})
	a := g.post("/v1/orders/"+o.ID+"/payment", nil)
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.NotContains(t, string(a.body), "10.0.0.5")
}
