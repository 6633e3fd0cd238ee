// Package stripetest is a double of Stripe for tests: an account that keeps what it was told.
package stripetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/payment/stripe"
)

// Account behaves as Stripe documents a single account, as far as Holdfast uses it:
// idempotency keys for 24 hours, the states of a PaymentIntent, a search that lags by a
// minute, refunds, error codes. Every request that it receives also goes to the real
// stripe-mock, if there is one, and fails the test if that refuses it.
type Account struct {
	t      testing.TB
	server *httptest.Server
	mock   string

	mu     sync.Mutex
	now    time.Time
	serial int
	sent   []message
	faults []Fault
	// Intents and Refunds, the newest first, as Stripe lists them.
	Intents []*Intent
	Refunds []*Refund
	// Keys are the idempotency keys that it remembers.
	Keys map[string]Saved
	// Page is how much of a list it returns, where the caller asks for more.
	Page int
}

// Intent is a PaymentIntent.
type Intent struct {
	ID, Status, Currency, ClientSecret string
	Amount, Received                   int64
	Created                            int64
	Metadata                           map[string]string
	Charge                             map[string]any
	Methods                            []string
	Automatic                          bool
}

// Refund is a refund of a PaymentIntent.
type Refund struct {
	ID, Intent, Status, Reason, Currency string
	Amount, Created                      int64
	Metadata                             map[string]string
}

// Saved is what Stripe stores of the first request under an idempotency key.
type Saved struct {
	Request string
	Status  int
	Body    []byte
	At      time.Time
}

// message is a webhook that was sent, with the payment that it is about.
type message struct {
	Callback
	payment string
}

// Fault spoils one request, before or after the request is carried out.
type Fault struct {
	Path  string // such as "POST /v1/refunds", or a method alone
	After bool
	// Status and Body that are answered instead; 0: the connection breaks.
	Status int
	Body   string
	// Kept under the idempotency key.
	Kept bool
}

// The account's key, and the secret of its webhook endpoint.
const (
	Key           = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
	WebhookSecret = "whsec_5Q8wvHrqB1oQXmXJ3oB3vO7mYJk2bTzC" //nolint:gosec // it is of no account
)

// Start is when the account's clock begins. It stands still unless time passes ([Account.Pass]).
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// MockURL is the real stripe-mock, which knows Stripe's OpenAPI document but no state.
func MockURL() string { return strings.TrimSuffix(os.Getenv("STRIPE_MOCK_URL"), "/") }

// New returns an empty account, and a provider that uses it.
func New(t testing.TB) (*Account, *stripe.Provider) {
	t.Helper()
	a := &Account{t: t, mock: MockURL(), now: Start, Keys: map[string]Saved{}, Page: 100}
	a.server = httptest.NewServer(http.HandlerFunc(a.serve))
	// net/http itself repeats a request with an Idempotency-Key if a kept connection
	// breaks; the tests want to see it break.
	a.server.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(a.server.Close)
	p, err := stripe.New(stripe.Config{Key: Key, WebhookSecret: WebhookSecret, BaseURL: a.server.URL})
	require.NoError(t, err)
	return a, p
}

// States are those of all PaymentIntents, by their ids.
func (a *Account) States() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	states := make(map[string]string, len(a.Intents))
	for _, i := range a.Intents {
		states[i.ID] = i.Status
	}
	return states
}

// URL of its API.
func (a *Account) URL() string { return a.server.URL }

// --- the buyer, the bank and the clock

// Pass lets time pass.
func (a *Account) Pass(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now = a.now.Add(d)
}

// Pay is a buyer whose card is charged. It is refused where Stripe would refuse it.
func (a *Account) Pay(id string) error { return a.confirm(id, "succeeded") }

// Process is a buyer who pays by a way that takes days; Pay and Decline end it.
func (a *Account) Process(id string) error { return a.confirm(id, "processing") }

// Decline is a bank that declines; the buyer may try again.
func (a *Account) Decline(id string) error { return a.confirm(id, "requires_payment_method") }

func (a *Account) confirm(id, to string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.Intent(id)
	if i == nil || !slices.Contains([]string{"requires_payment_method", "requires_action", "processing"}, i.Status) {
		return fmt.Errorf("payment %s can't be paid", id)
	}
	i.Status = to
	i.Charge = map[string]any{
		"id": a.id("ch"), "object": "charge", "amount": i.Amount, "currency": i.Currency, "created": a.now.Unix(),
	}
	switch to {
	case "succeeded":
		i.Received = i.Amount
		a.send("payment_intent.succeeded", i.ID, a.render(i, nil))
	case "requires_payment_method":
		a.send("payment_intent.payment_failed", i.ID, a.render(i, nil))
	case "processing":
		a.send("payment_intent.processing", i.ID, a.render(i, nil))
	}
	return nil
}

// SetRefund is a bank that pays a pending refund out, or can't.
func (a *Account) SetRefund(id, status, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.Refunds {
		if r.ID == id {
			r.Status, r.Reason = status, reason
			a.send("refund.updated", r.Intent, r.render())
			return
		}
	}
	a.t.Errorf("no refund %s", id)
}

// ComesBack is a bank that pays out the payment's last refund, and later finds that the
// account was closed.
func (a *Account) ComesBack(paymentID string) {
	a.mu.Lock()
	last := ""
	for _, r := range a.Refunds {
		if r.Intent == paymentID && r.Status == "pending" && r.Amount > 1 {
			last = r.ID
		}
	}
	a.mu.Unlock()
	a.SetRefund(last, "succeeded", "")
	a.SetRefund(last, "failed", "lost_or_stolen_card")
}

// Callbacks are the signed messages of a payment, as they were sent.
func (a *Account) Callbacks(paymentID string) []Callback {
	a.mu.Lock()
	defer a.mu.Unlock()
	var of []Callback
	for _, m := range a.sent {
		if m.payment == paymentID {
			of = append(of, m.Callback)
		}
	}
	return of
}

// Clock is the account's time.
func (a *Account) Clock() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *Account) send(kind, paymentID string, object any) {
	body, err := json.Marshal(map[string]any{
		"id": a.id("evt"), "object": "event", "api_version": "2026-01-28.clover", "created": a.now.Unix(),
		"type": kind, "livemode": false, "pending_webhooks": 1, "data": map[string]any{"object": object},
	})
	if err != nil {
		a.t.Errorf("write a webhook: %v", err)
	}
	a.sent = append(a.sent, message{Sign(body, a.now), paymentID})
}

// Fail spoils a request to come.
func (a *Account) Fail(f Fault) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.faults = append(a.faults, f)
}

func (a *Account) id(kind string) string {
	a.serial++
	return fmt.Sprintf("%s_3Test%016d", kind, a.serial)
}

// Intent returns a PaymentIntent, or nil.
func (a *Account) Intent(id string) *Intent {
	for _, i := range a.Intents {
		if i.ID == id {
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

func (a *Account) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.t.Errorf("read the request: %v", err)
	}
	if r.Header.Get("Authorization") != "Bearer "+Key {
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
func (a *Account) validate(r *http.Request, body []byte) {
	if a.mock == "" {
		return
	}
	req, err := http.NewRequestWithContext(r.Context(), r.Method, a.mock+r.URL.RequestURI(), bytes.NewReader(body)) //nolint:gosec // stripe-mock, as the environment names it
	if err != nil {
		a.t.Errorf("write the request: %v", err)
		return
	}
	req.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(req) //nolint:gosec // the same
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
func (a *Account) carryOut(w http.ResponseWriter, r *http.Request, form url.Values) *answer {
	spoil := a.spoilt(r)
	key := r.Header.Get("Idempotency-Key")
	request := r.Method + " " + r.URL.Path + " " + form.Encode()
	if r.Method == http.MethodPost {
		if key == "" || len(key) > 255 {
			a.t.Errorf("%s has no good idempotency key", r.URL.Path)
		}
		if kept, ok := a.Keys[key]; ok && a.now.Sub(kept.At) < 24*time.Hour {
			if kept.Request != request {
				return refuse(http.StatusBadRequest, "idempotency_error", "", "",
					"Keys for idempotent requests can only be used with the same parameters they were first used with.")
			}
			if spoil != nil && spoil.After {
				return a.spoil(w, *spoil, key, request)
			}
			return &answer{status: kept.Status, body: kept.Body, replayed: true}
		}
	}
	if spoil != nil && !spoil.After {
		return a.spoil(w, *spoil, key, request)
	}
	res := a.route(r, form)
	if r.Method == http.MethodPost {
		a.Keys[key] = Saved{request, res.status, res.body, a.now}
	}
	if spoil != nil {
		return a.spoil(w, *spoil, key, request)
	}
	return res
}

func (a *Account) spoilt(r *http.Request) *Fault {
	for n, f := range a.faults {
		if f.Path == r.Method+" "+r.URL.Path || f.Path == r.Method {
			a.faults = slices.Delete(a.faults, n, n+1)
			return &f
		}
	}
	return nil
}

func (a *Account) spoil(w http.ResponseWriter, f Fault, key, request string) *answer {
	if f.Status == 0 {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			err = conn.Close()
		}
		if err != nil {
			a.t.Errorf("break the connection: %v", err)
		}
		return nil
	}
	if f.Kept {
		a.Keys[key] = Saved{request, f.Status, []byte(f.Body), a.now}
	}
	return &answer{status: f.Status, body: []byte(f.Body)}
}
