package api_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/search"
)

// said is what the contract says about one call.
type said struct {
	method, path string
	public       bool
	roles        []string
	// optional marks a public call that shows more to callers with a token.
	optional bool
}

// contractCalls returns all calls of the contract, as another program reads it.
func contractCalls(t testing.TB) []said {
	t.Helper()
	doc, err := loadContract()
	require.NoError(t, err)
	var calls []said
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			s := said{method: method, path: path, public: o.Security != nil && len(*o.Security) == 0}
			if o.Security != nil && slices.ContainsFunc(*o.Security, func(r openapi3.SecurityRequirement) bool { return len(r) == 0 }) {
				s.public, s.optional = true, true
			}
			roles, _ := o.Extensions["x-roles"].([]any)
			for _, r := range roles {
				s.roles = append(s.roles, r.(string))
			}
			calls = append(calls, s)
		}
	}
	require.NotEmpty(t, calls)
	return calls
}

func TestEveryCallSaysWhoMayMakeIt(t *testing.T) {
	for _, c := range contractCalls(t) {
		require.NotEqual(t, c.public && !c.optional, len(c.roles) > 0,
			"%s %s needs either `security: []` or x-roles", c.method, c.path)
		for _, r := range c.roles {
			require.True(t, api.Role(r).Known(), r)
		}
		if !c.public {
			require.Contains(t, c.roles, string(api.RoleOperator), "%s %s: operators may do everything", c.method, c.path)
		}
	}
}

func TestAContractThatDoesNotSayIsRefused(t *testing.T) {
	for name, operation := range map[string]string{
		"nothing": "operationId: x", "both": "{operationId: x, security: [], x-roles: [operator]}",
		"security alone": "{operationId: x, security: [{bearer: []}]}", "an unknown role": "{operationId: x, x-roles: [operater]}",
		"no roles": "{operationId: x, x-roles: []}", "a call that operators may not make": "{operationId: x, x-roles: [customer, readonly]}",
		"a reading call that readonly may not make": "{operationId: x, x-roles: [operator]}", "an optional token for nothing": "{operationId: x, security: [{}, {bearer: []}]}",
	} {
		require.Error(t, api.CheckAccess([]byte("paths:\n  /v1/x:\n    get: "+operation+"\n")), name)
	}
	require.NoError(t, api.CheckAccess([]byte("paths:\n  /v1/x:\n    get: {operationId: x, x-roles: [operator, readonly]}\n")))
	for _, method := range []string{"put", "post", "patch", "delete"} {
		call := []byte("paths:\n  /v1/x:\n    " + method + ": {operationId: x, x-roles: [operator, readonly]}\n")
		require.ErrorContains(t, api.CheckAccess(call), "readonly", method)
	}
}

// shopWindow lists the calls that need no token; no others may become public by a mistake in the
// contract.
var shopWindow = []string{
	"GET /v1/products", "GET /v1/products/suggest", "GET /v1/products/{id}", "GET /v1/shipping-methods",
	"POST /v1/payments/callbacks/{provider}", "POST /v1/carriers/{carrier}/callbacks", "POST /v1/guests", "GET /healthz", "GET /readyz", "GET /problems/{name}",
}

// customersCalls lists the calls that customers may make.
var customersCalls = []string{
	"GET /v1/orders", "POST /v1/orders", "POST /v1/quotes", "POST /v1/prices", "GET /v1/orders/{id}", "POST /v1/orders/{id}/cancel",
	"GET /v1/orders/{id}/payment", "POST /v1/orders/{id}/payment", "PUT /v1/orders/{id}/address", "POST /v1/orders/{id}/returns",
	"GET /v1/customers/me", "PUT /v1/customers/me", "PATCH /v1/customers/me",
}

// guestsCalls lists the calls that guests may make: customers' calls about their orders.
var guestsCalls = slices.DeleteFunc(slices.Clone(customersCalls), func(c string) bool { return strings.HasSuffix(c, "/customers/me") })

// staffCalls lists the calls that each staff role may make. Operators may make all calls, and
// readonly may make every GET.
var staffCalls = map[api.Role][]string{
	api.RoleCatalog: {
		"PUT /v1/products/{id}", "PATCH /v1/products/{id}", "POST /v1/products/bulk", "POST /v1/stock/bulk", "POST /v1/products/{id}/stock", "POST /v1/products/{id}/list", "POST /v1/products/{id}/delist",
		"POST /v1/prices", "GET /v1/products/{id}/events",
		"GET /v1/coupons", "GET /v1/coupons/{code}", "PUT /v1/coupons/{code}", "POST /v1/coupons/{code}/end",
		"GET /v1/price-book", "PUT /v1/price-book", "POST /v1/price-book/check", "GET /v1/price-book/versions", "GET /v1/price-book/versions/{number}",
		"GET /v1/commands", "GET /v1/commands/{id}", "GET /v1/commands/{id}/versions", "GET /v1/commands/{id}/versions/{number}",
		"GET /v1/scenarios", "GET /v1/scenarios/{scenario}/draft", "GET /v1/scenarios/{scenario}/versions", "GET /v1/scenarios/{scenario}/versions/{number}",
		"POST /v1/commands", "POST /v1/commands/try", "PUT /v1/commands/{id}", "PUT /v1/scenarios/{scenario}/draft",
		"POST /v1/scenarios/{scenario}/publish", "POST /v1/scenarios/{scenario}/rollback", "POST /v1/scenarios/{scenario}/try",
	},
	api.RoleFulfilment: {
		"GET /v1/price-book", "GET /v1/price-book/versions", "GET /v1/price-book/versions/{number}",
		"GET /v1/audits/latest", "GET /v1/packages", "GET /v1/orders", "GET /v1/orders/counts", "GET /v1/orders/{id}", "POST /v1/orders/{id}/deliver", "GET /v1/carriers/unmatched",
		"POST /v1/carriers/unmatched/{scanId}/assign", "POST /v1/orders/{id}/packages",
		"PATCH /v1/orders/{id}/packages/{packageId}", "DELETE /v1/orders/{id}/packages/{packageId}",
		"POST /v1/orders/{id}/packages/{packageId}/events", "POST /v1/orders/{id}/packages/{packageId}/strike",
		"POST /v1/orders/{id}/hold", "POST /v1/orders/{id}/release", "POST /v1/orders/{id}/alerts/{alertId}/dismiss",
	},
	api.RoleSupport: {
		"GET /v1/price-book", "GET /v1/price-book/versions", "GET /v1/price-book/versions/{number}",
		"GET /v1/audits/latest", "GET /v1/packages", "GET /v1/orders", "GET /v1/orders/counts", "POST /v1/orders", "POST /v1/quotes", "POST /v1/prices", "GET /v1/orders/{id}", "POST /v1/orders/{id}/cancel", "GET /v1/orders/{id}/payment",
		"POST /v1/orders/{id}/payment", "POST /v1/orders/{id}/refunds", "GET /v1/refunds", "GET /v1/refunds/{paymentId}/{refundId}",
		"POST /v1/refunds/decide",
		"GET /v1/disputes", "POST /v1/disputes/dismiss",
		"POST /v1/orders/{id}/packages/{packageId}/resolve", "PUT /v1/orders/{id}/address", "POST /v1/orders/{id}/hold",
		"POST /v1/orders/{id}/release", "POST /v1/orders/{id}/returns", "POST /v1/orders/{id}/returns/{returnId}/approve",
		"POST /v1/orders/{id}/returns/{returnId}/decline", "POST /v1/orders/{id}/returns/{returnId}/receive",
		"POST /v1/orders/{id}/alerts/{alertId}/dismiss",
		"GET /v1/coupons", "GET /v1/coupons/{code}", "POST /v1/scenarios/{scenario}/try",
		"GET /v1/commands", "GET /v1/commands/{id}", "GET /v1/commands/{id}/versions", "GET /v1/commands/{id}/versions/{number}",
		"GET /v1/scenarios", "GET /v1/scenarios/{scenario}/draft", "GET /v1/scenarios/{scenario}/versions", "GET /v1/scenarios/{scenario}/versions/{number}",
		"GET /v1/customers", "GET /v1/customers/{id}", "GET /v1/customers/{id}/erase", "PUT /v1/customers/{id}", "PATCH /v1/customers/{id}",
		"GET /v1/customers/me", "PUT /v1/customers/me", "PATCH /v1/customers/me",
	},
}

// mayCall reports whether callers with the role may make a call that isn't public.
func mayCall(role api.Role, c said) bool {
	switch role {
	case api.RoleOperator:
		return true
	case api.RoleCustomer:
		return slices.Contains(customersCalls, c.method+" "+c.path)
	case api.RoleGuest:
		return slices.Contains(guestsCalls, c.method+" "+c.path)
	case api.RoleReadonly:
		return c.method == http.MethodGet
	case api.RoleCatalog, api.RoleFulfilment, api.RoleSupport:
	}
	return slices.Contains(staffCalls[role], c.method+" "+c.path)
}

func TestNothingIsOpenThatShouldNotBe(t *testing.T) {
	for _, c := range contractCalls(t) {
		name := c.method + " " + c.path
		if c.public {
			require.Contains(t, shopWindow, name)
		}
		for _, r := range append(slices.Clone(staff), api.RoleCustomer, api.RoleGuest) {
			if !c.public {
				require.Equal(t, mayCall(r, c), slices.Contains(c.roles, string(r)), "%s by %s", name, r)
			}
		}
	}
}

// badTokens are invalid.
func badTokens(t *testing.T) map[string]http.Header {
	t.Helper()
	with := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) http.Header {
		c := jwt.MapClaims{
			"iss": "holdfast", "aud": "holdfast", "sub": "op", "role": "operator", "exp": time.Now().Add(time.Hour).Unix(),
		}
		change(c)
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		require.NoError(t, err)
		return bearer(text)
	}
	ours := []byte(jwtSecret)
	claim := func(name string, value any) http.Header {
		return with(jwt.SigningMethodHS256, ours, func(c jwt.MapClaims) { c[name] = value })
	}
	good := bearer(token(t, "op", api.RoleOperator))["Authorization"][0]
	return map[string]http.Header{
		"expired":         claim("exp", time.Now().Add(-time.Hour).Unix()),
		"wrong audience":  claim("aud", "others"),
		"wrong issuer":    claim("iss", "others"),
		"wrong key":       with(jwt.SigningMethodHS256, []byte(strings.Repeat("k", 40)), func(jwt.MapClaims) {}),
		"alg none":        with(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, func(jwt.MapClaims) {}),
		"no token at all": bearer(""),
		"two headers":     {"Authorization": {good, good}},
		"customer no id":  with(jwt.SigningMethodHS256, ours, func(c jwt.MapClaims) { c["role"], c["sub"] = "customer", "a/b" }),
	}
}

// walk has a valid body for each call of the contract, and the statuses that authorized callers get.
// A call that isn't here is made without a body, and must not be refused because of the caller.
var walk = map[string]struct {
	body string
	// operator, own and other are statuses; 0 means any status but 401 and 403.
	operator, own, other int
}{
	"GET /v1/orders/{id}":                                   {"", 200, 200, 404},
	"GET /v1/orders/{id}/payment":                           {"", 200, 200, 404},
	"POST /v1/orders/{id}/cancel":                           {"{}", 200, 200, 404},
	"POST /v1/orders/{id}/payment":                          {"{}", 201, 201, 404},
	"POST /v1/orders/{id}/refunds":                          {"{}", 409, 0, 0},
	"POST /v1/orders/{id}/packages":                         {`{"items":[{"lineId":"1","quantity":1}]}`, 409, 0, 0},
	"PATCH /v1/orders/{id}/packages/{packageId}":            {`{"carrier":null}`, 409, 0, 0},
	"DELETE /v1/orders/{id}/packages/{packageId}":           {"", 409, 0, 0},
	"POST /v1/orders/{id}/packages/{packageId}/events":      {`{"events":[{"id":"e","node":"delivered","occurredAt":"2026-01-01T00:00:00Z"}]}`, 404, 0, 0},
	"POST /v1/orders/{id}/packages/{packageId}/strike":      {`{"eventId":"e"}`, 409, 0, 0},
	"POST /v1/orders/{id}/packages/{packageId}/resolve":     {`{"action":"found"}`, 409, 0, 0},
	"PUT /v1/orders/{id}/address":                           {`{"address":{"recipient":"R","line1":"1","city":"C","country":"DE"}}`, 200, 200, 404},
	"POST /v1/orders/{id}/hold":                             {"", 409, 0, 0},
	"POST /v1/orders/{id}/release":                          {"", 409, 0, 0},
	"POST /v1/orders/{id}/returns":                          {`{"lines":[{"lineId":"1","quantity":1}]}`, 409, 409, 404},
	"POST /v1/orders/{id}/returns/{returnId}/approve":       {"", 409, 0, 0},
	"POST /v1/orders/{id}/returns/{returnId}/decline":       {"", 409, 0, 0},
	"POST /v1/orders/{id}/returns/{returnId}/receive":       {`{"lines":[{"lineId":"1","quantity":1,"condition":"restock"}]}`, 409, 0, 0},
	"POST /v1/orders/{id}/alerts/{alertId}/dismiss":         {"", 409, 0, 0},
	"POST /v1/webhooks":                                     {`{"url":"https://8.8.8.8/"}`, 201, 0, 0},
	"GET /v1/webhooks":                                      {"", 200, 0, 0},
	"GET /v1/webhooks/{id}":                                 {"", 404, 0, 0},
	"PATCH /v1/webhooks/{id}":                               {"{}", 0, 0, 0},
	"POST /v1/webhooks/{id}/test":                           {"", 404, 0, 0},
	"DELETE /v1/webhooks/{id}":                              {"", 404, 0, 0},
	"POST /v1/webhooks/{id}/rotate":                         {"", 404, 0, 0},
	"GET /v1/webhooks/{id}/deliveries":                      {"", 404, 0, 0},
	"POST /v1/webhooks/{id}/deliveries/{deliveryId}/replay": {"", 404, 0, 0},
	"GET /v1/refunds":                                       {"", 200, 0, 0},
	"GET /v1/refunds/{paymentId}/{refundId}":                {"", 404, 0, 0},
	"POST /v1/refunds/decide":                               {`{"paymentId":"p","refundId":"r","choice":"refund"}`, 404, 0, 0},
	"POST /v1/prices":                                       {`{"customerId":"ada","items":[{"productId":"mug"}]}`, 200, 200, 403},
	"POST /v1/quotes":                                       {`{"customerId":"ada","lines":[{"productId":"mug","quantity":1}]}`, 200, 200, 403},
	"POST /v1/orders":                                       {`{"customerId":"ada","lines":[{"productId":"mug","quantity":1}]}`, 201, 201, 403},
	"GET /v1/orders":                                        {"", 200, 200, 200},
	"GET /v1/packages":                                      {"", 200, 0, 0},
	"PUT /v1/products/{id}":                                 {`{"title":"T","currency":"EUR","variants":[{"sku":"one","price":1}]}`, 200, 0, 0},
	"POST /v1/products/{id}/stock":                          {`{"delta":1}`, 200, 0, 0},
	"PATCH /v1/products/{id}":                               {`{"brand":"B"}`, 200, 0, 0},
	"POST /v1/products/bulk":                                {`{"id":"cup","title":"T","currency":"EUR","variants":[{"sku":"one","price":1}]}`, 200, 0, 0},
	"POST /v1/stock/bulk":                                   {`{"productId":"mug","delta":1}`, 200, 0, 0},
	"POST /v1/orders/{id}/deliver":                          {"", 409, 0, 0},
	"GET /v1/coupons":                                       {"", 200, 0, 0},
	"GET /v1/coupons/{code}":                                {"", 404, 0, 0},
	"PUT /v1/coupons/{code}":                                {`{"action":{"rate":1000}}`, 0, 0, 0},
	"POST /v1/coupons/{code}/end":                           {"", 404, 0, 0},
	"GET /v1/customers":                                     {"", 200, 0, 0},
	"GET /v1/customers/{id}":                                {"", 404, 0, 0},
	"PUT /v1/customers/{id}":                                {`{"name":"Ada","level":2}`, 0, 0, 0},
	"PATCH /v1/customers/{id}":                              {`{"level":2}`, 404, 0, 0},
	"GET /v1/customers/{id}/erase":                          {"", 404, 0, 0},
	"POST /v1/customers/{id}/erase":                         {"", 202, 0, 0},
	"GET /v1/customers/me":                                  {"", 200, 200, 200},
	"PUT /v1/customers/me":                                  {`{"name":"Ada"}`, 0, 201, 0},
	"PATCH /v1/customers/me":                                {`{"name":"Ada"}`, 0, 201, 0},
}

// mediaOf has the media types of bodies that aren't JSON.
var mediaOf = map[string]string{
	"PATCH /v1/orders/{id}/packages/{packageId}": mergePatch,
	"PATCH /v1/customers/{id}":                   mergePatch,
	"PATCH /v1/customers/me":                     mergePatch,
	"PATCH /v1/products/{id}":                    mergePatch, "POST /v1/products/bulk": "application/jsonl", "POST /v1/stock/bulk": "application/jsonl",
}

// Every call is made by every kind of caller.
func TestEveryCallByEveryRole(t *testing.T) {
	pathParameter := regexp.MustCompile(`\{\w+\}`)
	for _, c := range contractCalls(t) {
		name := c.method + " " + c.path
		t.Run(name, func(t *testing.T) {
			g := asking(t, func(c *api.Config) { c.Addr = "0.0.0.0:0" }) // where /metrics is for operators
			seller := call{method: http.MethodPut, path: "/v1/products/mug", body: walk["PUT /v1/products/{id}"].body}
			require.Equal(t, 201, g.do(seller.as(t, "op", api.RoleOperator)).status)
			stocked := call{method: http.MethodPost, path: "/v1/products/mug/stock", body: `{"delta":100}`}
			require.Equal(t, 200, g.do(stocked.as(t, "op", api.RoleOperator)).status)
			ask := func() call { // an order of Ada's own for each caller: some calls end it
				path := c.path
				if strings.Contains(path, "/orders/{") {
					placed := g.do(call{method: http.MethodPost, path: "/v1/orders", body: walk["POST /v1/orders"].body}.as(t, "ada", api.RoleCustomer))
					require.Equal(t, http.StatusCreated, placed.status, "%s", placed.body)
					path = strings.Replace(path, "{id}", placed.order(t).ID, 1)
				}
				k := call{method: c.method, path: pathParameter.ReplaceAllString(path, "mug"), header: key("k")}
				if w := walk[name]; w.body != "" {
					k.body = w.body
				}
				if media := mediaOf[name]; media != "" {
					k.header.Set("Content-Type", media)
				}
				return k
			}
			refused := func(a answer, status int, kind string) {
				t.Helper()
				require.Equal(t, status, a.status, "%s", a.body)
				require.Equal(t, "/problems/"+kind, a.problem(t).Type)
			}
			outcome := func(a answer, want int) {
				t.Helper()
				if want != 0 {
					require.Equal(t, want, a.status, "%s", a.body)
				} else if a.status != http.StatusOK {
					require.NotContains(t, string(a.body), "/problems/unauthenticated")
					require.NotContains(t, string(a.body), "/problems/forbidden")
				}
			}

			before := g.state()
			noToken := ask()
			if !strings.Contains(c.path, "/orders/{") {
				require.Equal(t, before, g.state())
			}
			a := g.do(noToken)
			if c.public {
				outcome(a, 0)
				for _, header := range badTokens(t) {
					k := ask()
					k.header = header
					outcome(g.do(k), a.status)
				}
				return
			}
			refused(a, http.StatusUnauthorized, "unauthenticated")
			require.Equal(t, `Bearer realm="holdfast"`, a.header.Get("WWW-Authenticate"))
			for kind, header := range badTokens(t) {
				before := g.state()
				k := noToken
				k.header = header
				a := g.do(k)
				refused(a, http.StatusUnauthorized, "unauthenticated")
				require.Contains(t, a.header.Get("WWW-Authenticate"), `error="invalid_token"`, kind)
				require.Equal(t, before, g.state(), kind)
			}
			basic := noToken
			basic.header = http.Header{"Authorization": {"Basic b3A6b3A="}}
			refused(g.do(basic), http.StatusUnauthorized, "unauthenticated")
			refused(g.do(noToken.as(t, "eve", "admin")), http.StatusForbidden, "forbidden")

			outcome(g.do(ask().as(t, "op", api.RoleOperator)), walk[name].operator)
			for _, role := range staff {
				k := ask()
				before := g.state()
				a := g.do(k.as(t, "eve", role))
				if !mayCall(role, c) {
					refused(a, http.StatusForbidden, "forbidden")
				} else {
					outcome(a, walk[name].operator)
				}
				if role == api.RoleReadonly || !mayCall(role, c) {
					require.Equal(t, before, g.state(), "%s changes nothing", role)
				}
			}
			asked := ask()
			before = g.state()
			if a := g.do(asked.asGuest(t)); mayCall(api.RoleGuest, c) {
				outcome(a, walk[name].other)
			} else {
				refused(a, http.StatusForbidden, "forbidden")
			}
			require.Equal(t, before, g.state(), "nothing of Ada's has changed")
			if !mayCall(api.RoleCustomer, c) {
				refused(g.do(ask().as(t, "ada", api.RoleCustomer)), http.StatusForbidden, "forbidden")
			}
			if strings.HasSuffix(c.path, "/me") { // each caller has an entity of their own: see TestCustomersWriteWhatIsTheirs
				outcome(g.do(ask().as(t, "ada", api.RoleCustomer)), walk[name].own)
				return
			}
			both := ask().as(t, "eve", api.RoleCustomer, api.RoleReadonly) // of Ada's order, or in her name
			before = g.state()
			if a := g.do(both); c.method != http.MethodGet {
				require.Contains(t, []int{http.StatusForbidden, http.StatusNotFound}, a.status, "%s", a.body)
			}
			require.Equal(t, before, g.state(), "customer and readonly add up to no more than either")
			if !mayCall(api.RoleCustomer, c) {
				return
			}
			outcome(g.do(ask().as(t, "ada", api.RoleCustomer)), walk[name].own)
			k := ask()
			before = g.state()
			outcome(g.do(k.as(t, "bob", api.RoleCustomer)), walk[name].other)
			require.Equal(t, before, g.state(), "nothing of Ada's has changed")
		})
	}
}

func TestAnothersOrderLooksLikeAnUnknownOne(t *testing.T) {
	g := asking(t)
	g.temporal.set(func(f *fakeTemporal) { f.queries = 0 })
	g.sell(t, 3)
	order := g.do(orderCall(basketOf("ada")).as(t, "ada", api.RoleCustomer)).order(t)
	for _, k := range []call{
		{method: http.MethodGet, path: "/v1/orders/%"},
		{method: http.MethodGet, path: "/v1/orders/%?expand=products&wait=1s"},
		{method: http.MethodGet, path: "/v1/orders/%/payment"},
		{method: http.MethodPost, path: "/v1/orders/%/cancel", body: `{"reason":"customer"}`, header: key("k")},
	} {
		ask := func(id string) (answer, int) {
			before := g.temporal.asked()
			k := k
			k.path = strings.Replace(k.path, "%", id, 1)
			a := g.do(k.as(t, "bob", api.RoleCustomer))
			return a, g.temporal.asked() - before
		}
		unknowns, unknownsWork := ask("01900000-0000-7000-8000-000000000000")
		adas, adasWork := ask(order.ID)
		require.Equal(t, http.StatusNotFound, adas.status, k.path)
		require.JSONEq(t, withoutIDs(t, unknowns), withoutIDs(t, adas))
		require.Equal(t, unknownsWork, adasWork, "as much is done for both, so that both take as long")
		require.NotContains(t, string(adas.body), "ada")
		for name := range adas.header {
			require.Contains(t, unknowns.header, name)
		}
	}
	require.Equal(t, "awaiting_payment", string(g.do(call{method: http.MethodGet, path: "/v1/orders/" + order.ID}.as(t, "ada", api.RoleCustomer)).order(t).Status))

	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	away := g.do(call{method: http.MethodGet, path: "/v1/orders/" + order.ID}.as(t, "bob", api.RoleCustomer))
	require.Equal(t, http.StatusServiceUnavailable, away.status, "as for an unknown order")
	mine := g.do(call{method: http.MethodGet, path: "/v1/orders/" + order.ID}.as(t, "ada", api.RoleCustomer))
	require.Equal(t, http.StatusOK, mine.status)
}

func withoutIDs(t *testing.T, a answer) string {
	t.Helper()
	var fields map[string]any
	require.NoError(t, json.Unmarshal(a.body, &fields))
	delete(fields, "requestId")
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(text)
}

// asked counts the queries to workflows.
func (f *fakeTemporal) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queries
}

// sell puts the mug on sale at a gateway with authentication.
func (g *gateway) sell(t *testing.T, stock int64) {
	t.Helper()
	k := call{method: http.MethodPut, path: "/v1/products/mug", body: map[string]any{
		"title": "A mug", "currency": "EUR", "variants": []map[string]any{{"sku": "one", "price": 1000, "stock": stock}},
	}}
	require.Equal(t, http.StatusCreated, g.do(k.as(t, "op", api.RoleOperator)).status)
}

func basketOf(customer string) map[string]any {
	b := basket(line{"productId": "mug", "quantity": 1})
	delete(b, "customerId")
	if customer != "" {
		b["customerId"] = customer
	}
	return b
}

func TestACustomersOrderIsTheirOwn(t *testing.T) {
	g := asking(t)
	g.sell(t, 10)
	place := func(subject string, role api.Role, named string) answer {
		k := orderCall(basketOf(named))
		k.header = key("tour-1")
		return g.do(k.as(t, subject, role))
	}
	adas := place("ada", api.RoleCustomer, "")
	require.Equal(t, http.StatusCreated, adas.status, "%s", adas.body)
	o := adas.order(t)
	require.Equal(t, "ada", o.CustomerID)
	require.Equal(t, "ada", o.Journal[0].Actor)
	require.Equal(t, o.ID, place("ada", api.RoleCustomer, "ada").order(t).ID, "the same key, with or without the customer's id")
	require.Equal(t, o.ID, place("op", api.RoleOperator, "ada").order(t).ID, "an operator orders on the customer's behalf")
	bobs := place("bob", api.RoleCustomer, "").order(t)
	require.NotEqual(t, o.ID, bobs.ID, "the same key is another customer's own")
	before := g.state()
	a := place("bob", api.RoleCustomer, "ada")
	require.Equal(t, http.StatusForbidden, a.status)
	require.NotContains(t, string(a.body), o.ID)
	require.Equal(t, http.StatusUnprocessableEntity, place("op", api.RoleOperator, "").status)
	require.Equal(t, before, g.state())

	cancel := call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/cancel", header: key("c")}
	operators := cancel
	operators.body = `{"reason":"operator"}`
	require.Equal(t, http.StatusUnprocessableEntity, g.do(operators.as(t, "ada", api.RoleCustomer)).status)
	require.Equal(t, http.StatusNotFound, g.do(cancel.as(t, "bob", api.RoleCustomer)).status)
	require.Equal(t, "cancelled", string(g.do(cancel.as(t, "ada", api.RoleCustomer)).order(t).Status))
	require.Equal(t, http.StatusNotFound, g.do(cancel.as(t, "bob", api.RoleCustomer)).status, "under a key that was used")
}

// A caller with several roles is staff in the calls that a staff role allows, and a customer in the
// others.
func TestACustomerWithAStaffRoleIsStaffOnlyWhereItAllowsTheCall(t *testing.T) {
	g := asking(t)
	g.sell(t, 10)
	eve := []api.Role{api.RoleCustomer, api.RoleReadonly}
	as := func(k call, roles ...api.Role) answer { return g.do(k.as(t, "eve", roles...)) }
	adas := g.do(orderCall(basketOf("")).as(t, "ada", api.RoleCustomer)).order(t)
	own := as(orderCall(basketOf("")), eve...).order(t)
	require.Equal(t, "eve", own.CustomerID)

	read := call{method: http.MethodGet, path: "/v1/orders/" + adas.ID}
	require.Equal(t, http.StatusOK, as(read, eve...).status)
	require.Equal(t, http.StatusNotFound, as(read, api.RoleCustomer).status)
	require.Contains(t, string(as(call{method: http.MethodGet, path: "/v1/products/mug"}, eve...).body), "onHand")
	require.Equal(t, http.StatusForbidden, as(orderCall(basketOf("ada")), eve...).status)
	cancel := func(id string) call {
		return call{method: http.MethodPost, path: "/v1/orders/" + id + "/cancel", header: key("c")}
	}
	require.Equal(t, http.StatusNotFound, as(cancel(adas.ID), eve...).status)
	require.Equal(t, "customer", string(as(cancel(own.ID), eve...).order(t).CancelReason))

	require.Equal(t, http.StatusForbidden, as(cancel(adas.ID), api.RoleCatalog, api.RoleReadonly).status)
	a := as(cancel(adas.ID), api.RoleCatalog, api.RoleSupport)
	require.Equal(t, "operator", string(a.order(t).CancelReason), "%s", a.body)
	stocked := call{method: http.MethodPost, path: "/v1/products/mug/stock", body: `{"delta":1}`, header: key("s")}
	require.Equal(t, http.StatusOK, as(stocked, api.RoleCatalog, api.RoleSupport).status)
}

func TestACustomerListsTheirOwnOrders(t *testing.T) {
	g := asking(t)
	list := func(query string) answer {
		return g.do(call{method: http.MethodGet, path: "/v1/orders" + query}.as(t, "ada", api.RoleCustomer))
	}
	require.Equal(t, http.StatusOK, list("").status)
	require.Equal(t, "ada", g.index.last().(search.OrderQuery).CustomerID)
	require.Equal(t, http.StatusOK, list("?customerId=ada&status=paid").status)
	require.Equal(t, http.StatusForbidden, list("?customerId=bob").status)
	require.Equal(t, http.StatusForbidden, list("?q=berlin").status)
}

func TestMetricsArePublicOnLoopbackOnly(t *testing.T) {
	get := call{method: http.MethodGet, path: "/metrics"}
	require.Equal(t, http.StatusOK, asking(t).send(t.Context(), get).status)
	g := asking(t, func(c *api.Config) { c.Addr = "0.0.0.0:0" })
	require.Equal(t, http.StatusUnauthorized, g.send(t.Context(), get).status)
	head := call{method: http.MethodHead, path: "/metrics"}
	require.Equal(t, http.StatusUnauthorized, g.send(t.Context(), head).status)
	require.Equal(t, http.StatusOK, g.send(t.Context(), get.as(t, "op", api.RoleOperator)).status)

	apart := asking(t, func(c *api.Config) { c.MetricsApart = true })
	require.Equal(t, "/problems/no-such-path", apart.send(t.Context(), get).problem(t).Type)
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/readyz": 200, "/v1/orders": 404, "/docs/": 404} {
		require.Equal(t, want, apart.operation(t, path).status, path)
	}
	require.Contains(t, string(apart.operation(t, "/metrics").body), "holdfast_http_requests_total")
}

// An order that only the index has still belongs to its customer.
func TestAnothersColdOrderLooksLikeAnUnknownOne(t *testing.T) {
	g := newGateway(t)
	asking := asking(t, func(c *api.Config) {
		c.Products, c.Quoting, c.Orders, c.Sagas, c.Index = g.stock, g.quoting, g.docs, g.temporal.asSagas(), g.index
	})
	g.putProduct("mug", 1)
	o := g.cancelled() // of c-1
	g.cold(o.ID)
	for _, path := range []string{"/v1/orders/" + o.ID, "/v1/orders/" + o.ID + "/payment"} {
		get := call{method: http.MethodGet, path: path}
		require.Equal(t, http.StatusOK, asking.do(get.as(t, "c-1", api.RoleCustomer)).status)
		require.Equal(t, "/problems/unknown-order", asking.do(get.as(t, "bob", api.RoleCustomer)).problem(t).Type)
	}
}
