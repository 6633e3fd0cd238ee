package api_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/order"
)

func (g *gateway) payPage() (path, id string) {
	g.t.Helper()
	id, err := g.sandbox.Create(g.t.Context(), order.PaymentRequest{
		Provider: "sandbox", OrderID: uuid.NewString(), Attempt: 1, Amount: 1000, Currency: "EUR", Until: time.Now().Add(time.Hour),
	})
	require.NoError(g.t, err)
	c, err := g.sandbox.Checkout(g.t.Context(), id)
	require.NoError(g.t, err)
	path, ok := strings.CutPrefix(c.RedirectURL, "http://127.0.0.1:8080")
	require.True(g.t, ok, c.RedirectURL)
	return path, id
}

// visit is a call that the contract doesn't have: a page's.
func (g *gateway) visit(method, path, host, body string, header http.Header) answer {
	g.t.Helper()
	k := call{method: method, path: path, host: host, header: http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"text/html"},
	}}
	if body != "" {
		k.body = body
	}
	maps.Copy(k.header, header)
	return g.send(g.t.Context(), k)
}

func TestThePayPageIsShown(t *testing.T) {
	g := newGateway(t)
	path, id := g.payPage()
	a := g.visit(http.MethodGet, path, "", "", nil)
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, string(a.body), "€10.00")
	require.NotEmpty(t, a.header.Get("X-Request-Id"))
	require.Equal(t, http.StatusNotFound, g.visit(http.MethodGet, path+"x", "", "", nil).status)
	require.Contains(t, g.log.String(), `"route":"/sandbox/*page"`)
	require.NotContains(t, g.log.String(), id)

	a = g.visit(http.MethodPost, path, "", "action=pay", http.Header{"Sec-Fetch-Site": {"same-origin"}})
	require.Equal(t, http.StatusSeeOther, a.status, "%s", a.body)
	require.Equal(t, path, a.header.Get("Location"))
	p, err := g.sandbox.LookUp(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, order.ProviderSucceeded, p.Status)
}

// The guard is the same as for the gateway's own calls.
func TestPagesOfOtherOriginsPayNothing(t *testing.T) {
	g := newGateway(t)
	path, id := g.payPage()
	for name, header := range map[string]http.Header{
		"another site":   {"Sec-Fetch-Site": {"cross-site"}},
		"another port":   {"Sec-Fetch-Site": {"same-site"}},
		"an old browser": {"Origin": {"https://evil.example"}},
		"no origin":      {"Origin": {"null"}},
	} {
		a := g.visit(http.MethodPost, path, "", "action=pay", header)
		require.Equal(t, http.StatusForbidden, a.status, name)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		require.Equal(t, http.StatusMisdirectedRequest, g.visit(method, path, "evil.example", "action=pay", nil).status)
	}
	big := g.visit(http.MethodPost, path, "", "action=pay&x="+strings.Repeat("y", 2<<20), nil)
	require.Equal(t, http.StatusRequestEntityTooLarge, big.status)
	p, err := g.sandbox.LookUp(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, order.ProviderOpen, p.Status)
}
