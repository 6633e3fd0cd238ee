package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/customer"
	"holdfast/identity"
	"holdfast/order"
	"holdfast/product"
)

// newGuest asks for a guest, from an address; forwarded is the X-Forwarded-For of its call.
func (g *gateway) newGuest(address, forwarded string) (openapi.Guest, answer) {
	g.t.Helper()
	k := call{method: http.MethodPost, path: "/v1/guests", header: http.Header{}}
	a := g.sentFrom(address, forwarded, k)
	g.holdAgainstContract(k, a)
	var made openapi.Guest
	if a.status == http.StatusCreated {
		require.NoError(g.t, json.Unmarshal(a.body, &made))
	}
	return made, a
}

// sentFrom sends a call from an address.
func (g *gateway) sentFrom(address, forwarded string, k call) answer {
	g.t.Helper()
	r := k.request(g.t.Context(), g.t)
	r.RemoteAddr = address
	if forwarded != "" {
		r.Header.Set("X-Forwarded-For", forwarded)
	}
	return g.serve(r)
}

func TestGuestsHaveOrdersOfTheirOwn(t *testing.T) {
	g := asking(t)
	g.sell(t, 9)
	made, a := g.newGuest("192.0.2.7:1", "")
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	require.True(t, customer.IsGuest(made.CustomerID))
	require.WithinDuration(t, time.Now().Add(time.Hour), made.ExpiresAt, 5*time.Second)
	other, _ := g.newGuest("192.0.2.7:1", "")
	require.NotEqual(t, made.CustomerID, other.CustomerID)

	ask := func(method, path string, body any) call { return call{method: method, path: path, body: body} }
	body := line{"lines": []line{{"productId": "mug", "quantity": 1}}, "address": adasAddress()}
	placed := g.do(ask(http.MethodPost, "/v1/orders", body).with(made.Token))
	require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
	o := placed.order(t)
	require.Equal(t, made.CustomerID, o.CustomerID)
	require.Equal(t, made.CustomerID, o.Journal[0].Actor)
	path := "/v1/orders/" + o.ID
	for _, k := range []call{
		ask(http.MethodGet, path, nil), ask(http.MethodGet, path+"/payment", nil), ask(http.MethodGet, "/v1/orders", nil),
		ask(http.MethodPost, path+"/payment", "{}"), ask(http.MethodPost, "/v1/quotes", line{"lines": body["lines"]}),
		ask(http.MethodPut, path+"/address", line{"address": adasAddress()}), ask(http.MethodPost, path+"/cancel", "{}"),
	} {
		a := g.do(k.with(made.Token))
		require.Less(t, a.status, 300, "%s %s: %s", k.method, k.path, a.body)
	}
	for _, token := range []string{other.Token, token(t, "ada", api.RoleCustomer)} {
		require.Equal(t, http.StatusNotFound, g.do(ask(http.MethodGet, path, nil).with(token)).status)
		require.Equal(t, http.StatusNotFound, g.do(ask(http.MethodPost, path+"/cancel", "{}").with(token)).status)
	}
	body["customerId"] = "ada"
	require.Equal(t, "/problems/forbidden", g.do(ask(http.MethodPost, "/v1/orders", body).with(made.Token)).problem(t).Type)
	for _, k := range []call{
		ask(http.MethodGet, me, nil), put(me, line{"name": "Ada"}), ask(http.MethodGet, "/v1/customers/"+made.CustomerID, nil),
		ask(http.MethodPost, path+"/deliver", nil), ask(http.MethodGet, "/v1/refunds", nil),
	} {
		require.Equal(t, "/problems/forbidden", g.do(k.with(made.Token)).problem(t).Type, k.path)
	}
	require.NotContains(t, g.log.String(), made.Token)

	delete(body, "customerId")
	body["addressId"] = "home"
	delete(body, "address")
	require.Equal(t, "addressId", g.do(ask(http.MethodPost, "/v1/orders", body).with(made.Token)).problem(t).Errors[0].Path, "guests have no addresses")
}

// Without authentication, too, a guest's token makes a guest; no token, and any other one, an operator.
func TestGuestsAreGuestsWithAuthenticationOff(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Guests = guests(t) })
	g.putProduct("mug", 9)
	made, _ := g.newGuest("127.0.0.1:1", "")
	a := g.do(call{method: http.MethodGet, path: "/v1/refunds"}.with(made.Token))
	require.Equal(t, http.StatusForbidden, a.status, "%s", a.body)
	o := g.do(orderCall(line{"lines": []line{{"productId": "mug", "quantity": 1}}}).with(made.Token)).order(t)
	require.Equal(t, made.CustomerID, o.CustomerID)
	require.Equal(t, http.StatusOK, g.get("/v1/orders/"+o.ID).status)
	require.Equal(t, http.StatusOK, g.do(call{method: http.MethodGet, path: "/v1/refunds"}.with("a.b.c")).status)
	forged := call{method: http.MethodGet, path: "/v1/refunds"}.with(made.Token + "x")
	require.Equal(t, http.StatusUnauthorized, g.do(forged).status, "one that is no good is not an operator's")
}

func TestAShopWithoutGuestsSaysSo(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Identity = verifier(t) })
	_, a := g.newGuest("192.0.2.7:1", "")
	require.Equal(t, http.StatusNotFound, a.status)
	require.Equal(t, "/problems/no-guests", a.problem(t).Type)
	guest, err := guests(t).New()
	require.NoError(t, err)
	a = g.do(call{method: http.MethodGet, path: "/v1/orders"}.with(guest.Token))
	require.Equal(t, http.StatusUnauthorized, a.status, "%s", a.body)
	cfg := g.config()
	cfg.Limits.Guests = -1
	_, err = api.New(cfg)
	require.ErrorContains(t, err, "negative")
}

func TestAGuestsTokenExpires(t *testing.T) {
	now := time.Now()
	short, err := identity.NewGuests(jwtSecret, identity.Names{Now: func() time.Time { return now }}, time.Minute)
	require.NoError(t, err)
	g := asking(t, func(c *api.Config) { c.Guests = short })
	made, _ := g.newGuest("192.0.2.7:1", "")
	list := call{method: http.MethodGet, path: "/v1/orders"}.with(made.Token)
	require.Equal(t, http.StatusOK, g.do(list).status)
	now = now.Add(2 * time.Minute)
	a := g.do(list)
	require.Equal(t, http.StatusUnauthorized, a.status)
	require.Contains(t, a.header.Get("WWW-Authenticate"), "expired")
}

func TestABodyOfAGuestIsEmpty(t *testing.T) {
	g := asking(t)
	for body, status := range map[string]int{`{}`: 201, `{"role":"operator"}`: 400, `[]`: 400} {
		require.Equal(t, status, g.do(call{method: http.MethodPost, path: "/v1/guests", body: body}).status, body)
	}
}

// networks are pairs of callers: do they count as one network?
var networks = map[string]struct {
	first, firstForwarded, second, secondForwarded string
	same                                           bool
}{
	"one IPv4 address":                {"192.0.2.7:1", "", "192.0.2.7:2", "", true},
	"two IPv4 addresses":              {"192.0.2.7:1", "", "192.0.2.8:1", "", false},
	"one IPv6 /64":                    {"[2001:db8:1:2::1]:1", "", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:1", "", true},
	"two IPv6 /64s":                   {"[2001:db8:1:2::1]:1", "", "[2001:db8:1:3::1]:1", "", false},
	"IPv4, and the same in IPv6":      {"192.0.2.7:1", "", "[::ffff:192.0.2.7]:1", "", true},
	"a forged header":                 {"192.0.2.7:1", "", "192.0.2.7:1", "198.51.100.1", true},
	"through a proxy, one":            {"10.0.0.1:1", "198.51.100.1", "10.0.0.1:1", "198.51.100.1", true},
	"through a proxy, one as IPv6":    {"10.0.0.1:1", "198.51.100.1", "10.0.0.1:1", "::ffff:198.51.100.1", true},
	"through a proxy, two":            {"10.0.0.1:1", "198.51.100.1", "10.0.0.1:1", "198.51.100.2", false},
	"through a proxy, with one's own": {"10.0.0.1:1", "198.51.100.1", "10.0.0.1:1", "203.0.113.9, 198.51.100.1", true},
	"through a proxy, in one /64":     {"10.0.0.1:1", "2001:db8:1:2::1", "10.0.0.1:1", "2001:db8:1:2::2", true},
	"through a proxy, or as if":       {"10.0.0.1:1", "198.51.100.1", "192.0.2.7:1", "198.51.100.1", false},
	"a proxy that names no address":   {"10.0.0.1:1", "nonsense", "10.0.0.1:1", "", true},
}

func TestGuestsOfOneNetworkAreLimited(t *testing.T) {
	for name, n := range networks {
		t.Run(name, func(t *testing.T) {
			g := asking(t, func(c *api.Config) { c.TrustedProxies, c.Limits.Guests = []string{"10.0.0.0/8"}, 2 })
			for range 2 {
				_, a := g.newGuest(n.first, n.firstForwarded)
				require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
			}
			_, a := g.newGuest(n.second, n.secondForwarded)
			if !n.same {
				require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
				return
			}
			require.Equal(t, http.StatusTooManyRequests, a.status, "%s", a.body)
			require.Equal(t, "/problems/too-many-requests", a.problem(t).Type)
			require.NotEmpty(t, a.header.Get("Retry-After"))
			require.Contains(t, a.header.Get("RateLimit"), `"guests-of-network";r=0`)
		})
	}
}

// Whoever becomes another guest for each order may hold no more than all guests of the network.
func TestTheOpenOrdersOfANetworksGuestsAreLimited(t *testing.T) {
	for name, n := range networks {
		t.Run(name, func(t *testing.T) {
			limit := func(c *api.Config) {
				c.TrustedProxies, c.MaxNetworkOrders, c.MaxOpenOrders, c.PaymentWindow = []string{"10.0.0.0/8"}, 2, 2, 7*time.Minute
			}
			g := asking(t, limit)
			g.sell(t, 50)
			place := func(at *gateway, address, forwarded, token string) answer {
				k := orderCall(line{"lines": []line{{"productId": "mug", "quantity": 1}}}).with(token)
				a := at.sentFrom(address, forwarded, k)
				at.holdAgainstContract(k, a)
				return a
			}
			guest := func() string {
				made, err := guests(t).New()
				require.NoError(t, err)
				return made.Token
			}
			first := guest()
			var ids []string
			for _, token := range []string{first, guest()} {
				a := place(g, n.first, n.firstForwarded, token)
				require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
				ids = append(ids, a.order(t).ID)
			}
			a := place(g, n.second, n.secondForwarded, guest())
			if !n.same {
				require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
				return
			}
			hopeful := asking(t, limit, func(c *api.Config) {
				c.Products, c.Quoting, c.Orders, c.Sagas = g.stock, plenty{g.quoting}, g.docs, g.temporal.asSagas()
			})
			for by, a := range map[string]answer{"read": a, "saga": place(hopeful, n.second, n.secondForwarded, guest())} {
				require.Equal(t, http.StatusTooManyRequests, a.status, "%s: %s", by, a.body)
				p := a.problem(t)
				require.Equal(t, "/problems/too-many-open-orders", p.Type)
				require.Equal(t, product.ReasonTooManyNetworkOrders, p.Shortages[0].Reason)
				require.Equal(t, int64(2), p.Limit)
				require.NotEmpty(t, a.header.Get("Retry-After"))
			}
			require.Equal(t, http.StatusCreated, place(g, n.second, n.secondForwarded, token(t, "ada", api.RoleCustomer)).status,
				"customers of the network are counted on their own")
			if ended := g.sentFrom(n.first, n.firstForwarded, call{method: http.MethodPost, path: "/v1/orders/" + ids[0] + "/cancel"}.with(first)); ended.status != 200 {
				t.Fatalf("%s", ended.body)
			}
			require.Equal(t, http.StatusCreated, place(g, n.second, n.secondForwarded, guest()).status, "a place was given up")
			require.Equal(t, http.StatusTooManyRequests, place(g, n.second, n.secondForwarded, guest()).status)
			for _, s := range g.temporal.starts {
				p, ok := s.arg.(order.Placement)
				require.True(t, ok)
				for _, address := range []string{"192.0.2", "198.51", "2001"} {
					require.NotContains(t, p.Network, address)
				}
			}
		})
	}
}

// Another guest for each order gets no more units, whether or not the gateway sees it coming. The order's own
// limits are those of its network.
func TestTheUnitsOfANetworksGuestsAreLimited(t *testing.T) {
	limit := func(c *api.Config) { c.MaxNetworkUnits, c.MaxUnits, c.MaxCustomerUnits = 3, 2, 9 }
	g := asking(t, limit)
	g.sell(t, 50)
	place := func(at *gateway, address string) answer {
		made, err := guests(t).New()
		require.NoError(t, err)
		k := orderCall(line{"lines": []line{{"productId": "mug", "quantity": 2}}}).with(made.Token)
		a := at.sentFrom(address, "", k)
		at.holdAgainstContract(k, a)
		return a
	}
	require.Equal(t, http.StatusCreated, place(g, "192.0.2.7:1").status)
	hopeful := asking(t, limit, func(c *api.Config) {
		c.Products, c.Quoting, c.Orders, c.Sagas = g.stock, plenty{g.quoting}, g.docs, g.temporal.asSagas()
	})
	for by, at := range map[string]*gateway{"read": g, "saga": hopeful} {
		a := place(at, "192.0.2.7:2")
		require.Equal(t, http.StatusConflict, a.status, "%s: %s", by, a.body)
		require.Equal(t, product.ReasonOverCustomerLimit, a.problem(t).Shortages[0].Reason)
		require.Equal(t, int64(3), a.problem(t).Shortages[0].Limit)
	}
	require.Equal(t, http.StatusCreated, place(g, "192.0.2.8:1").status)
	for i := range 15 { // of 2 units each, from as many /64s
		require.Equal(t, http.StatusCreated, place(g, fmt.Sprintf("[2001:db8:1:%x::1]:1", i)).status)
	}
	require.Equal(t, int64(30), place(g, "[2001:db8:1:ff::1]:1").problem(t).Shortages[0].Limit, "of all of the /48")
	require.Equal(t, http.StatusCreated, place(g, "[2001:db8:2:ff::1]:1").status)
}

// Behind a proxy that isn't trusted all callers are one network, which whoever runs the gateway has to know.
func TestAnUnusedForwardedHeaderIsNamedOnce(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.TrustedProxies = []string{"10.0.0.0/8"} })
	ask := func(address, forwarded string) {
		g.sentFrom(address, forwarded, call{method: http.MethodGet, path: "/v1/products"})
	}
	ask("192.0.2.7:1", "")
	ask("10.0.0.1:1", "192.0.2.7")
	require.NotContains(t, g.log.String(), "X-Forwarded-For")
	ask("192.0.2.7:1", "198.51.100.7")
	ask("10.0.0.1:1", "nonsense")
	require.Equal(t, 1, strings.Count(g.log.String(), "X-Forwarded-For is not used"))
}
