package stripe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/payment/stripe"
)

// account behaves as Stripe documents a single account, as far as Holdfast uses it:
// idempotency keys for 24 hours, the states of a PaymentIntent, a search that lags by a
// minute, refunds, error codes. Every request that it receives also goes to the real
// stripe-mock, if there is one, and fails the test if that refuses it.
type account struct {
	t      testing.TB
	server *httptest.Server
	mock   string

	mu      sync.Mutex
	now     time.Time
	serial  int
	intents []*intent // the newest first, as Stripe lists them
	refunds []*refund
	keys    map[string]saved
	sent    []message
	faults  []fault
	page    int // of a list, where the caller asks for more
}

type intent struct {
	id, status, currency, clientSecret string
	amount, received                   int64
	created                            int64
	metadata                           map[string]string
	charge                             map[string]any
	methods                            []string
	automatic                          bool
}

type refund struct {
	id, intent, status, reason, currency string
	amount, created                      int64
	metadata                             map[string]string
}

// saved is what Stripe stores of the first request under an idempotency key.
type saved struct {
	request string
	status  int
	body    []byte
	at      time.Time
}

// message is a webhook that was sent, with the payment that it is about.
type message struct {
	callback
	payment string
}

// fault spoils one request, before or after the request is carried out.
type fault struct {
	path  string // such as "POST /v1/refunds", or a method alone
	after bool
	// status and body that are answered instead; 0: the connection breaks.
	status int
	body   string
	// kept under the idempotency key.
	kept bool
}

const (
	apiKey = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
	secret = "whsec_5Q8wvHrqB1oQXmXJ3oB3vO7mYJk2bTzC"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newAccount(t testing.TB) (*account, *stripe.Provider) {
	t.Helper()
	a := &account{t: t, mock: mockURL(), now: start, keys: map[string]saved{}, page: 100}
	a.server = httptest.NewServer(http.HandlerFunc(a.serve))
	// net/http itself repeats a request with an Idempotency-Key if a kept connection
	// breaks; the tests want to see it break.
	a.server.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(a.server.Close)
	p, err := stripe.New(stripe.Config{Key: apiKey, WebhookSecret: secret, BaseURL: a.server.URL})
	require.NoError(t, err)
	return a, p
}

// --- the buyer, the bank and the clock

func (a *account) pass(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
}

// pay is a buyer whose card is charged. It is refused where Stripe would refuse it.
func (a *account) pay(id string) error { return a.confirm(id, "succeeded") }

// process is a buyer who pays by a way that takes days; settle and decline end it.
func (a *account) process(id string) error { return a.confirm(id, "processing") }

// decline is a bank that declines; the buyer may try again.
func (a *account) decline(id string) error { return a.confirm(id, "requires_payment_method") }

func (a *account) confirm(id, to string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.intent(id)
	if i == nil || !slices.Contains([]string{"requires_payment_method", "requires_action", "processing"}, i.status) {
		return fmt.Errorf("payment %s can't be paid", id)
	}
	i.status = to
	i.charge = map[string]any{
		"id": a.id("ch"), "object": "charge", "amount": i.amount, "currency": i.currency, "created": a.now.Unix(),
	}
	switch to {
	case "succeeded":
		i.received = i.amount
		a.send("payment_intent.succeeded", i.id, a.render(i, nil))
	case "requires_payment_method":
		a.send("payment_intent.payment_failed", i.id, a.render(i, nil))
	case "processing":
		a.send("payment_intent.processing", i.id, a.render(i, nil))
	}
	return nil
}

// setRefund is a bank that pays a pending refund out, or can't.
func (a *account) setRefund(id, status, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.refunds {
		if r.id == id {
			r.status, r.reason = status, reason
			a.send("refund.updated", r.intent, r.render())
			return
		}
	}
	a.t.Errorf("no refund %s", id)
}

// comesBack is a bank that pays out the payment's last refund, and later finds that the
// account was closed.
func (a *account) comesBack(paymentID string) {
	a.mu.Lock()
	last := ""
	for _, r := range a.refunds {
		if r.intent == paymentID && r.status == "pending" && r.amount > 1 {
			last = r.id
		}
	}
	a.mu.Unlock()
	a.setRefund(last, "succeeded", "")
	a.setRefund(last, "failed", "lost_or_stolen_card")
}

// callbacks are the signed messages of a payment, as they were sent.
func (a *account) callbacks(paymentID string) []callback {
	a.mu.Lock()
	defer a.mu.Unlock()
	var of []callback
	for _, m := range a.sent {
		if m.payment == paymentID {
			of = append(of, m.callback)
		}
	}
	return of
}

func (a *account) clock() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *account) send(kind, paymentID string, object any) {
	body, err := json.Marshal(map[string]any{
		"id": a.id("evt"), "object": "event", "api_version": "2026-01-28.clover", "created": a.now.Unix(),
		"type": kind, "livemode": false, "pending_webhooks": 1, "data": map[string]any{"object": object},
	})
	if err != nil {
		a.t.Errorf("write a webhook: %v", err)
	}
	a.sent = append(a.sent, message{sign(body, a.now), paymentID})
}

func (a *account) fail(f fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, f)
}

func (a *account) id(kind string) string {
	a.serial++
	return fmt.Sprintf("%s_3Test%016d", kind, a.serial)
}

func (a *account) intent(id string) *intent {
	for _, i := range a.intents {
		if i.id == id {
			return i
		}
	}
	return nil
}

// --- the API

type answer struct {
	status   int
	body     []byte
	replayed bool
}

func (a *account) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Errorf("read the request: %v", err)
	}
	if r.Header.Get("Authorization") != "Bearer "+apiKey {
		a.t.Errorf("the request to %s has another key", r.URL.Path)
	}
	a.validate(r, body)
	a.mu.Lock()
	defer a.mu.Unlock()
	form, err := url.ParseQuery(string(body))
	if err != nil {
		a.t.Errorf("read the form: %v", err)
	}
	if r.Method == http.MethodGet {
		form = r.URL.Query()
	}
	for _, e := range expanded(form) { // stripe-mock accepts any; these are expandable in Stripe's document
		if e != "latest_charge" && e != "data.latest_charge.refunds" {
			a.t.Errorf("%s can't expand %s", r.URL.Path, e)
		}
	}
	res := a.carryOut(w, r, form)
	if res == nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_Test"+strconv.Itoa(a.serial))
	if res.replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	w.WriteHeader(res.status)
	_, _ = w.Write(res.body)
}

// validate has the real stripe-mock check the request against Stripe's OpenAPI document.
func (a *account) validate(r *http.Request, body []byte) {
	if a.mock == "" {
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, a.mock+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		a.t.Errorf("write the request: %v", err)
		return
	}
	req.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Errorf("ask stripe-mock: %v", err)
		return
	}
	defer res.Body.Close() //nolint:errcheck // it was read only
	if res.StatusCode >= http.StatusBadRequest {
		text, _ := io.ReadAll(res.Body)
		a.t.Errorf("stripe-mock refuses %s %s: %s", r.Method, r.URL.RequestURI(), text)
	}
}

// carryOut returns nil if the connection should break.
func (a *account) carryOut(w http.ResponseWriter, r *http.Request, form url.Values) *answer {
	spoil := a.spoilt(r)
	key := r.Header.Get("Idempotency-Key")
	request := r.Method + " " + r.URL.Path + " " + form.Encode()
	if r.Method == http.MethodPost {
		if key == "" || len(key) > 255 {
			a.t.Errorf("%s has no good idempotency key", r.URL.Path)
		}
		if kept, ok := a.keys[key]; ok && a.now.Sub(kept.at) < 24*time.Hour {
			if kept.request != request {
				return refuse(http.StatusBadRequest, "idempotency_error", "", "",
					"Keys for idempotent requests can only be used with the same parameters they were first used with.")
			}
			if spoil != nil && spoil.after {
				return a.spoil(w, *spoil, key, request)
			}
			return &answer{status: kept.status, body: kept.body, replayed: true}
		}
	}
	if spoil != nil && !spoil.after {
		return a.spoil(w, *spoil, key, request)
	}
	res := a.route(r, form)
	if r.Method == http.MethodPost {
		a.keys[key] = saved{request, res.status, res.body, a.now}
	}
	if spoil != nil {
		return a.spoil(w, *spoil, key, request)
	}
	return res
}

func (a *account) spoilt(r *http.Request) *fault {
	for n, f := range a.faults {
		if f.path == r.Method+" "+r.URL.Path || f.path == r.Method {
			a.faults = slices.Delete(a.faults, n, n+1)
			return &f
		}
	}
	return nil
}

func (a *account) spoil(w http.ResponseWriter, f fault, key, request string) *answer {
	if f.status == 0 {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			err = conn.Close()
		}
		if err != nil {
			a.t.Errorf("break the connection: %v", err)
		}
		return nil
	}
	if f.kept {
		a.keys[key] = saved{request, f.status, []byte(f.body), a.now}
	}
	return &answer{status: f.status, body: []byte(f.body)}
}
