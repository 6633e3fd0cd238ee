package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/coupon"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
)

func (a answer) coupon(t testing.TB) openapi.Coupon {
	t.Helper()
	var c openapi.Coupon
	require.NoError(t, json.Unmarshal(a.body, &c), "%s", a.body)
	return c
}

func tenOff(limit int) line { return line{"action": line{"rate": 1000}, "limit": limit} }

func TestACouponIsPutReadAndEnded(t *testing.T) {
	g := newGateway(t)
	const path = "/v1/coupons/spring-10"
	body := line{
		"startsAt": "2026-03-01T00:00:00+01:00", "endsAt": "2096-04-01T00:00:00Z", "minimum": line{"amount": 2000, "currency": "EUR"},
		"scope": line{"categories": []string{"books"}}, "action": line{"rate": 1000}, "limit": 500, "perCustomer": 1,
	}
	a := g.do(put(path, body))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	made := a.coupon(t)
	require.Equal(t, "SPRING-10", made.Code)
	require.Equal(t, "2026-02-28T23:00:00Z", made.StartsAt.Format(time.RFC3339))
	require.Equal(t, &price.Money{Amount: 2000, Currency: "EUR"}, made.Minimum)
	require.Equal(t, int64(500), made.Limit)
	require.Equal(t, made.Version, made.TermsVersion)

	again := g.do(put(path, body))
	require.Equal(t, http.StatusOK, again.status)
	require.Equal(t, made, again.coupon(t))
	read := g.get("/v1/coupons/Spring-10")
	require.Equal(t, made, read.coupon(t))
	tag := read.header.Get("ETag")
	require.Equal(t, http.StatusNotModified, g.do(call{method: http.MethodGet, path: path, header: http.Header{"If-None-Match": {tag}}}).status)

	body["limit"] = 600
	raised := g.do(put(path, body).given("If-Match", tag)).coupon(t)
	require.Greater(t, raised.Version, made.Version)
	require.Equal(t, made.TermsVersion, raised.TermsVersion)
	body["limit"] = 700
	require.Equal(t, "/problems/stale", g.do(put(path, body).given("If-Match", tag)).problem(t).Type)
	require.Equal(t, http.StatusOK, g.do(put(path, body).given("If-Match", "*")).status)
	body["limit"] = 800
	require.Equal(t, "/problems/coupon-exists", g.do(put(path, body).given("If-None-Match", "*")).problem(t).Type)

	end := call{method: http.MethodPost, path: path + "/end"}
	ended := g.do(end)
	require.Equal(t, http.StatusOK, ended.status, "%s", ended.body)
	require.WithinDuration(t, time.Now(), ended.coupon(t).EndsAt, time.Minute)
	require.Equal(t, ended.coupon(t), g.do(end).coupon(t), "it has ended already")
	require.Equal(t, int64(700), ended.coupon(t).Limit)

	require.Equal(t, http.StatusCreated, g.do(put("/v1/coupons/later", line{"action": line{"freeShipping": true}, "startsAt": "2096-01-01T00:00:00Z"})).status)
	never := g.do(call{method: http.MethodPost, path: "/v1/coupons/later/end"})
	require.Equal(t, http.StatusOK, never.status, "%s", never.body)
	require.True(t, never.coupon(t).StartsAt.IsZero())
}

func TestWhatIsWrongWithACouponIsNamed(t *testing.T) {
	g := newGateway(t)
	for name, row := range map[string]struct {
		call   call
		status int
		kind   string
		field  string
	}{
		"rate above the whole":     {put("/v1/coupons/a", line{"action": line{"rate": 10_001}}), 422, "invalid-values", "action.rate"},
		"no action":                {put("/v1/coupons/a", line{"limit": 1}), 422, "invalid-values", "action"},
		"two actions":              {put("/v1/coupons/a", line{"action": line{"rate": 1, "freeShipping": true}}), 422, "invalid-values", "action"},
		"negative limit":           {put("/v1/coupons/a", line{"action": line{"rate": 1}, "limit": -1}), 422, "invalid-values", "limit"},
		"too many per customer":    {put("/v1/coupons/a", line{"action": line{"rate": 1}, "perCustomer": coupon.MaxUses + 1}), 422, "invalid-values", "perCustomer"},
		"ends before it starts":    {put("/v1/coupons/a", line{"action": line{"rate": 1}, "startsAt": "2026-02-01T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}), 422, "invalid-values", "endsAt"},
		"unknown currency":         {put("/v1/coupons/a", line{"action": line{"amount": 1, "currency": "EUX"}}), 422, "invalid-values", "action.currency"},
		"unknown field":            {put("/v1/coupons/a", line{"action": line{"rate": 1}, "uses": 1}), 400, "malformed-request", "uses"},
		"a code with a space":      {put("/v1/coupons/a%20b", line{"action": line{"rate": 1}}), 400, "malformed-request", ""},
		"end of none":              {call{method: http.MethodPost, path: "/v1/coupons/none/end"}, 404, "unknown-coupon", ""},
		"none":                     {call{method: http.MethodGet, path: "/v1/coupons/none"}, 404, "unknown-coupon", ""},
		"If-Match of none":         {put("/v1/coupons/none", tenOff(1)).given("If-Match", "*"), 412, "stale", ""},
		"a cursor of another list": {call{method: http.MethodGet, path: "/v1/coupons?cursor=abc"}, 400, "malformed-request", "cursor"},
		"a time that is none":      {call{method: http.MethodGet, path: "/v1/coupons?updatedSince=yesterday"}, 400, "malformed-request", "updatedSince"},
	} {
		t.Run(name, func(t *testing.T) {
			a := g.do(row.call)
			require.Equal(t, row.status, a.status, "%s", a.body)
			p := a.problem(t)
			require.Equal(t, "/problems/"+row.kind, p.Type)
			if row.field != "" {
				require.True(t, slices.ContainsFunc(p.Errors, func(f product.FieldProblem) bool { return f.Path == row.field }), "%s", a.body)
			}
		})
	}
	g.redis.SetError("ERR away")
	for _, k := range []call{{method: http.MethodGet, path: "/v1/coupons/a"}, {method: http.MethodGet, path: "/v1/coupons"}, put("/v1/coupons/a", tenOff(1))} {
		a := g.do(k)
		require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
		require.Equal(t, "/problems/coupons-unavailable", a.problem(t).Type)
	}
}

func TestCouponsAreListedWithTheirUses(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	var since time.Time
	for i := range 5 {
		a := g.do(put(fmt.Sprintf("/v1/coupons/c%d", i), tenOff(3)))
		require.Equal(t, http.StatusCreated, a.status)
		if i == 3 {
			since = a.coupon(t).UpdatedAt
		}
	}
	body := basket(line{"productId": "mug", "quantity": 1})
	body["couponCodes"] = []string{"c2"}
	require.Equal(t, http.StatusCreated, g.place("k", body).status)

	read := func(query string) (all []openapi.CouponSummary) {
		for cursor := ""; ; {
			a := g.get("/v1/coupons?limit=2" + query + cursor)
			require.Equal(t, http.StatusOK, a.status, "%s", a.body)
			var page openapi.CouponPage
			require.NoError(t, json.Unmarshal(a.body, &page))
			all = append(all, page.Items...)
			if page.NextCursor == "" {
				return all
			}
			cursor = "&cursor=" + url.QueryEscape(page.NextCursor)
		}
	}
	all := read("")
	require.Len(t, all, 5)
	for _, c := range all {
		uses := int64(0)
		if c.Code == "C2" {
			uses = 1
		}
		require.Equal(t, [3]int64{uses, uses, 3}, [3]int64{c.Uses, c.Claimed, c.Limit}, c.Code)
	}
	require.Len(t, read("&updatedSince="+url.QueryEscape(since.Format(time.RFC3339Nano))), 2)
}

// A call with more codes than the whole allowance is charged the allowance. What comes back is no more.
func TestCodesThatExistEarnNoGuesses(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Coupons: 1} })
	g.sell(t, 10)
	codes := []string{}
	for i := range price.MaxCoupons {
		codes = append(codes, fmt.Sprint("real-", i))
		g.putCoupon(fmt.Sprint("REAL-", i), coupon.Spec{Action: price.Action{Rate: 100}})
	}
	quote := func(codes ...string) int {
		body := basketOf("")
		body["couponCodes"] = codes
		return g.do(call{method: http.MethodPost, path: "/v1/quotes", body: body}.as(t, "ada", api.RoleCustomer)).status
	}
	for range 3 {
		require.Equal(t, http.StatusOK, quote(codes...))
	}
	guesses := 0
	for range 10 {
		if quote("guess") == http.StatusConflict {
			guesses++
		}
	}
	require.LessOrEqual(t, guesses, 2, "one, and another if a minute ended meanwhile")
}

// Codes can be guessed: those that don't exist are limited, by caller and by network. Those that do
// cost nothing.
func TestCodesThatDontExistAreLimited(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Coupons: 3} })
	g.sell(t, 10)
	g.putCoupon("REAL", coupon.Spec{Action: price.Action{Rate: 1000}})
	quote := func(address, who string, role api.Role, codes ...string) answer {
		body := basketOf("")
		if codes != nil {
			body["couponCodes"] = codes
		}
		if role != api.RoleCustomer {
			body["customerId"] = "ada"
		}
		return g.fromAddress(call{method: http.MethodPost, path: "/v1/quotes", body: body}.as(t, who, role), address, "")
	}
	const office = "192.0.2.1:1"
	for range 10 {
		a := quote(office, "ada", api.RoleCustomer, "real")
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	}
	for _, codes := range [][]string{{"real", "guess"}, {"guess"}, {"guess"}} {
		a := quote(office, "ada", api.RoleCustomer, codes...)
		require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
		require.Equal(t, []order.CouponRefusal{{Code: "GUESS", Reason: order.CouponReasonUnknown}}, a.problem(t).Coupons)
	}
	a := quote(office, "ada", api.RoleCustomer, "real")
	require.Equal(t, http.StatusTooManyRequests, a.status, "even a code that exists: the answer would say so")
	require.Equal(t, "/problems/too-many-requests", a.problem(t).Type)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, quote(office, "ada", api.RoleCustomer).status, "an order without coupons is none of it")

	for i := range 3 { // others of the same network, up to four times as many
		for n := range 3 {
			require.Equal(t, http.StatusConflict, quote(office, fmt.Sprintf("c%d", i), api.RoleCustomer, fmt.Sprintf("guess-%d", n)).status)
		}
	}
	require.Equal(t, http.StatusTooManyRequests, quote(office, "bea", api.RoleCustomer, "guess").status)
	require.Equal(t, http.StatusConflict, quote("192.0.2.2:1", "eve", api.RoleCustomer, "guess").status, "another network")
	for range 20 {
		require.Equal(t, http.StatusConflict, quote(office, "staff", api.RoleSupport, "guess").status, "staff are exempt")
	}
	body := basketOf("")
	body["couponCodes"] = []string{"real"}
	placed := g.fromAddress(orderCall(body).as(t, "ada", api.RoleCustomer), office, "")
	require.Equal(t, http.StatusTooManyRequests, placed.status, "orders are charged as quotes are")
}
