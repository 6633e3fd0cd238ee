package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
)

// from is a call as a browser or a program sends it.
func (g *gateway) from(method, path, host string, header http.Header) answer {
	g.t.Helper()
	k := call{method: method, path: path, host: host, header: header}
	a := g.send(g.t.Context(), k)
	g.holdAgainstContract(k, a)
	return a
}

func TestPagesOfOtherOriginsChangeNothing(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 1)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	cancel := "/v1/orders/" + o.ID + "/cancel"
	before := g.state()
	for name, header := range map[string]http.Header{
		"another site":   {"Sec-Fetch-Site": {"cross-site"}},
		"another port":   {"Sec-Fetch-Site": {"same-site"}},
		"an old browser": {"Origin": {"https://evil.example"}},
		"no origin":      {"Origin": {"null"}},
		"a form":         {"Sec-Fetch-Site": {"cross-site"}, "Content-Type": {"text/plain"}},
	} {
		t.Run(name, func(t *testing.T) {
			g.t = t
			a := g.from(http.MethodPost, cancel, "", header)
			require.Equal(t, http.StatusForbidden, a.status, "%s", a.body)
			require.Equal(t, "/problems/cross-origin", a.problem(t).Type)
			require.Equal(t, before, g.state())
		})
	}
	g.t = t
	read := g.from(http.MethodGet, "/v1/orders/"+o.ID, "", http.Header{"Sec-Fetch-Site": {"cross-site"}})
	require.Equal(t, http.StatusOK, read.status, "a browser keeps the answer from the page")
	own := http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"http://127.0.0.1:8080"}}
	require.Equal(t, http.StatusOK, g.from(http.MethodPost, cancel, "", own).status, "the page at /docs")
}

func TestOnlyLoopbackNamesAreAnswered(t *testing.T) {
	g := newGateway(t)
	asking := newGateway(t, func(c *api.Config) { c.Identity = verifier(t) })
	for host, ok := range map[string]bool{
		"localhost": true, "LOCALHOST:8080": true, "shop.localhost:1": true, "127.0.0.1:8080": true, "127.1.2.3": true,
		"[::1]:8080": true, "[::1]": true, "localhost.": true,
		"evil.example": false, "evil.example:8080": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"10.0.0.1:8080": false, "[::2]:8080": false, "evillocalhost": false, "0.0.0.0:8080": false,
	} {
		for _, path := range []string{"/readyz", "/v1/products/nothing", "/metrics", "/nowhere", "/docs"} {
			a := g.from(http.MethodGet, path, host, nil)
			if ok {
				require.NotEqual(t, http.StatusMisdirectedRequest, a.status, "%s%s", host, path)
				continue
			}
			require.Equal(t, http.StatusMisdirectedRequest, a.status, "%s%s: %s", host, path, a.body)
			require.Equal(t, "/problems/foreign-host", a.problem(t).Type)
			require.NotEqual(t, http.StatusMisdirectedRequest, asking.from(http.MethodGet, path, host, nil).status)
		}
	}
	page := http.Header{"Sec-Fetch-Site": {"cross-site"}}
	a := asking.from(http.MethodPost, "/v1/orders/nobody/cancel", "shop.example", page)
	require.Equal(t, "/problems/cross-origin", a.problem(t).Type, "on any name")
}

// A callback proves who sent it, and may come through a tunnel.
func TestACallbackNeedsNoLoopbackName(t *testing.T) {
	g := newGateway(t)
	cb, err := g.sandbox.NewCallback(order.PaymentEvent{
		EventID: "msg_1", Type: order.PaymentFailed, OrderID: "nobody", PaymentID: "p-1", Amount: 1, Currency: "EUR",
		OccurredAt: time.Now(),
	})
	require.NoError(t, err)
	a := g.do(call{
		method: http.MethodPost, path: "/v1/payments/callbacks/sandbox", host: "tunnel.example",
		body: cb.Body, header: cb.Header,
	})
	require.Equal(t, http.StatusNoContent, a.status, "%s", a.body)
}
