package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
)

// to is an order of one mug to the address.
func to(addressID string) line {
	return line{"addressId": addressID, "lines": []line{{"productId": "mug", "quantity": 1}}}
}

func TestAnOrderGoesToTheAddressThatItNames(t *testing.T) {
	g := asking(t)
	g.sell(t, 9)
	place := func(key string, k call) answer {
		k.header = http.Header{"Idempotency-Key": {key}}
		return g.do(k.as(t, "ada", api.RoleCustomer))
	}
	require.Equal(t, 201, g.do(put(me, adasProfile()).as(t, "ada", api.RoleCustomer)).status)

	first := place("k-1", orderCall(to("work")))
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	address := &order.Address{Recipient: "Ada Lovelace", Line1: "12 St James's Square", City: "London", Country: "GB"}
	require.Equal(t, address, first.order(t).Address)
	require.NotContains(t, string(first.body), `"addressId"`)

	op := orderCall(line{"customerId": "ada", "addressId": "home", "lines": []line{{"productId": "mug", "quantity": 1}}})
	a := g.do(op.as(t, "op", api.RoleSupport))
	require.Equal(t, http.StatusCreated, a.status, "for operators, the customer's: %s", a.body)
	require.Equal(t, address, a.order(t).Address)

	require.Equal(t, 200, g.do(put(me, line{"addresses": []line{adasHome("new")}}).as(t, "ada", api.RoleCustomer)).status)
	again := place("k-1", orderCall(to("work")))
	require.Equal(t, http.StatusCreated, again.status, "the order is there, although its address is gone: %s", again.body)
	require.Equal(t, first.body, again.body)
	require.Equal(t, "/problems/idempotency-mismatch", place("k-1", orderCall(to("new"))).problem(t).Type)
	require.Equal(t, "/problems/idempotency-mismatch", place("k-1", orderCall(line{
		"address": adasAddress(), "lines": []line{{"productId": "mug", "quantity": 1}},
	})).problem(t).Type, "what was sent counts, not what it comes to")
}

func adasAddress() line {
	a := adasHome("")
	delete(a, "id")
	return a
}

func TestAnAddressThatTheCustomerDoesNotHaveIsRefused(t *testing.T) {
	g := asking(t)
	g.sell(t, 9)
	require.Equal(t, 201, g.do(put(me, adasProfile()).as(t, "ada", api.RoleCustomer)).status)
	require.Equal(t, 201, g.do(put(me, line{"name": "Bob"}).as(t, "bob", api.RoleCustomer)).status)
	both := to("home")
	both["address"] = adasAddress()
	for name, c := range map[string]struct {
		who    string
		body   line
		status int
		kind   string
	}{
		"an unknown one":        {"ada", to("other"), 422, "invalid-values"},
		"another customer's":    {"bob", to("home"), 422, "invalid-values"},
		"of an unknown one":     {"cleo", to("home"), 422, "invalid-values"},
		"no id":                 {"ada", to("a:b"), 422, "invalid-values"},
		"a long id":             {"ada", to(strings.Repeat("a", 65)), 422, "invalid-values"},
		"an address beside it":  {"ada", both, 400, "malformed-request"},
		"not a text":            {"ada", line{"addressId": 7, "lines": to("")["lines"]}, 400, "malformed-request"},
		"null, which is no way": {"ada", line{"addressId": nil, "lines": to("")["lines"]}, 400, "malformed-request"},
	} {
		before := g.state()
		for _, path := range []string{"/v1/orders", "/v1/quotes"} {
			for _, k := range []string{"", "k"} {
				ask := call{method: http.MethodPost, path: path, body: c.body, header: http.Header{}}
				if k != "" {
					ask.header.Set("Idempotency-Key", k)
				}
				a := g.do(ask.as(t, c.who, api.RoleCustomer))
				require.Equal(t, c.status, a.status, "%s, %s: %s", path, name, a.body)
				require.Equal(t, "/problems/"+c.kind, a.problem(t).Type, name)
				require.Equal(t, "addressId", a.problem(t).Errors[0].Path, name)
				require.NotContains(t, string(a.body), "London")
			}
		}
		require.JSONEq(t, before, g.state(), name)
	}
	a := g.do(orderCall(to("")).as(t, "ada", api.RoleCustomer))
	require.Equal(t, http.StatusCreated, a.status, "empty is the same as omitted: %s", a.body)
	require.Nil(t, a.order(t).Address)
}

// The address decides about taxes and shipping, so a quote goes by the one that is named.
func TestAQuoteGoesByTheAddressThatItNames(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 9)
	g.publish(`{"levels": [{"number": 1, "name": "Silver", "discount": 1000}],
		"taxes": {"included": false, "home": {"country": "DE"}, "classes": [{"id": "all", "default": true}],
			"rules": [{"class": "all", "country": "DE", "rate": 1900}, {"class": "all", "country": "GB", "rate": 2000}]}}`)
	abroad := adasHome("abroad")
	far := adasHome("far")
	far["country"] = "FR"
	require.Equal(t, 201, g.do(put("/v1/customers/c-1", line{"level": 1, "addresses": []line{abroad, far}})).status)
	body := to("abroad")
	body["customerId"] = "c-1"
	q := g.quoteOf(body)
	require.Equal(t, int64(100), q.Discount, "the level is read with the address")
	require.Equal(t, int64(180), q.Tax)
	body["expectedTotal"] = q.Total
	a := g.place("k", body)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.Equal(t, "GB", a.order(t).Address.Country)
	require.Equal(t, q.Total, a.order(t).Amounts["total"])
	delete(body, "expectedTotal")
	body["addressId"] = "far"
	require.Equal(t, "/problems/not-quotable", g.place("k-2", body).problem(t).Type, "a destination without a rule")
}

func TestANamedAddressIsStoredWithItsCountrysCode(t *testing.T) {
	g := asking(t)
	g.sell(t, 9)
	home := adasHome("home")
	home["country"] = "gb"
	require.Equal(t, 201, g.do(put(me, line{"addresses": []line{home}}).as(t, "ada", api.RoleCustomer)).status)
	a := g.do(orderCall(to("home")).as(t, "ada", api.RoleCustomer))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.Equal(t, "GB", a.order(t).Address.Country)
}
