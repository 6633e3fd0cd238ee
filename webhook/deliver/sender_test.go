package deliver

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"holdfast/webhook"
)

var paid = webhook.Event{ID: "17-1700000000000-0", Type: webhook.OrderPaid, Body: []byte(`{"type":"order.paid","data":{"orderId":"o"}}`)}

// While a secret is being replaced, a receiver can verify with either of them, but with
// none that expired.
func TestBothSecretsVerify(t *testing.T) {
	now := time.Now()
	stored := webhook.Stored{Secrets: []webhook.Secret{{Value: webhook.NewSecret()}}}
	first := stored.Secrets[0].Value
	require.NoError(t, stored.Rotate(webhook.Secret{Value: webhook.NewSecret()}, now))
	second := stored.Secrets[0].Value
	verifies := func(secret string, at time.Time) bool {
		var header http.Header
		var body []byte
		receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			header = r.Header
			body, _ = io.ReadAll(r.Body)
		}))
		defer receiver.Close()
		a, err := NewSender(newGuard(t, Loopback)).Send(t.Context(), receiver.URL, stored.Signing(at), paid)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.Status)
		require.Equal(t, string(paid.Body), string(body))
		require.Equal(t, paid.ID, header.Get("webhook-id"))
		require.Equal(t, "application/json", header.Get("Content-Type"))
		require.Contains(t, header.Get("User-Agent"), "Holdfast")
		hook, err := standardwebhooks.NewWebhook(secret)
		require.NoError(t, err)
		return hook.Verify(body, header) == nil
	}
	require.True(t, verifies(first, now))
	require.True(t, verifies(second, now))
	require.True(t, verifies(first, now.Add(webhook.OldSecretFor-time.Second)))
	require.False(t, verifies(first, now.Add(webhook.OldSecretFor)))
	require.True(t, verifies(second, now.Add(webhook.OldSecretFor)))
	require.False(t, verifies(webhook.NewSecret(), now))
	require.NoError(t, stored.Rotate(webhook.Secret{Value: webhook.NewSecret()}, now))
	require.True(t, verifies(first, now), "it signs for its own time")
	require.True(t, verifies(stored.Secrets[0].Value, now))
}

func TestAnswers(t *testing.T) {
	var asked []string
	mux := http.NewServeMux()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		mux.ServeHTTP(w, r)
	}))
	defer receiver.Close()
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/busy", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for r := strings.Repeat("x", 1<<20); ; {
			if _, err := fmt.Fprint(w, r); err != nil {
				return
			}
		}
	})
	sender := NewSender(newGuard(t, Loopback))
	send := func(path string) (webhook.Answer, error) {
		return sender.Send(t.Context(), receiver.URL+path, []string{webhook.NewSecret()}, paid)
	}
	a, err := send("/moved")
	require.NoError(t, err)
	require.Equal(t, http.StatusTemporaryRedirect, a.Status)
	require.Equal(t, []string{"/moved"}, asked, "nobody follows")
	a, err = send("/busy")
	require.NoError(t, err)
	require.Equal(t, webhook.Answer{Status: 429, RetryAfter: 2 * time.Minute}, a)
	a, err = send("/endless")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Status, "its status is all that counts")
}

func TestTroubles(t *testing.T) {
	done := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	defer hangs.Close()
	defer close(done)
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	defer selfSigned.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	g := newGuard(t, Loopback)
	g.resolver = names(t, func(string) string { return "" })
	sender := NewSender(g)
	sender.plain.Timeout = 50 * time.Millisecond
	for url, want := range map[string]webhook.Trouble{
		hangs.URL + "/?key=hidden": webhook.TroubleTimeout, selfSigned.URL + "/?key=hidden": webhook.TroubleTLS,
		closed.URL + "/?key=hidden":                      webhook.TroubleConnection,
		strings.Replace(hangs.URL, "http:", "https:", 1): webhook.TroubleTLS,
		"https://nobody.example/?key=hidden":             webhook.TroubleUnknownHost,
		"https://user:hidden@127.0.0.1/":                 webhook.TroubleRefusedAddress,
		"http://10.0.0.1/?key=hidden":                    webhook.TroubleRefusedAddress,
	} {
		_, err := sender.Send(t.Context(), url, []string{webhook.NewSecret()}, paid)
		requireTrouble(t, want, err)
		require.NotContains(t, err.Error(), "hidden", "a URL may hold a secret")
	}
	_, err := sender.Send(t.Context(), hangs.URL, []string{"whsec_%%%secret"}, paid)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret%")
	require.NotContains(t, err.Error(), "%%%")
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999": 0,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:03:05 GMT": 0,
	} {
		require.Equal(t, want, retryAfter(text, now), text)
	}
}
