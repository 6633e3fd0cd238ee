package api_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/identity"
)

func TestResponsesHaveSecurityHeaders(t *testing.T) {
	g := asking(t)
	for _, path := range []string{"/v1/products/none", "/v1/orders", "/healthz", "/nowhere", "/docs/", "/openapi.yaml", "/v1/orders?limit=x"} {
		h := g.send(t.Context(), call{method: http.MethodGet, path: path}).header
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Equal(t, "DENY", h.Get("X-Frame-Options"), path)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), path)
		require.Len(t, h.Values("Content-Security-Policy"), 1, path)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		require.Empty(t, h.Get("Strict-Transport-Security"), "over plain HTTP")
	}
}

func TestTheListenerSpeaksTLS(t *testing.T) {
	own := httptest.NewUnstartedServer(nil) // for its certificate
	own.StartTLS()
	defer own.Close()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := asking(t, func(c *api.Config) {
		c.Listener, c.TLS = l, &tls.Config{Certificates: own.TLS.Certificates, MinVersion: tls.VersionTLS12}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.server.Run(ctx) }()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+l.Addr().String()+"/healthz", http.NoBody)
	require.NoError(t, err)
	answer, err := own.Client().Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("Strict-Transport-Security"))
	own.Client().CloseIdleConnections()
	stop()
	require.NoError(t, within(t, ended))
}

type unjudged struct{}

func (unjudged) Verify(context.Context, string) (api.Caller, error) {
	return api.Caller{}, identity.ErrUnjudged
}

func TestATokenThatCannotBeVerifiedNowIsNotRefused(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Identity = unjudged{} })
	a := g.do(call{method: http.MethodGet, path: "/v1/orders", header: bearer("x")})
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Equal(t, "/problems/identity-unavailable", a.problem(t).Type)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Equal(t, http.StatusUnauthorized, g.do(call{method: http.MethodGet, path: "/v1/orders"}).status)
	require.Equal(t, http.StatusOK, g.get("/v1/products").status, "the shop window stays open")
}
