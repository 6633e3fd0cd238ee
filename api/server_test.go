package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/identity"
	"holdfast/product"
	"holdfast/version"
)

// metric reads one sample from /metrics.
func (g *gateway) metric(name string) string {
	g.t.Helper()
	a := g.send(g.t.Context(), call{method: http.MethodGet, path: "/metrics"})
	for l := range strings.SplitSeq(string(a.body), "\n") {
		if value, ok := strings.CutPrefix(l, name+" "); ok {
			return value
		}
	}
	return ""
}

func TestRequestsAreCountedAndLogged(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 1)
	body := basket(line{"productId": "mug", "quantity": 1})
	body["address"] = map[string]any{"recipient": "Ada Lovelace", "line1": "1", "city": "London", "country": "GB"}
	k := orderCall(body)
	k.header = http.Header{"X-Request-Id": {"req-7"}, "Idempotency-Key": {"very-secret"}, "X-Forwarded-For": {"6.6.6.6"}}
	a := g.do(k)
	require.Equal(t, "req-7", a.header.Get("X-Request-Id"))
	o := a.order(t)
	g.place("", body)
	g.get("/v1/orders/" + o.ID)
	g.get("/v1/nothing/" + o.ID)
	k.method, k.header = "BREW", http.Header{"X-Request-Id": {"a b\n"}}
	odd := g.do(k)
	require.NotEqual(t, "a b\n", odd.header.Get("X-Request-Id"))

	require.Equal(t, "1", g.metric(`holdfast_http_requests_total{method="POST",route="/v1/orders",status="201"}`))
	require.Equal(t, "1", g.metric(`holdfast_http_requests_total{method="POST",route="/v1/orders",status="409"}`))
	require.Equal(t, "1", g.metric(`holdfast_http_requests_total{method="GET",route="/v1/orders/:id",status="200"}`))
	require.Equal(t, "1", g.metric(`holdfast_http_requests_total{method="GET",route="none",status="404"}`))
	require.Equal(t, "1", g.metric(`holdfast_http_requests_total{method="other",route="none",status="405"}`))
	require.Equal(t, "1", g.metric(`holdfast_placements_total{answer="held"}`))
	require.Equal(t, "1", g.metric(`holdfast_placements_total{answer="refused"}`))
	require.Equal(t, "2", g.metric(`holdfast_http_request_duration_seconds_count{method="POST",route="/v1/orders"}`))

	log := g.log.String()
	require.Contains(t, log, `"request_id":"req-7"`)
	require.Contains(t, log, `"target":"`+o.ID+`"`)
	require.NotContains(t, log, "Lovelace")
	require.NotContains(t, log, "very-secret")
	require.NotContains(t, log, "6.6.6.6", "a header that anybody can send")

	g.get("/v1/orders/" + strings.Repeat("7", 5000))
	require.NotContains(t, g.log.String(), "7777777777", "an id that nothing can have")
}

func TestAPanicRevealsNothing(t *testing.T) {
	broken := newGateway(t, func(c *api.Config) { c.Products = panicking{c.Products} })
	a := broken.send(t.Context(), call{method: http.MethodGet, path: "/v1/products/mug"})
	require.Equal(t, http.StatusInternalServerError, a.status)
	require.Equal(t, "/problems/internal", a.problem(t).Type)
	require.NotContains(t, string(a.body), "secret")
	require.Contains(t, broken.log.String(), "a secret")
	require.Contains(t, broken.log.String(), "server_test.go", "the stack is logged")
	require.Equal(t, http.StatusOK, broken.get("/healthz").status)
}

type panicking struct{ api.Products }

func (panicking) Get(context.Context, string) (product.Product, error) { panic("a secret") }

func TestReadinessNamesUnavailableDependencies(t *testing.T) {
	g := newGateway(t)
	a := g.get("/readyz")
	require.Equal(t, http.StatusOK, a.status)
	require.JSONEq(t, `{"status":"ok","checks":{"redis":"ok","search":"ok","temporal":"ok"}}`, string(a.body))
	g.redis.Close()
	require.Eventually(t, func() bool {
		a = g.get("/readyz")
		return a.status == http.StatusServiceUnavailable
	}, 10*time.Second, 10*time.Millisecond, "at the next probe")
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.JSONEq(t, `{"status":"unavailable","checks":{"redis":"unavailable","search":"ok","temporal":"ok"}}`, string(a.body))
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	require.Eventually(t, func() bool {
		return strings.Contains(string(g.get("/readyz").body), `"temporal":"unavailable"`)
	}, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, http.StatusOK, g.get("/healthz").status, "alive all the same")
}

func TestTheContractAndItsPageNeedNoOtherServer(t *testing.T) {
	g := newGateway(t)
	a := g.send(t.Context(), call{method: http.MethodGet, path: "/openapi.yaml"})
	require.Equal(t, openapi.Contract(), a.body)
	page := g.send(t.Context(), call{method: http.MethodGet, path: "/docs/"})
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, string(page.body), "/openapi.yaml")
	require.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'self'")
	parts := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(string(page.body), -1)
	require.NotEmpty(t, parts)
	for _, p := range parts {
		require.True(t, strings.HasPrefix(p[1], "/docs/"), p[1])
		require.Equal(t, http.StatusOK, g.send(t.Context(), call{method: http.MethodGet, path: p[1]}).status, p[1])
	}
}

func TestHeadAnswersAsGetDoes(t *testing.T) {
	g := newGateway(t)
	for _, path := range []string{"/healthz", "/readyz", "/metrics", "/openapi.yaml", "/docs", "/docs/"} {
		get := g.send(t.Context(), call{method: http.MethodGet, path: path})
		head := g.send(t.Context(), call{method: http.MethodHead, path: path})
		require.Equal(t, get.status, head.status, path)
		require.Equal(t, get.header.Get("Content-Type"), head.header.Get("Content-Type"), path)
	}
}

func TestAGatewayWithoutAuthenticationListensOnLoopbackOnly(t *testing.T) {
	g := newGateway(t)
	var nobody identity.Verifier
	for addr, ok := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "localhost:8080": true,
		":8080": false, "0.0.0.0:8080": false, "10.0.0.1:8080": false, "example.com:8080": false, "nonsense": false,
	} {
		for _, asks := range []identity.Verifier{nobody, verifier(t)} {
			cfg := g.config()
			cfg.Addr, cfg.Identity = addr, asks
			_, err := api.New(cfg)
			require.Equal(t, ok || (asks != nil && addr != "nonsense"), err == nil, "%s %v: %v", addr, asks != nil, err)
		}
	}
}

func TestAStoppingGatewayEndsWhatItBegan(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	hanging := &hangingProducts{entered: make(chan struct{}), leave: make(chan struct{})}
	g := newGateway(t, func(c *api.Config) {
		hanging.Products = c.Products
		c.Listener, c.Products, c.DrainDelay = l, hanging, 200*time.Millisecond
	})
	g.putProduct("mug", 1)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- g.server.Run(ctx) }()

	url := "http://" + l.Addr().String()
	slow, waiting := make(chan int, 1), make(chan int, 1)
	go func() { slow <- httpGet(t, url+"/v1/products/hang") }()
	within(t, hanging.entered)
	go func() { waiting <- httpGet(t, url+"/v1/orders/"+o.ID+"?wait=30s&version=99") }()
	g.untilWaiting(1)

	stop()
	require.Equal(t, http.StatusOK, within(t, waiting), "a wait is answered at once")
	require.Equal(t, http.StatusServiceUnavailable, g.get("/readyz").status)
	select {
	case err := <-ended:
		t.Fatalf("stopped with a request in flight: %v", err)
	default:
	}
	close(hanging.leave)
	require.Equal(t, http.StatusOK, within(t, slow), "what was in flight is answered")
	require.NoError(t, within(t, ended))
	_, err = http.Get(url + "/healthz") //nolint:bodyclose,noctx // it must fail
	require.Error(t, err)
}

// hangingProducts answers for "hang" when it is told to.
type hangingProducts struct {
	api.Products
	entered, leave chan struct{}
}

func (h *hangingProducts) Get(ctx context.Context, id string) (product.Product, error) {
	if id != "hang" {
		return h.Products.Get(ctx, id)
	}
	close(h.entered)
	select {
	case <-h.leave:
		return h.Products.Get(ctx, "mug")
	case <-ctx.Done():
		return product.Product{}, ctx.Err()
	}
}

func httpGet(t testing.TB, url string) int {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Error(err)
	}
	return resp.StatusCode
}

func TestEveryErrorOfProductsIsAProblem(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Products = failing{c.Products} })
	a := g.send(t.Context(), call{method: http.MethodGet, path: "/v1/products/mug"})
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.NotContains(t, string(a.body), "password")
	require.Contains(t, g.log.String(), "password")
	require.True(t, json.Valid(a.body) && !bytes.Contains(a.body, []byte("null")))
}

type failing struct{ api.Products }

func (failing) Get(context.Context, string) (product.Product, error) {
	return product.Product{}, errors.New("wrong password")
}

func TestTheGatewaySaysItsVersion(t *testing.T) {
	g := newGateway(t)
	a := g.get("/v1/version")
	require.Equal(t, http.StatusOK, a.status)
	require.JSONEq(t, `{"version":"`+version.String()+`"}`, string(a.body))
}
