package api_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/identity"
)

// A route that Owns doesn't know would go to the pages wherever these share the gateway's address.
func TestTheGatewayOwnsAllItsRoutes(t *testing.T) {
	g := newGateway(t)
	for _, path := range []string{
		"/v1/orders", "/v1/orders/o-1", "/healthz", "/readyz", "/metrics", "/docs", "/docs/", "/docs/api-policy.md", "/openapi.yaml",
		"/problems/forbidden", "/sandbox/pay/p-1",
	} {
		require.True(t, g.cfg.Owns(path), path)
	}
	for _, path := range []string{"/", "/basket", "/products/mug", "/v1", "/v10/", "/healthzz", "/documents"} {
		require.False(t, g.cfg.Owns(path), path)
	}
	for _, route := range g.server.Routes() {
		require.True(t, g.cfg.Owns(strings.NewReplacer(":", "", "*", "").Replace(route)), route)
	}
}

func TestAFrontReceivesTheListenersRequests(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a test
	require.NoError(t, err)
	g := newGateway(t, func(c *api.Config) {
		c.Listener = listener
		c.Front = func(gateway http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					_, _ = io.WriteString(w, "a page") // the test is gone
					return
				}
				gateway.ServeHTTP(w, r)
			})
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.server.Run(ctx) }()
	for path, want := range map[string]string{"/": "a page", "/healthz": "ok"} {
		res, err := http.Get("http://" + listener.Addr().String() + path) //nolint:noctx // a test
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Contains(t, string(body), want)
	}
	stop()
	require.NoError(t, <-ended)
}

// With authentication off a page can still be tried as each kind of caller.
func TestTokensForDevelopmentRestrictTheirCallers(t *testing.T) {
	dev, err := identity.NewDevelopment()
	require.NoError(t, err)
	other, err := identity.NewDevelopment()
	require.NoError(t, err)
	g := newGateway(t, func(c *api.Config) { c.Identity, c.Development = nil, dev })
	g.putProduct("mug", 2)
	signed := func(d *identity.Development, subject string, role identity.Role) http.Header {
		token, err := d.Token(identity.Caller{Subject: subject, Roles: []identity.Role{role}})
		require.NoError(t, err)
		return bearer(token)
	}
	put := call{method: http.MethodPut, path: "/v1/products/cup", body: map[string]any{"title": "Cup", "currency": "EUR", "variants": []any{map[string]any{"sku": "c", "price": 1}}}}

	put.header = signed(dev, "ada", identity.RoleCustomer)
	require.Equal(t, http.StatusForbidden, g.send(t.Context(), put).status)
	put.header = signed(other, "ada", identity.RoleOperator)
	require.Equal(t, http.StatusUnauthorized, g.send(t.Context(), put).status, "of an earlier start")
	put.header = signed(dev, "eve", identity.RoleOperator)
	require.Equal(t, http.StatusCreated, g.send(t.Context(), put).status)
	put.header = bearer("anything")
	require.Equal(t, http.StatusOK, g.send(t.Context(), put).status, "every other caller is an operator")
	put.header = nil
	require.Equal(t, http.StatusOK, g.send(t.Context(), put).status)
}

// Whoever has lost the answer to an order finds it by what refuses the next one.
func TestAnotherBodyUnderAKeyNamesTheOrder(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	first := g.place("k-1", basket(line{"productId": "mug", "quantity": 2}))
	require.Equal(t, http.StatusCreated, first.status)
	other := g.place("k-1", basket(line{"productId": "mug", "quantity": 1})).problem(t)
	require.Equal(t, first.order(t).ID, other.OrderID)
	require.Empty(t, g.place("k-2", basket(line{"productId": "mug", "quantity": 9})).problem(t).OrderID, "nothing was started")
}

// A buyer may know that waiting can help, but not how many units others hold.
func TestBuyersAreToldThatUnitsMayComeBack(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 2)
	require.NotContains(t, string(g.get("/v1/products/mug").body), "heldByOthers")
	require.Equal(t, http.StatusCreated, g.place("k", basket(line{"productId": "mug", "quantity": 2})).status)
	require.True(t, g.get("/v1/products/mug").product(t).Variants[0].HeldByOthers)
}
