package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
)

// serve answers every call and closes with the test.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func dial(t *testing.T, cfg client.Config) *client.Client {
	t.Helper()
	c, err := client.New(cfg)
	require.NoError(t, err)
	return c
}

func TestURLsThatAreNotAGateway(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:8080", "ftp://shop", "http://", "http://user:secret@%zz"} {
		_, err := client.New(client.Config{URL: url})
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "secret")
	}
}

// Pay pages are on third parties' servers.
func TestTheTokenGoesToTheGatewayAlone(t *testing.T) {
	var told []string
	note := func(w http.ResponseWriter, r *http.Request) {
		told = append(told, r.Header.Get("Authorization"))
		_, _ = io.WriteString(w, `{}`) // a caller that is gone
	}
	c := dial(t, client.Config{URL: serve(t, note), Token: "t"})
	_, err := c.Order(t.Context(), "o")
	require.NoError(t, err)
	require.NoError(t, c.PayPage(t.Context(), client.Offer{RedirectURL: serve(t, note)}, "pay", 0))
	require.Equal(t, []string{"Bearer t", ""}, told)
}

func TestIDsAreEscaped(t *testing.T) {
	var path string
	c := dial(t, client.Config{URL: serve(t, func(_ http.ResponseWriter, r *http.Request) { path = r.URL.EscapedPath() })})
	_, err := c.Deliver(t.Context(), "a/../b?c", "")
	require.NoError(t, err)
	require.Equal(t, "/v1/orders/a%2F..%2Fb%3Fc/deliver", path)
}

func TestProblemsSayAllThatTheGatewaySaid(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"type": "/problems/rate-limited", "title": "Too many requests", "detail": "slower",
			"errors": [{"path": "lines[0]", "reason": "is one too many"}],
			"shortages": [{"productId": "mug", "sku": "m", "reason": "insufficient_stock", "requested": 2, "available": 1}]}`)
	})
	_, err := dial(t, client.Config{URL: url}).Order(t.Context(), "o")
	var p *client.Problem
	require.ErrorAs(t, err, &p)
	require.Equal(t, "rate-limited", p.Kind())
	require.True(t, p.Transient())
	require.Equal(t, 3*time.Second, p.RetryAfter)
	for _, part := range []string{"429 Too many requests: slower", "lines[0] is one too many", "mug m: insufficient_stock, asked 2, available 1"} {
		require.Contains(t, err.Error(), part)
	}
}

// A proxy in front of the gateway answers with a page of its own.
func TestAnAnswerThatIsNoProblemDocument(t *testing.T) {
	for status, transient := range map[int]bool{http.StatusBadGateway: true, http.StatusForbidden: false} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>")
		})
		_, err := dial(t, client.Config{URL: url}).Order(t.Context(), "o")
		var p *client.Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, transient, p.Transient())
		require.True(t, strings.HasPrefix(p.Kind(), "http-"), p.Kind())
		require.Contains(t, p.Error(), http.StatusText(status))
	}
}
