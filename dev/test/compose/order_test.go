package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	goredis "github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/dev/await"
	"holdfast/dev/loopback"
	"holdfast/dev/temporal"
	"holdfast/identity"
)

// readyTimeout is how long a service may take until its health check passes.
const readyTimeout = 60 * time.Second

// stand is docker-compose.yml with processes instead of containers: only addresses differ.
type stand struct {
	project *types.Project
	image   string // the folder with the image's programs
	at      addresses
	search  bool // there is an Elasticsearch
}

// The file's own commands run with its own environment.
func TestServicesOfTheFile(t *testing.T) {
	env := secrets()
	// Not the one that every Temporal server of the tests has: setup must create it.
	env["TEMPORAL_NAMESPACE"] = "compose"
	env["HOLDFAST_SANDBOX"] = "true" // as make env asks for it
	p, err := load(t.Context(), settings(t, env))
	require.NoError(t, err)
	free, err := loopback.Ports(0, 0, 0)
	require.NoError(t, err)
	index, there := elasticsearch(t)
	s := stand{project: p, image: build(t), search: there, at: addresses{
		"http://elasticsearch:9200": index,
		"redis:6379":                startRedis(t, service(t, p, "redis")),
		"temporal:7233":             startTemporal(t),
		"0.0.0.0:8080":              "0.0.0.0:" + strconv.Itoa(free[0]),
		"127.0.0.1:8080":            loopback.Address(free[0]),
		"0.0.0.0:9091":              "0.0.0.0:" + strconv.Itoa(free[1]),
		"127.0.0.1:9091":            loopback.Address(free[1]),
		"0.0.0.0:9093":              "0.0.0.0:" + strconv.Itoa(free[2]),
		"127.0.0.1:9093":            loopback.Address(free[2]),
	}}
	for _, v := range service(t, p, "api").Volumes {
		s.at[v.Target] = v.Source
	}
	t.Run("take an order and its payment", s.takeAnOrder)
	t.Run("ask for tokens where others can call", s.askForTokens)
}

func (s stand) takeAnOrder(t *testing.T) {
	// docker compose runs setup again at each `up`.
	for range 2 {
		s.start(t, "setup").requireEnd(t, readyTimeout)
	}
	worker, api := s.start(t, "worker"), s.start(t, "api")
	s.requireHealthy(t, worker)
	s.requireHealthy(t, api)

	url := "http://" + s.at["127.0.0.1:8080"]
	anonymous(t, url)
	call(t, http.MethodPut, url+"/v1/products/kettle", http.StatusCreated, map[string]any{
		"title": "Kettle", "currency": "EUR",
		"variants": []map[string]any{{"sku": "kettle-red", "price": 2900, "stock": 3}},
	})
	placed := call(t, http.MethodPost, url+"/v1/orders", http.StatusCreated, map[string]any{
		"customerId": "c-1",
		"lines":      []map[string]any{{"productId": "kettle", "sku": "kettle-red", "quantity": 2}},
	})
	require.Equal(t, "awaiting_payment", placed["status"])
	id, ok := placed["id"].(string)
	require.True(t, ok, "the order has no id: %v", placed)
	seen := call(t, http.MethodGet, url+"/v1/orders/"+id, http.StatusOK, nil)
	require.Equal(t, "awaiting_payment", seen["status"])

	// The secret of .env is the one that callbacks are checked with.
	pay := start(t, "pay", []string{inImage(s.image, "holdfast"), "pay", id}, []string{
		"HOLDFAST_URL=" + url, "HOLDFAST_WEBHOOK_SECRET=" + secrets()["HOLDFAST_WEBHOOK_SECRET"],
		"HOLDFAST_TOKEN=" + operatorsToken(t),
	})
	pay.requireEnd(t, readyTimeout)
	paid := call(t, http.MethodGet, url+"/v1/orders/"+id+"?wait=10s&version="+versionOf(t, seen), http.StatusOK, nil)
	require.Equal(t, "awaiting_shipment", paid["status"])

	s.answerSearches(t, url)

	// A metrics collector gets the worker's from its published port.
	require.Contains(t, scrape(t, "http://"+s.at["127.0.0.1:9091"]+"/metrics"), `holdfast_orders_total{`)
	_, metrics, err := net.SplitHostPort(s.at["0.0.0.0:9093"])
	require.NoError(t, err)
	require.Contains(t, scrape(t, "http://127.0.0.1:"+metrics+"/metrics"), `holdfast_placements_total{`)

	api.requireStop(t)
	worker.requireStop(t)
}

// anonymous requires that a caller without a token is refused.
func anonymous(t *testing.T, url string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/orders", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
}

// answerSearches finds what was put and ordered, if there is an index. If there is none,
// only these calls fail: everything before them succeeded, including the gateway's health
// check.
func (s stand) answerSearches(t *testing.T, url string) {
	t.Helper()
	if s.search {
		requireFound(t, url+"/v1/products?q=kettles", 1)
		requireFound(t, url+"/v1/orders?customerId=c-1&paymentStatus=paid", 1)
		return
	}
	refused := call(t, http.MethodGet, url+"/v1/products?q=kettles", http.StatusServiceUnavailable, nil)
	require.Equal(t, "/problems/search-unavailable", refused["type"])
	require.Equal(t, "degraded", call(t, http.MethodGet, url+"/readyz", http.StatusOK, nil)["status"])
}

// startRedis runs the command of docker-compose.yml on a port of its own and in an empty
// folder, and checks that the server applied its settings.
func startRedis(t *testing.T, s types.ServiceConfig) string {
	t.Helper()
	if _, err := exec.LookPath(s.Command[0]); err != nil {
		if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "redis") {
			require.NoError(t, err, "redis is required")
		}
		t.Skipf("without %s: %v", s.Command[0], err)
	}
	port, err := loopback.Ports(0)
	require.NoError(t, err)
	argv := append(slices.Clone(s.Command),
		"--port", strconv.Itoa(port[0]), "--bind", "127.0.0.1", "--dir", t.TempDir())
	start(t, "redis", argv, nil)

	rdb := goredis.NewClient(&goredis.Options{Addr: loopback.Address(port[0])})
	defer func() { _ = rdb.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	require.NoError(t, await.Success(ctx, func(ctx context.Context) error { return rdb.Ping(ctx).Err() }))
	for setting, want := range map[string]string{
		"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction",
	} {
		got, err := rdb.ConfigGet(ctx, setting).Result()
		require.NoError(t, err)
		require.Equal(t, want, got[setting], setting)
	}
	return loopback.Address(port[0])
}

func startTemporal(t *testing.T) string {
	t.Helper()
	server, err := temporal.Start(t.Context(), temporal.Options{WithoutUI: true})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), endTimeout)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("stop Temporal: %v", err)
		}
	})
	return server.Address()
}

// argv is what the service's container would run: the image's entry point, then the
// service's command.
func (s stand) argv(t *testing.T, name string) []string {
	t.Helper()
	var argv []string
	require.NoError(t, json.Unmarshal([]byte(entrypoint(t)), &argv))
	argv[0] = inImage(s.image, argv[0])
	return append(argv, service(t, s.project, name).Command...)
}

func (s stand) start(t *testing.T, name string) *process {
	t.Helper()
	return start(t, name, s.argv(t, name), environment(service(t, s.project, name), s.at))
}

// requireHealthy waits until the service's own health check passes.
func (s stand) requireHealthy(t *testing.T, running *process) {
	t.Helper()
	check := service(t, s.project, running.name).HealthCheck.Test
	require.Equal(t, "CMD", check[0])
	argv := []string{inImage(s.image, check[1])}
	for _, argument := range check[2:] {
		argv = append(argv, s.at.in(argument))
	}
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	err := await.Success(ctx, func(ctx context.Context) error {
		select {
		case <-running.done:
			cancel() // it won't become healthy any more
			return fmt.Errorf("%s has ended: %w", running.name, running.err)
		default:
		}
		printed, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w", bytes.TrimSpace(printed), err)
		}
		return nil
	})
	require.NoError(t, err, "%s is not healthy", running.name)
}

// call sends body as JSON, requires this status, and returns the answer.
func call(t *testing.T, method, url string, status int, body any) map[string]any {
	t.Helper()
	sent, err := json.Marshal(body)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(sent))
	require.NoError(t, err)
	if body == nil {
		request.Body, request.ContentLength = http.NoBody, 0
	} else {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+operatorsToken(t))
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var answer map[string]any
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&answer), "%s %s: %s", method, url, response.Status)
	require.Equal(t, status, response.StatusCode, "%s %s: %v", method, url, answer)
	return answer
}

// scrape reads a service's metrics.
func scrape(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readyTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", text)
	return string(text)
}

// versionOf is the order's version as written in its JSON.
func versionOf(t *testing.T, order map[string]any) string {
	t.Helper()
	number, ok := order["version"].(json.Number)
	require.True(t, ok, "no version in %v", order)
	return number.String()
}

// operatorsToken is signed with the secret of .env.
func operatorsToken(t *testing.T) string {
	t.Helper()
	signer, err := identity.NewSecret(secrets()["HOLDFAST_JWT_SECRET"], identity.Names{})
	require.NoError(t, err)
	token, err := signer.Issue(identity.Caller{Subject: "op", Roles: []identity.Role{identity.RoleOperator}}, time.Hour)
	require.NoError(t, err)
	return token
}

// The gateway listens on all addresses in its container, and refuses to with authentication
// off.
func (s stand) askForTokens(t *testing.T) {
	api := service(t, s.project, "api")
	require.Equal(t, "jwt", *api.Environment["HOLDFAST_AUTH"])
	host, _, err := net.SplitHostPort(*api.Environment["HOLDFAST_HTTP_ADDR"])
	require.NoError(t, err)
	require.False(t, net.ParseIP(host).IsLoopback())

	off := "off"
	api.Environment = maps.Clone(api.Environment)
	api.Environment["HOLDFAST_AUTH"] = &off
	refused := start(t, "api", s.argv(t, "api"), environment(api, s.at))
	select {
	case <-refused.done:
	case <-time.After(readyTimeout):
		require.Fail(t, "the gateway runs, for everybody")
	}
	require.Error(t, refused.err)
	require.Contains(t, refused.out.String(), "authentication off", "it must fail for this reason")
}
