package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
)

// fromAddress is a request of that address, through proxies that say forwarded.
func (g *gateway) fromAddress(k call, address, forwarded string) answer {
	g.t.Helper()
	r := k.request(g.t.Context(), g.t)
	r.RemoteAddr = address
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	return g.serve(r)
}

// burst makes calls until the second has turned at most once, and counts the refused.
func burst(n int, do func() answer) (refused int, last answer) {
	for range n {
		a := do()
		if a.status == http.StatusTooManyRequests {
			refused++
			last = a
		}
	}
	return refused, last
}

func TestCallsPerAddressAreLimited(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Address: 3} })
	get := call{method: http.MethodGet, path: "/v1/products/none"}
	from := func(address, forwarded string) func() answer {
		return func() answer { return g.fromAddress(get, address, forwarded) }
	}
	refused, a := burst(20, from("192.0.2.1:1", ""))
	require.GreaterOrEqual(t, refused, 14)
	require.Equal(t, "/problems/too-many-requests", a.problem(t).Type)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	g.holdAgainstContract(get, a)
	refused, _ = burst(20, from("192.0.2.2:1", "192.0.2.1"))
	require.GreaterOrEqual(t, refused, 14, "each address has its own allowance, whatever the header says")
	refused, _ = burst(3, from("192.0.2.3:1", "192.0.2.1"))
	require.Zero(t, refused)
	refused, _ = burst(10, from("[2001:db8::1]:1", ""))
	more, _ := burst(10, from("[2001:db8::2]:1", ""))
	require.GreaterOrEqual(t, refused+more, 14, "a customer's whole network of IPv6 is one")

	wrong := get
	wrong.path, wrong.header = "/v1/orders", bearer("guess")
	refused, _ = burst(20, func() answer { return g.fromAddress(wrong, "192.0.2.4:1", "") })
	require.GreaterOrEqual(t, refused, 14, "guessing tokens is slow, too")
	for _, probe := range []string{"/healthz", "/readyz"} {
		refused, _ = burst(20, func() answer { return g.fromAddress(call{method: http.MethodGet, path: probe}, "192.0.2.5:1", "") })
		require.Zero(t, refused, probe)
	}
}

func TestCallbacksAreCountedSeparately(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Address: 2} })
	cb, err := g.sandbox.NewCallback(order.PaymentEvent{
		EventID: "m", Type: order.PaymentFailed, OrderID: "nobody", PaymentID: "p", Amount: 1, Currency: "EUR", OccurredAt: time.Now(),
	})
	require.NoError(t, err)
	k := call{method: http.MethodPost, path: "/v1/payments/callbacks/sandbox", body: cb.Body, header: cb.Header}
	refused, _ := burst(20, func() answer { return g.fromAddress(k, "192.0.2.1:1", "") })
	require.Zero(t, refused)
	refused, _ = burst(60, func() answer { return g.fromAddress(k, "192.0.2.2:1", "") })
	require.Positive(t, refused, "but not without end")
}

func TestCallsPerCallerAreLimited(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Caller: 3} })
	n := 0
	as := func(subject string, role api.Role) func() answer {
		k := call{method: http.MethodGet, path: "/v1/orders/none"}.as(t, subject, role)
		return func() answer {
			n++ // from ever another address
			return g.fromAddress(k, "192.0.2."+string(rune('0'+n%10))+":1", "")
		}
	}
	refused, a := burst(20, as("ada", api.RoleCustomer))
	require.GreaterOrEqual(t, refused, 14)
	require.Equal(t, "/problems/too-many-requests", a.problem(t).Type)
	refused, _ = burst(3, as("ada", api.RoleOperator))
	require.Zero(t, refused, "an operator with the same name is a different caller")
	refused, _ = burst(3, as("bob", api.RoleCustomer))
	require.Zero(t, refused)
	_, err := api.New(api.Config{})
	require.Error(t, err)
	cfg := g.config()
	cfg.Limits.Caller = -1
	_, err = api.New(cfg)
	require.Error(t, err)
}

// The pages of a shop look around as one guest for all visitors: whoever asks for a lot leaves the others
// theirs.
func TestAGuestsCallsAreCountedPerNetwork(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Caller: 3} })
	k := call{method: http.MethodGet, path: "/v1/orders/none"}.asGuest(t)
	from := func(address string) func() answer {
		return func() answer { return g.fromAddress(k, address, "") }
	}
	refused, _ := burst(20, from("192.0.2.1:1"))
	require.GreaterOrEqual(t, refused, 14)
	refused, _ = burst(3, from("192.0.2.2:1"))
	require.Zero(t, refused)
}

func TestOnlyATrustedProxyNamesTheAddress(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.TrustedProxies = []string{"10.0.0.0/8"} })
	get := call{method: http.MethodGet, path: "/v1/products/none"}
	g.fromAddress(get, "10.1.2.3:1", "6.6.6.6, 192.0.2.77")
	require.Contains(t, g.log.String(), `"client":"192.0.2.77"`)
	r := get.request(t.Context(), t)
	r.RemoteAddr = "10.1.2.3:1"
	r.Header["X-Forwarded-For"] = []string{"6.6.6.6", "192.0.2.78"} // as proxies do that add a header of their own
	r.Header.Set("X-Real-Ip", "6.6.6.6")
	g.serve(r)
	require.Contains(t, g.log.String(), `"client":"192.0.2.78"`)
	g.fromAddress(get, "192.0.2.1:1", "6.6.6.6")
	require.NotContains(t, g.log.String(), "6.6.6.6")
	cfg := g.config()
	cfg.TrustedProxies = []string{"proxy.example"}
	_, err := api.New(cfg)
	require.ErrorContains(t, err, "trusted proxies")
}

func TestPagesOfATrustedOriginMayCall(t *testing.T) {
	const shop = "https://shop.example"
	g := asking(t, func(c *api.Config) { c.Origins = []string{shop} })
	preflight := func(origin string) answer {
		return g.send(t.Context(), call{method: http.MethodOptions, path: "/v1/orders", host: "api.example", header: http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization,idempotency-key"},
		}})
	}
	a := preflight(shop)
	require.Equal(t, http.StatusNoContent, a.status, "%s", a.body)
	require.Equal(t, shop, a.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, strings.ToLower(a.header.Get("Access-Control-Allow-Headers")), "authorization")
	require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
	for _, c := range contractCalls(t) {
		require.Contains(t, a.header.Get("Access-Control-Allow-Methods"), c.method, c.path)
	}

	g.sell(t, 1)
	place := orderCall(basketOf(""))
	place.host, place.header = "api.example", http.Header{"Origin": {shop}, "Sec-Fetch-Site": {"cross-site"}}
	a = g.do(place.as(t, "ada", api.RoleCustomer))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.Equal(t, shop, a.header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, a.header.Get("Access-Control-Expose-Headers"), "Location")
	a = g.do(place)
	require.Equal(t, http.StatusUnauthorized, a.status)
	require.Equal(t, shop, a.header.Get("Access-Control-Allow-Origin"), "the page may read why not")

	for _, origin := range []string{shop, "https://evil.example"} { // a cache must keep both apart, and who asks
		shown := g.do(call{method: http.MethodGet, path: "/v1/products/mug", host: "api.example", header: http.Header{"Origin": {origin}}})
		require.Equal(t, http.StatusOK, shown.status)
		require.ElementsMatch(t, []string{"Origin", "Authorization"}, shown.header.Values("Vary"), origin)
	}
	for name, g := range map[string]*gateway{"other origins": g, "CORS off": asking(t)} {
		for _, origin := range []string{"https://evil.example", "null", shop + ".evil.example", "http://shop.example"} {
			evil := place
			evil.header = http.Header{"Origin": {origin}, "Sec-Fetch-Site": {"cross-site"}}
			a := g.do(evil.as(t, "ada", api.RoleCustomer))
			require.Equal(t, "/problems/cross-origin", a.problem(t).Type, name)
			require.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
			read := g.do(call{method: http.MethodGet, path: "/v1/products/none", host: "api.example", header: http.Header{"Origin": {origin}}})
			require.Empty(t, read.header.Get("Access-Control-Allow-Origin"))
		}
	}
	require.Equal(t, http.StatusMethodNotAllowed, preflight("https://evil.example").status)
	for _, bad := range []string{"*", "shop.example", "https://shop.example/", "https://*.example/x", "null", ""} {
		cfg := g.config()
		cfg.Origins = []string{bad}
		_, err := api.New(cfg)
		require.ErrorContains(t, err, "gateway: ", bad)
	}
}
