package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"holdfast/identity"
)

// emptyTemporal is a Temporal that has no workflow and starts none.
type emptyTemporal struct {
	workflowservice.UnimplementedWorkflowServiceServer
}

func (emptyTemporal) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (emptyTemporal) QueryWorkflow(context.Context, *workflowservice.QueryWorkflowRequest) (*workflowservice.QueryWorkflowResponse, error) {
	return nil, serviceerror.ToStatus(serviceerror.NewNotFound("no such workflow")).Err()
}

func (emptyTemporal) ExecuteMultiOperation(context.Context, *workflowservice.ExecuteMultiOperationRequest) (*workflowservice.ExecuteMultiOperationResponse, error) {
	return nil, serviceerror.ToStatus(serviceerror.NewInvalidArgument("nothing is started here")).Err()
}

func startEmptyTemporal(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, emptyTemporal{})
	healthy := health.NewServer()
	healthy.SetServingStatus("temporal.api.workflowservice.v1.WorkflowService", grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, healthy)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

// freeAddress is a loopback address on which nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// heard is everything that a program wrote and answered.
type heard struct {
	mu sync.Mutex
	b  strings.Builder
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}

// secretWord is in every secret of these tests, so that none can go unnoticed.
const secretWord = "hush"

var webhookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("hush-hush-of-the-webhooks-32-bytes"))

// tellsNothing fails if a secret, or a part that gives it away, was written.
func tellsNothing(t *testing.T, text string, more ...string) {
	t.Helper()
	for _, secret := range append(more, secretWord, webhookSecret[6:30]) {
		require.NotContains(t, text, secret)
	}
}

func TestAGatewayKeepsItsSecrets(t *testing.T) {
	redis := miniredis.RunT(t)
	redis.RequireAuth("hush-of-redis")
	signer, err := identity.NewSecret(jwtSecret, identity.Names{})
	require.NoError(t, err)
	tokenOf := func(subject string, role identity.Role) string {
		text, err := signer.Issue(identity.Caller{Subject: subject, Roles: []identity.Role{role}}, time.Hour)
		require.NoError(t, err)
		return text
	}
	operator, forged := tokenOf("op", identity.RoleOperator), tokenOf("ada", identity.RoleCustomer)+"x"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	unknown, err := jwt.New(jwt.SigningMethodES256).SignedString(key)
	require.NoError(t, err)
	addr, temporal := freeAddress(t), startEmptyTemporal(t)
	env := map[string]string{
		"HOLDFAST_HTTP_ADDR": addr, "TEMPORAL_ADDRESS": temporal, "HOLDFAST_SANDBOX": "true", "HOLDFAST_WEBHOOK_SECRET": webhookSecret,
		"REDIS_URL":         "redis://:hush-of-redis@" + redis.Addr() + "/0?max_retries=-1",
		"ELASTICSEARCH_URL": "http://elastic:hush-of-elastic@" + freeAddress(t),
		"HOLDFAST_TOKEN":    operator,
	}
	for name, keys := range map[string]map[string]string{
		"a secret":           {"HOLDFAST_JWT_SECRET": jwtSecret},
		"keys that are away": {"HOLDFAST_JWKS_URL": "https://user:hush-of-keys@" + freeAddress(t) + "/keys?key=hush-too"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, vars := range []map[string]string{env, keys} {
				for k, v := range vars {
					t.Setenv(k, v)
				}
			}
			said := &heard{}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan int, 1)
			go func() { ended <- run(ctx, []string{"api"}, said, said) }()
			defer func() {
				stop()
				require.Equal(t, exitOK, <-ended, "%s", said)
				tellsNothing(t, said.String(), operator[len(operator)-20:], forged[len(forged)-20:], unknown[len(unknown)-20:])
				require.Contains(t, said.String(), `"status":401`)
			}()
			url := "http://" + addr
			statuses := map[int]bool{}
			ask := func(method, path, token, body string, header ...string) {
				t.Helper()
				r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
				require.NoError(t, err)
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Idempotency-Key", "hush-of-a-key")
				if token != "" {
					r.Header.Set("Authorization", "Bearer "+token)
				}
				for i := 0; i+1 < len(header); i += 2 {
					r.Header.Set(header[i], header[i+1])
				}
				a, err := http.DefaultClient.Do(r)
				require.NoError(t, err)
				text, err := io.ReadAll(a.Body)
				require.NoError(t, err)
				require.NoError(t, a.Body.Close())
				statuses[a.StatusCode] = true
				_, _ = said.Write(text)
				for k, v := range a.Header {
					_, _ = said.Write([]byte("\n" + k + ": " + strings.Join(v, ",")))
				}
			}
			require.Eventually(t, func() bool { return strings.Contains(said.String(), "gateway listens") }, 20*time.Second, 10*time.Millisecond, "%s", said)
			all := func() {
				ask("GET", "/readyz", "", "")
				ask("GET", "/v1/products?q=mug", "", "")
				for _, token := range []string{"", operator, forged, unknown, "hush.hush.hush", "hush"} {
					ask("PUT", "/v1/products/mug", token, `{"title":"T","currency":"EUR","variants":[{"sku":"one","price":1}]}`)
					ask("GET", "/v1/products/mug", token, "")
					ask("GET", "/v1/orders?q=mug&access_token=hush", token, "")
					ask("GET", "/v1/orders/none", token, "")
					ask("POST", "/v1/orders", token, `{"customerId":"ada","lines":[{"productId":"mug","quantity":1}]}`)
					ask("POST", "/v1/orders", token, `{"customerId":"ada","password":"x`)
				}
				ask("POST", "/v1/payments/callbacks/sandbox", "", `{}`, "webhook-id", "m", "webhook-timestamp", "1", "webhook-signature", "v1,hush")
				ask("GET", "/metrics", "", "")
			}
			redis.SetError("")
			all()
			redis.SetError("LOADING as long as the test likes")
			all()
			redis.SetError("")
			require.True(t, statuses[http.StatusUnauthorized] && statuses[http.StatusServiceUnavailable], "%v", statuses)
		})
	}
}

// A program that can't start says why, but not with which secret.
func TestAProgramThatCannotStartKeepsItsSecrets(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"Redis is away":           {"REDIS_URL": "redis://:hush@" + freeAddress(t)},
		"Redis of another word":   {"REDIS_URL": "redis://:hush@" + wordOf(t, "other")},
		"no URL of Redis":         {"REDIS_URL": "redis://:hush@ho st:1/0"},
		"no number of a database": {"REDIS_URL": "redis://:hush@127.0.0.1:1/x"},
		"a cluster that is away":  {"REDIS_URL": "redis://:hush@" + freeAddress(t) + ",redis://:hush@127.0.0.1:1"},
		"half a cluster":          {"REDIS_URL": "redis://:hush@127.0.0.1:1,redis://:hush@ho st:1"},
		"no URL of Elasticsearch": {"ELASTICSEARCH_URL": "elastic:hush@es:9200"},
		"no URL at all":           {"ELASTICSEARCH_URL": "http://elastic:hush@e s:9200"},
		"no webhook secret":       {"HOLDFAST_WEBHOOK_SECRET": "whsec_hush"},
		"no JWKS":                 {"HOLDFAST_JWT_SECRET": "", "HOLDFAST_JWKS_URL": "http://u:hush@id.example/?x=hush"},
	} {
		for _, command := range []string{"api", "worker", "setup", "audit", "reindex"} {
			t.Run(name+"/"+command, func(t *testing.T) {
				t.Setenv("TEMPORAL_ADDRESS", startEmptyTemporal(t))
				t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
				t.Setenv("HOLDFAST_WEBHOOK_SECRET", webhookSecret)
				t.Setenv("HOLDFAST_SANDBOX", "true")
				t.Setenv("REDIS_URL", "redis://:hush@127.0.0.1:1")
				t.Setenv("ELASTICSEARCH_URL", "http://elastic:hush@127.0.0.1:1")
				for k, v := range env {
					t.Setenv(k, v)
				}
				code, stdout, stderr := holdfast(t, command, "--wait", "50ms")
				require.NotEqual(t, exitOK, code)
				require.NotEmpty(t, stderr)
				tellsNothing(t, stdout+stderr)
			})
		}
	}
}

// wordOf is a Redis with that password.
func wordOf(t *testing.T, password string) string {
	t.Helper()
	m := miniredis.RunT(t)
	m.RequireAuth(password)
	return m.Addr()
}
