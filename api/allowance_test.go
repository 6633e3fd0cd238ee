package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
)

// allowanceItem is one of RateLimit, as a structured field has it.
var allowanceItem = regexp.MustCompile(`^"([a-z-]+)";r=(\d+);t=(\d+)$`)

// policyItem is one of RateLimit-Policy.
var policyItem = regexp.MustCompile(`^"([a-z-]+)";q=(\d+);w=(\d+)$`)

// left is what an allowance still has, until when, and what it has in all.
type left struct {
	units, all int
	until      time.Time
}

// allowances reads what an answer says of them.
func allowances(t *testing.T, h http.Header, at time.Time) map[string]left {
	t.Helper()
	all := map[string]left{}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		require.NoError(t, err)
		return n
	}
	for item := range strings.SplitSeq(h.Get("RateLimit"), ", ") {
		m := allowanceItem.FindStringSubmatch(item)
		require.NotNil(t, m, "%q", item)
		all[m[1]] = left{units: number(m[2]), until: at.Add(time.Duration(number(m[3])) * time.Second)}
	}
	for item := range strings.SplitSeq(h.Get("RateLimit-Policy"), ", ") {
		m := policyItem.FindStringSubmatch(item)
		require.NotNil(t, m, "%q", item)
		l, ok := all[m[1]]
		require.True(t, ok, "%s has a policy and nothing left", m[1])
		l.all = number(m[2])
		all[m[1]] = l
	}
	return all
}

// A client that knows what its calls cost and obeys the headers is never refused, although it
// calls as fast as they let it.
func TestAClientThatObeysTheHeadersIsNeverRefused(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Caller: 20, Address: 30} })
	lines := make([]line, 300)
	for i := range lines {
		lines[i] = line{"productId": "nothing", "quantity": 1}
	}
	calls := []struct {
		call call
		cost int
	}{
		{call{method: http.MethodGet, path: "/v1/orders"}.as(t, "ada", api.RoleCustomer), 5},
		{call{method: http.MethodGet, path: "/v1/orders/none"}.as(t, "ada", api.RoleCustomer), 1},
		{orderCall(map[string]any{"lines": lines}).as(t, "ada", api.RoleCustomer), 2 + 5},
		{call{method: http.MethodGet, path: "/v1/orders?limit=100"}.as(t, "ada", api.RoleCustomer), 5 + 4},
		{call{method: http.MethodGet, path: "/v1/products/none"}.as(t, "ada", api.RoleCustomer), 1},
	}
	known, waits := map[string]left{}, 0
	for n := range 20 {
		k := calls[n%len(calls)]
		for _, l := range known {
			if l.units < min(k.cost, l.all) && time.Now().Before(l.until) {
				waits++
				<-time.After(time.Until(l.until))
			}
		}
		a := g.fromAddress(k.call, "192.0.2.1:1", "")
		require.NotEqual(t, http.StatusTooManyRequests, a.status, "call %d: %s %v", n, a.body, known)
		maps.Copy(known, allowances(t, a.header, time.Now()))
	}
	require.Positive(t, waits)
	require.Contains(t, known, "caller")
	require.Contains(t, known, "address")

	refused, a := burst(6, func() answer { return g.fromAddress(calls[0].call, "192.0.2.2:1", "") })
	require.Positive(t, refused, "one that doesn't is")
	now := time.Now()
	require.Zero(t, allowances(t, a.header, now)["caller"].units)
	require.Equal(t, now.Add(time.Second), allowances(t, a.header, now)["caller"].until, "as long as Retry-After says")
}

func TestWhatOpensPaymentsSaysSo(t *testing.T) {
	g, _ := counting(t, func(c *api.Config) { c.Identity, c.Limits = verifier(t), api.Limits{Payments: 6} })
	g.sell(t, 10)
	o := g.do(orderCall(basketOf("")).as(t, "ada", api.RoleCustomer)).order(t)
	pay := call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/payment"}
	want := func(a answer, calls, orders, networks int) {
		t.Helper()
		require.Regexp(t, fmt.Sprintf(`^"payments";r=%d;t=\d+, "payments-of-network";r=%d;t=\d+, "payments-of-order";r=%d;t=\d+$`,
			calls, networks, orders), a.header.Get("RateLimit"))
		require.Equal(t, `"payments";q=6;w=60, "payments-of-network";q=24;w=60, "payments-of-order";q=2;w=60`, a.header.Get("RateLimit-Policy"))
	}
	want(g.do(pay.as(t, "ada", api.RoleCustomer)), 5, 1, 23)
	want(g.do(pay.as(t, "ada", api.RoleCustomer)), 4, 0, 22)
	a := g.do(pay.as(t, "ada", api.RoleCustomer))
	require.Equal(t, http.StatusTooManyRequests, a.status)
	want(a, 3, 0, 21)
	require.True(t, strings.HasSuffix(a.header.Get("RateLimit"), ";t="+a.header.Get("Retry-After")))
	require.Empty(t, g.do(pay.as(t, "eve", api.RoleSupport)).header.Get("RateLimit"), "staff have no such limit")
}

func TestOnlyWhatIsLimitedHasAnAllowance(t *testing.T) {
	g := asking(t, func(c *api.Config) {
		c.Limits = api.Limits{Caller: 5, Address: 7}
		c.Origins = []string{"https://shop.example"}
	})
	header := func(k call) string { return g.fromAddress(k, "192.0.2.1:1", "").header.Get("RateLimit") }
	require.Empty(t, header(call{method: http.MethodGet, path: "/healthz"}))
	require.Equal(t, `"address";r=6;t=1`, header(call{method: http.MethodGet, path: "/v1/products/none"}))
	require.Equal(t, `"address";r=5;t=1`, header(call{method: http.MethodGet, path: "/v1/orders/none", header: bearer("guess")}))
	page := call{method: http.MethodGet, path: "/v1/orders/none", header: http.Header{"Origin": {"https://shop.example"}}}
	a := g.fromAddress(page.as(t, "ada", api.RoleCustomer), "192.0.2.2:1", "")
	require.Equal(t, `"address";r=6;t=1, "caller";r=4;t=1`, a.header.Get("RateLimit"))
	for _, name := range []string{"RateLimit", "RateLimit-Policy", "Retry-After", "Deprecation", "Sunset", "Link"} {
		require.Contains(t, strings.ToLower(a.header.Get("Access-Control-Expose-Headers")), strings.ToLower(name))
	}
	require.Empty(t, asking(t).do(page).header.Get("RateLimit"), "without limits there are none")
}

// The base of an order's cost and its lines' are taken one after the other, and together they are
// no more than all.
func TestALargeOrderIsTakenBySmallAllowances(t *testing.T) {
	lines := make([]line, 300)
	for i := range lines {
		lines[i] = line{"productId": "nothing", "quantity": 1}
	}
	for _, allowed := range []int{1, 2, 3, 6} {
		g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Caller: allowed} })
		a := g.do(orderCall(map[string]any{"lines": lines}).as(t, "ada", api.RoleCustomer))
		require.Equal(t, "/problems/unknown-product", a.problem(t).Type, "%d a second", allowed)
		require.Equal(t, `"caller";r=0;t=1`, a.header.Get("RateLimit"))
	}
}
