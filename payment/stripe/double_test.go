package stripe_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/payment"
	"holdfast/payment/stripe"
)

// account behaves as Stripe documents a single account to behave, as far as Holdfast
// uses it: idempotency keys for 24 hours, the states of a PaymentIntent, a search that
// is a minute late, refunds, error codes. Every request that it takes goes to the real
// stripe-mock as well, where there is one, and fails the test if that refuses it.
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
}

type refund struct {
	id, intent, status, reason, currency string
	amount, created                      int64
	metadata                             map[string]string
}

// saved is what Stripe keeps of the first request under an idempotency key.
type saved struct {
	request string
	status  int
	body    []byte
	at      time.Time
}

// message is a webhook that was sent, and the payment that it is of.
type message struct {
	callback
	payment string
}

// fault spoils one request. It is asked before the request is carried out, or after.
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
	// net/http sends what has an Idempotency-Key again by itself where a connection that
	// was kept breaks; the tests want to see it break.
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

// decline is a bank that says no; the buyer may try again.
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

// validate has the real stripe-mock hold the request against Stripe's OpenAPI document.
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
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		text, _ := io.ReadAll(res.Body)
		a.t.Errorf("stripe-mock refuses %s %s: %s", r.Method, r.URL.RequestURI(), text)
	}
}

// carryOut answers nil where the connection is to break.
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

func (a *account) route(r *http.Request, form url.Values) *answer {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	switch {
	case r.URL.Path == "/v1/payment_intents" && r.Method == http.MethodPost:
		return a.createIntent(form)
	case r.URL.Path == "/v1/payment_intents":
		return a.listIntents(form)
	case r.URL.Path == "/v1/payment_intents/search":
		return a.searchIntents(form)
	case parts[0] == "payment_intents" && len(parts) == 2:
		return a.readIntent(parts[1], form)
	case parts[0] == "payment_intents" && len(parts) == 3 && parts[2] == "cancel":
		return a.cancelIntent(parts[1], form)
	case r.URL.Path == "/v1/refunds" && r.Method == http.MethodPost:
		return a.createRefund(form)
	case r.URL.Path == "/v1/refunds":
		return a.listRefunds(form)
	case parts[0] == "refunds" && len(parts) == 2:
		return a.updateRefund(parts[1], form)
	}
	a.t.Errorf("nobody expects %s %s", r.Method, r.URL.Path)
	return refuse(http.StatusNotFound, "invalid_request_error", "", "", "Unrecognized request URL")
}

func (a *account) createIntent(form url.Values) *answer {
	amount, err := strconv.ParseInt(form.Get("amount"), 10, 64)
	switch {
	case err != nil || amount < 1:
		return refuse(http.StatusBadRequest, "invalid_request_error", "parameter_invalid_integer", "amount", "Invalid positive integer")
	case amount < 50:
		return refuse(http.StatusBadRequest, "invalid_request_error", "amount_too_small", "amount",
			"Amount must be at least €0.50 eur")
	case amount > 99999999:
		return refuse(http.StatusBadRequest, "invalid_request_error", "amount_too_large", "amount",
			"Amount must be no more than €999,999.99")
	case form.Get("currency") == "xts":
		return refuse(http.StatusBadRequest, "invalid_request_error", "", "currency", "Invalid currency: xts.")
	}
	i := &intent{
		id: a.id("pi"), status: "requires_payment_method", currency: form.Get("currency"), amount: amount,
		created: a.now.Unix(), metadata: metadataIn(form),
	}
	i.clientSecret = i.id + "_secret_" + token(i.id)
	a.intents = slices.Insert(a.intents, 0, i)
	a.send("payment_intent.created", i.id, a.render(i, nil))
	return agree(a.render(i, form))
}

func (a *account) readIntent(id string, form url.Values) *answer {
	if i := a.intent(id); i != nil {
		return agree(a.render(i, form))
	}
	return missing("payment_intent", id)
}

func (a *account) cancelIntent(id string, form url.Values) *answer {
	i := a.intent(id)
	if i == nil {
		return missing("payment_intent", id)
	}
	switch i.status {
	case "requires_payment_method", "requires_capture", "requires_confirmation", "requires_action":
	default:
		res := refuse(http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state", "",
			"You cannot cancel this PaymentIntent because it has a status of "+i.status+".")
		return withIntent(res, a.render(i, nil)) // Stripe sends all of it, the client secret too
	}
	i.status = "canceled"
	a.send("payment_intent.canceled", i.id, a.render(i, nil))
	return agree(a.render(i, form))
}

func (a *account) listIntents(form url.Values) *answer {
	since, _ := strconv.ParseInt(form.Get("created[gte]"), 10, 64)
	var all []any
	for _, i := range a.intents {
		if i.created >= since {
			all = append(all, a.render(i, form))
		}
	}
	return a.listed(all, form)
}

// searchIntents finds what is at least a minute old.
func (a *account) searchIntents(form url.Values) *answer {
	name, value, ok := strings.Cut(strings.TrimPrefix(form.Get("query"), `metadata["`), `"]:"`)
	if !ok {
		return refuse(http.StatusBadRequest, "invalid_request_error", "", "query", "We were unable to parse your search query.")
	}
	var found []any
	for _, i := range a.intents {
		if i.metadata[name] == strings.TrimSuffix(value, `"`) && a.now.Unix()-i.created >= 60 {
			found = append(found, a.render(i, form))
		}
	}
	return agree(map[string]any{"object": "search_result", "data": list(found), "has_more": false, "url": "/v1/payment_intents/search"})
}

func (a *account) createRefund(form url.Values) *answer {
	i := a.intent(form.Get("payment_intent"))
	if i == nil {
		return missing("payment_intent", form.Get("payment_intent"))
	}
	amount, _ := strconv.ParseInt(form.Get("amount"), 10, 64)
	left := i.received
	for _, r := range a.refunds {
		if r.intent == i.id && r.status != "failed" && r.status != "canceled" {
			left -= r.amount
		}
	}
	switch {
	case i.status != "succeeded":
		return refuse(http.StatusBadRequest, "invalid_request_error", "payment_intent_unexpected_state", "",
			"This PaymentIntent does not have a successful charge to refund.")
	case left == 0:
		return refuse(http.StatusBadRequest, "invalid_request_error", "charge_already_refunded", "", "Charge has already been refunded.")
	case amount > left:
		return refuse(http.StatusBadRequest, "invalid_request_error", "", "amount",
			fmt.Sprintf("Refund amount (%d) is greater than unrefunded amount on charge (%d)", amount, left))
	}
	r := &refund{
		id: a.id("re"), intent: i.id, status: "pending", currency: i.currency, amount: amount, created: a.now.Unix(),
		metadata: metadataIn(form),
	}
	a.refunds = slices.Insert(a.refunds, 0, r)
	a.send("refund.created", r.intent, r.render())
	return agree(r.render())
}

func (a *account) listRefunds(form url.Values) *answer {
	if a.intent(form.Get("payment_intent")) == nil {
		return missing("payment_intent", form.Get("payment_intent"))
	}
	var all []any
	for _, r := range a.refunds {
		if r.intent == form.Get("payment_intent") {
			all = append(all, r.render())
		}
	}
	return a.listed(all, form)
}

func (a *account) updateRefund(id string, form url.Values) *answer {
	for _, r := range a.refunds {
		if r.id == id {
			for k, v := range metadataIn(form) {
				r.metadata[k] = v
			}
			return agree(r.render())
		}
	}
	return missing("refund", id)
}

// listed is one page of a list.
func (a *account) listed(all []any, form url.Values) *answer {
	limit, _ := strconv.Atoi(form.Get("limit"))
	limit = min(limit, a.page)
	if after := form.Get("starting_after"); after != "" {
		n := slices.IndexFunc(all, func(o any) bool { return o.(map[string]any)["id"] == after })
		all = all[n+1:]
	}
	more := len(all) > limit
	if more {
		all = all[:limit]
	}
	return agree(map[string]any{"object": "list", "data": list(all), "has_more": more, "url": "/v1"})
}

// render writes a PaymentIntent, with what the caller asked to expand.
func (a *account) render(i *intent, form url.Values) map[string]any {
	res := map[string]any{
		"id": i.id, "object": "payment_intent", "amount": i.amount, "amount_received": i.received,
		"currency": i.currency, "status": i.status, "created": i.created, "metadata": i.metadata,
		"client_secret": i.clientSecret, "latest_charge": nil, "livemode": false,
	}
	if i.charge == nil {
		return res
	}
	res["latest_charge"] = i.charge["id"]
	for _, e := range expanded(form) {
		charge := map[string]any{}
		for k, v := range i.charge {
			charge[k] = v
		}
		if strings.HasSuffix(e, ".refunds") {
			var refunds []any
			for _, r := range a.refunds {
				if r.intent == i.id {
					refunds = append(refunds, r.render())
				}
			}
			most := min(len(refunds), 10) // so many come along
			charge["refunds"] = map[string]any{"object": "list", "data": list(refunds[:most]), "has_more": len(refunds) > most}
		}
		res["latest_charge"] = charge
	}
	return res
}

func (r *refund) render() map[string]any {
	res := map[string]any{
		"id": r.id, "object": "refund", "amount": r.amount, "currency": r.currency, "payment_intent": r.intent,
		"status": r.status, "created": r.created, "metadata": r.metadata,
	}
	if r.reason != "" {
		res["failure_reason"] = r.reason
	}
	return res
}

func expanded(form url.Values) []string {
	var res []string
	for k, v := range form {
		if strings.HasPrefix(k, "expand[") {
			res = append(res, v...)
		}
	}
	return res
}

func metadataIn(form url.Values) map[string]string {
	res := map[string]string{}
	for k, v := range form {
		if name, ok := strings.CutPrefix(k, "metadata["); ok {
			res[strings.TrimSuffix(name, "]")] = v[0]
		}
	}
	return res
}

func list(items []any) []any { return append([]any{}, items...) }

func token(of string) string {
	sum := sha256.Sum256([]byte(of))
	return hex.EncodeToString(sum[:12])
}

func agree(body any) *answer {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &answer{status: http.StatusOK, body: text}
}

func refuse(status int, kind, code, param, message string) *answer {
	e := map[string]any{"type": kind, "message": message}
	if code != "" {
		e["code"] = code
	}
	if param != "" {
		e["param"] = param
	}
	text, err := json.Marshal(map[string]any{"error": e})
	if err != nil {
		panic(err)
	}
	return &answer{status: status, body: text}
}

func withIntent(a *answer, intent any) *answer {
	var body map[string]map[string]any
	if err := json.Unmarshal(a.body, &body); err != nil {
		panic(err)
	}
	body["error"]["payment_intent"] = intent
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &answer{status: a.status, body: text}
}

func missing(kind, id string) *answer {
	return refuse(http.StatusNotFound, "invalid_request_error", "resource_missing", "intent", "No such "+kind+": '"+id+"'")
}

var _ payment.Provider = (*stripe.Provider)(nil)
