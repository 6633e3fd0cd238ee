package api_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/audits"
	"holdfast/carrier"
	parcels "holdfast/carrier/sandbox"
	"holdfast/carrier/tracking"
	"holdfast/command/commandtest"
	"holdfast/commands"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/pricebooks"
	"holdfast/product"
	"holdfast/quoting/reader"
	"holdfast/records"
	"holdfast/webhook/deliver"
	"holdfast/webhook/registry"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// gateway is the whole gateway on real entities, with every request and every
// answer held against the contract.
type gateway struct {
	t         testing.TB
	redis     *miniredis.Miniredis
	stock     *inventory.Store
	docs      *records.Store
	hooks     *registry.Store
	tracking  *tracking.Store
	coupons   *coupons.Store
	books     *pricebooks.Store
	customers *customers.Store
	quoting   *reader.Reader
	chains    *commands.Store
	scripts   *commandtest.Box
	audits    *audits.Store
	carrier   *parcels.Carrier
	temporal  *fakeTemporal
	index     *fakeIndex
	sandbox   *sandbox.Provider
	server    *api.Server
	contract  routers.Router
	log       *syncBuffer
	cfg       api.Config
}

// syncBuffer takes the log of requests that run at the same time.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newGateway(t testing.TB, changes ...func(*api.Config)) *gateway {
	t.Helper()
	mini := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{
		Addr: mini.Addr(), ContextTimeoutEnabled: true, MaxRetries: -1, DialTimeout: time.Second,
	})
	t.Cleanup(func() { _ = rdb.Close() })
	signer, err := sandbox.New(secret)
	require.NoError(t, err)
	books := sandbox.NewBooks(rdb)
	guard, err := deliver.NewGuard("192.0.2.0/24")
	require.NoError(t, err)
	provider := sandbox.NewProvider(signer, books, sandbox.Options{PublicURL: "http://127.0.0.1:8080"})
	g := &gateway{
		t: t, redis: mini, stock: inventory.New(rdb), docs: records.New(rdb), hooks: registry.New(rdb), sandbox: provider, log: &syncBuffer{}, index: &fakeIndex{},
		contract: contractRouter(t),
	}
	g.audits = audits.New(rdb)
	g.scripts = &commandtest.Box{}
	g.chains = commands.New(rdb, g.scripts)
	g.tracking, g.quoting, g.coupons = tracking.New(rdb, time.Now), reader.New(rdb, g.chains), coupons.New(rdb)
	g.carrier, err = parcels.New(secret)
	require.NoError(t, err)
	g.customers = customers.New(rdb)
	g.books = pricebooks.New(rdb, g.customers)
	g.temporal = newFake(g.stock, g.docs)
	g.temporal.coupons = g.coupons
	cfg := api.Config{
		Addr: "127.0.0.1:0", Products: g.stock, Quoting: g.quoting, Orders: g.docs, Sagas: g.temporal.asSagas(), Index: g.index,
		Customers: g.customers, Coupons: g.coupons,
		Providers: map[string]api.Provider{sandbox.Name: provider},
		Carriers:  map[string]carrier.Carrier{parcels.Name: g.carrier}, Tracking: g.tracking,
		PriceBooks: g.books, Commands: g.chains, Audits: g.audits,
		Webhooks: registry.New(rdb), CheckURL: guard.Check,
		Pages:  map[string]http.Handler{sandbox.Path: sandbox.NewPages(books, "", slog.New(slog.DiscardHandler))},
		Checks: map[string]api.Check{"redis": func(ctx context.Context) error { return rdb.Ping(ctx).Err() }},
		Log:    slog.New(slog.NewJSONHandler(g.log, nil)), Metrics: prometheus.NewRegistry(),
	}
	for _, change := range changes {
		change(&cfg)
	}
	g.cfg = cfg
	g.server, err = api.New(cfg)
	require.NoError(t, err)
	return g
}

// withoutExamples skips examples, because checking each one wherever it is used takes 16 s: see
// TestEveryCallAndEverySchemaHasAnExampleThatFits.
var withoutExamples = openapi3.DisableExamplesValidation()

// loadContract reads and checks the contract once: under the race detector that takes half
// a second. Nothing may change what it returns.
var loadContract = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.Contract())
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background(), withoutExamples)
})

var loadRouter = sync.OnceValues(func() (routers.Router, error) {
	doc, err := loadContract()
	if err != nil {
		return nil, err
	}
	return legacy.NewRouter(doc, withoutExamples)
})

// readLinesAsContract reads JSON lines as a list, as the contract describes them.
func readLinesAsContract() {
	for _, media := range []string{"application/jsonl", "application/x-ndjson"} {
		openapi3filter.RegisterBodyDecoder(media, func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
			all := []any{}
			for d := json.NewDecoder(body); ; {
				var v any
				if err := d.Decode(&v); errors.Is(err, io.EOF) {
					return all, nil
				} else if err != nil {
					return nil, err
				}
				all = append(all, v)
			}
		})
	}
}

func contractRouter(t testing.TB) routers.Router {
	t.Helper()
	r, err := loadRouter()
	require.NoError(t, err)
	return r
}

// call is one request.
type call struct {
	method, path string
	host         string // "" is a loopback one
	body         any    // a string goes as it is
	header       http.Header
}

func (k call) request(ctx context.Context, t testing.TB) *http.Request {
	t.Helper()
	var body io.Reader
	header := http.Header{}
	switch b := k.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case []byte:
		body = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(t, err)
		body = bytes.NewReader(raw)
	}
	if body != nil {
		header.Set("Content-Type", "application/json")
	}
	r := httptest.NewRequestWithContext(ctx, k.method, k.path, body)
	r.Host, r.Header = cmp.Or(k.host, "127.0.0.1:8080"), header
	for name, values := range k.header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	return r
}

// answer is the response to a call.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) problem(t testing.TB) api.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"), "%d %s", a.status, a.body)
	var p api.Problem
	require.NoError(t, json.Unmarshal(a.body, &p))
	require.Equal(t, a.status, p.Status)
	require.True(t, strings.HasPrefix(p.Type, "/problems/"), p.Type)
	require.NotEmpty(t, p.RequestID)
	return p
}

func (a answer) order(t testing.TB) order.Order {
	t.Helper()
	var o order.Order
	require.NoError(t, json.Unmarshal(a.body, &o), "%s", a.body)
	return o
}

// do sends the request through the real router. What the contract refuses must
// be refused; and every answer must be one that the contract names.
func (g *gateway) do(k call) answer {
	g.t.Helper()
	a := g.send(g.t.Context(), k)
	g.holdAgainstContract(k, a)
	return a
}

// send is do for what the contract does not say.
func (g *gateway) send(ctx context.Context, k call) answer {
	g.t.Helper()
	return g.serve(k.request(ctx, g.t))
}

// serve is send for a request that is made otherwise.
func (g *gateway) serve(r *http.Request) answer {
	w := httptest.NewRecorder()
	g.server.Handler().ServeHTTP(w, r)
	return answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}

// config returns the gateway's configuration, for a second gateway.
func (g *gateway) config() api.Config {
	cfg := g.cfg
	cfg.Metrics = prometheus.NewRegistry()
	return cfg
}

func (g *gateway) holdAgainstContract(k call, a answer) {
	g.t.Helper()
	require.NotEqual(g.t, http.StatusInternalServerError, a.status, "%s %s: %s\n%s", k.method, k.path, a.body, g.log)
	r := k.request(g.t.Context(), g.t)
	route, params, err := g.contract.FindRoute(r)
	if err != nil { // not a call of the contract
		require.GreaterOrEqual(g.t, a.status, 300)
		return
	}
	in := requestInput(r, params, route)
	lines := route.Operation.RequestBody != nil && route.Operation.RequestBody.Value.Content["application/jsonl"] != nil
	if err := openapi3filter.ValidateRequest(g.t.Context(), in); err != nil && (!lines || a.status != http.StatusOK) { // of lines, each is refused by itself
		require.True(g.t, a.status >= 400 && a.status < 500, "the contract refuses %s %s (%v), but: %d %s",
			k.method, k.path, err, a.status, a.body)
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.status, Header: a.header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	out.SetBodyBytes(a.body)
	require.NoError(g.t, openapi3filter.ValidateResponse(g.t.Context(), out), "%s %s: %d %s", k.method, k.path, a.status, a.body)
	g.requireReadableBy(g.rolesOf(k), route.Operation, a)
}

// requestInput prepares the validation of a request against the contract, without its token, which
// other tests cover.
func requestInput(r *http.Request, params map[string]string, route *routers.Route) *openapi3filter.RequestValidationInput {
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
	}
}

func (g *gateway) get(path string) answer { return g.do(call{method: http.MethodGet, path: path}) }

func (g *gateway) post(path string, body any) answer {
	return g.do(call{method: http.MethodPost, path: path, body: body})
}

// postOnce is post under a key.
func (g *gateway) postOnce(k, path string, body any) answer {
	return g.do(call{method: http.MethodPost, path: path, body: body, header: key(k)})
}

func key(k string) http.Header { return http.Header{"Idempotency-Key": {k}} }

func (g *gateway) place(key string, body any) answer {
	k := call{method: http.MethodPost, path: "/v1/orders", body: body}
	if key != "" {
		k.header = http.Header{"Idempotency-Key": {key}}
	}
	return g.do(k)
}

// putProduct creates a product with one variant, "one", at 1000.
func (g *gateway) putProduct(id string, stock int64, change ...func(*product.Spec)) {
	g.t.Helper()
	spec := product.Spec{
		Description: product.Description{Title: "A " + id}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "one", Price: 1000, Stock: &stock}},
	}
	for _, c := range change {
		c(&spec)
	}
	a := g.do(call{method: http.MethodPut, path: "/v1/products/" + id, body: spec})
	require.Equal(g.t, http.StatusCreated, a.status, "%s", a.body)
}

func (g *gateway) callback(e order.PaymentEvent) answer {
	g.t.Helper()
	e.EventID = "msg_" + e.PaymentID
	if e.OccurredAt.IsZero() {
		e.OccurredAt = time.Now()
	}
	cb, err := g.sandbox.NewCallback(e)
	require.NoError(g.t, err)
	return g.do(call{
		method: http.MethodPost, path: "/v1/payments/callbacks/sandbox", body: cb.Body, header: cb.Header,
	})
}

// state is everything that the gateway could have changed.
func (g *gateway) state() string {
	g.temporal.mu.Lock()
	defer g.temporal.mu.Unlock()
	signals := 0
	for _, s := range g.temporal.sagas {
		signals += len(s.signals) + len(s.scans)
	}
	b, err := json.Marshal(map[string]any{
		"redis": g.redis.Dump(), "workflows": len(g.temporal.starts), "signals": signals,
	})
	require.NoError(g.t, err)
	return string(b)
}

type line map[string]any

func basket(lines ...line) map[string]any {
	return map[string]any{"customerId": "c-1", "lines": append([]line{}, lines...)}
}
