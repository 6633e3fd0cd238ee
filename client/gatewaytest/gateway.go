// Package gatewaytest is an in-memory gateway for tests of code that calls one. It answers
// as the contract says, and fails on request. It knows neither stock nor sagas: the real
// gateway is tested elsewhere.
package gatewaytest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"holdfast/order"
	"holdfast/payment/sandbox"
)

// Secret signs the callbacks that the gateway accepts.
const Secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" //nolint:gosec // only for tests

// SoldOut is a product that is always sold out.
const SoldOut = "sold-out"

// Gateway is the gateway to call. A test may change its maps between its calls, under Lock.
type Gateway struct {
	sync.Mutex
	URL string
	// Orders by id, in their current state.
	Orders map[string]*order.Order
	// Refunds by order.
	Refunds map[string][]order.Refund
	// Late are the payments that arrive when their order has ended, by order.
	Late map[string]string
	// Adjusted stores the answer of each adjustment by its key.
	Adjusted map[string]map[string]int64
	// Fail is called before each request. If instead is true, status is returned without
	// carrying out the call; a status of 0 breaks the connection after the call was carried
	// out.
	Fail func(r *http.Request) (status int, instead bool)

	// Coupons are the codes that came with each order, by its id; Levels the customers' levels.
	Coupons map[string][]string
	Levels  map[string]int

	byKey    map[string]string
	onHand   int64
	provider *sandbox.Signer
	server   *httptest.Server
}

// Start starts a gateway that is closed when the test ends.
func Start(t *testing.T) *Gateway {
	t.Helper()
	g := New()
	t.Cleanup(g.Close)
	return g
}

// New starts a gateway. The caller closes it.
func New() *Gateway {
	provider, err := sandbox.New(Secret)
	if err != nil {
		panic(err) // Secret is a constant
	}
	g := &Gateway{
		Orders: map[string]*order.Order{}, Refunds: map[string][]order.Refund{}, Late: map[string]string{},
		Adjusted: map[string]map[string]int64{}, Coupons: map[string][]string{}, Levels: map[string]int{}, byKey: map[string]string{}, onHand: 100, provider: provider,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/orders", g.place)
	mux.HandleFunc("GET /v1/orders/{id}", g.show)
	mux.HandleFunc("POST /v1/orders/{id}/cancel", g.cancel)
	mux.HandleFunc("POST /v1/orders/{id}/deliver", g.deliver)
	mux.HandleFunc("POST /v1/orders/{id}/packages", g.pack)
	mux.HandleFunc("POST /v1/orders/{id}/packages/{packageId}/events", g.report)
	mux.HandleFunc("PUT /v1/orders/{id}/address", g.redirect)
	mux.HandleFunc("POST /v1/orders/{id}/returns", g.openReturn)
	mux.HandleFunc("POST /v1/orders/{id}/returns/{returnId}/receive", g.receiveReturn)
	mux.HandleFunc("GET /v1/orders/{id}/payment", g.payment)
	mux.HandleFunc("POST /v1/orders/{id}/payment", g.open)
	mux.HandleFunc("POST /sandbox/pay/{id}", g.page)
	mux.HandleFunc("POST /v1/payments/callbacks/sandbox", g.callback)
	mux.HandleFunc("POST /v1/products/{id}/stock", g.adjust)
	mux.HandleFunc("PATCH /v1/customers/{id}", g.promote)
	g.server = httptest.NewServer(g.failing(mux))
	g.URL = g.server.URL
	return g
}

// Close ends the gateway.
func (g *Gateway) Close() { g.server.Close() }

// failing applies Fail to a call.
func (g *Gateway) failing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.Lock()
		defer g.Unlock()
		status, instead := 0, false
		if g.Fail != nil {
			status, instead = g.Fail(r)
		}
		switch {
		case !instead:
			next.ServeHTTP(w, r)
		case status == 0: // done, but without an answer
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case status == http.StatusAccepted:
			answer(w, status, order.Order{Status: order.StatusReserving})
		default:
			problem(w, status, "unavailable")
		}
	})
}

func (g *Gateway) place(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	if id, again := g.byKey[key]; again && key != "" {
		answer(w, http.StatusCreated, g.Orders[id])
		return
	}
	var in struct {
		order.Placement
		CouponCodes []string `json:"couponCodes"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		problem(w, http.StatusBadRequest, "malformed")
		return
	}
	p := in.Placement
	p.OrderID, p.PaymentWindow = fmt.Sprintf("order-%d", len(g.Orders)+1), time.Hour
	p.Saga = order.SagaVersion
	o := order.New(p, time.Now())
	h := order.Holding{Held: true, Currency: "EUR"}
	for _, l := range p.Lines {
		if l.ProductID == SoldOut {
			problem(w, http.StatusConflict, "insufficient-stock")
			return
		}
		h.Items = append(h.Items, order.PricedItem{SKU: l.ProductID, Title: "Thing", Price: 250})
	}
	if err := o.Hold(h, time.Now()); err != nil {
		problem(w, http.StatusUnprocessableEntity, "too-large")
		return
	}
	g.Orders[o.ID], g.byKey[key] = &o, o.ID
	g.Coupons[o.ID] = in.CouponCodes
	answer(w, http.StatusCreated, &o)
}

func (g *Gateway) promote(w http.ResponseWriter, r *http.Request) {
	var in struct{ Level int }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		problem(w, http.StatusBadRequest, "malformed")
		return
	}
	g.Levels[r.PathValue("id")] = in.Level
	answer(w, http.StatusOK, map[string]any{"id": r.PathValue("id"), "level": in.Level})
}

func (g *Gateway) show(w http.ResponseWriter, r *http.Request) {
	if o, ok := g.find(w, r); ok {
		answer(w, http.StatusOK, o)
	}
}

func (g *Gateway) cancel(w http.ResponseWriter, r *http.Request) {
	o, ok := g.find(w, r)
	if !ok {
		return
	}
	var in struct{ Lines []order.LineUnits }
	if err := json.NewDecoder(r.Body).Decode(&in); err == nil && in.Lines != nil {
		g.cancelUnits(w, r, o, in.Lines)
		return
	}
	if o.Status == order.StatusAwaitingPayment {
		o.Close(order.StatusCancelled, order.ReasonCustomer, "customer", time.Now())
		g.comesLate(o.ID)
	}
	if o.Status != order.StatusCancelled {
		problem(w, http.StatusConflict, "order-closed")
		return
	}
	answer(w, http.StatusOK, o)
}

func (g *Gateway) payment(w http.ResponseWriter, r *http.Request) {
	if o, ok := g.find(w, r); ok {
		answer(w, http.StatusOK, map[string]any{
			"orderId": o.ID, "status": o.Payment.Status, "refunds": g.Refunds[o.ID],
		})
	}
}

func (g *Gateway) callback(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		problem(w, http.StatusBadRequest, "malformed")
		return
	}
	e, err := g.provider.Callback(r.Header, body, time.Now())
	if err != nil {
		problem(w, http.StatusUnauthorized, "bad-signature")
		return
	}
	w.WriteHeader(http.StatusNoContent)
	o := g.Orders[e.OrderID]
	if o == nil || o.Status != order.StatusAwaitingPayment {
		return
	}
	switch {
	case e.Type == order.PaymentDeclined:
		o.Close(order.StatusCancelled, order.ReasonPaymentRefused, "provider:sandbox", time.Now())
	case e.Type == order.PaymentSucceeded && e.Amount == o.Amounts[order.AmountTotal]:
		takes(o, e)
	default:
		o.Attempt(string(e.Type), e, true, time.Now())
	}
}

func (g *Gateway) adjust(w http.ResponseWriter, r *http.Request) {
	key := r.Header.Get("Idempotency-Key")
	if was, again := g.Adjusted[key]; again {
		answer(w, http.StatusOK, was)
		return
	}
	var body struct{ Delta int64 }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		problem(w, http.StatusBadRequest, "malformed")
		return
	}
	g.onHand += body.Delta
	g.Adjusted[key] = map[string]int64{"onHand": g.onHand, "held": 0, "available": g.onHand}
	answer(w, http.StatusOK, g.Adjusted[key])
}

func (g *Gateway) find(w http.ResponseWriter, r *http.Request) (*order.Order, bool) {
	o, ok := g.Orders[r.PathValue("id")]
	if !ok {
		problem(w, http.StatusNotFound, "unknown-order")
	}
	return o, ok
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may be gone
}

func problem(w http.ResponseWriter, status int, kind string) { problemWith(w, status, kind, nil) }

// problemWith answers with a problem that has further members.
func problemWith(w http.ResponseWriter, status int, kind string, more map[string]any) {
	body := map[string]any{"type": "/problems/" + kind, "title": http.StatusText(status), "status": status}
	maps.Copy(body, more)
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller may be gone
}
