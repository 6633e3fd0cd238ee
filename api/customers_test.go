package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/customer"
)

const me = "/v1/customers/me"

func (a answer) customer(t testing.TB) openapi.Customer {
	t.Helper()
	var c openapi.Customer
	require.NoError(t, json.Unmarshal(a.body, &c), "%s", a.body)
	return c
}

func put(path string, body any) call {
	return call{method: http.MethodPut, path: path, body: body, header: http.Header{}}
}

func patch(path, body string) call {
	return call{method: http.MethodPatch, path: path, body: body, header: http.Header{"Content-Type": {mergePatch}}}
}

// given returns the call with another header.
func (k call) given(name, value string) call {
	k.header = k.header.Clone()
	k.header.Set(name, value)
	return k
}

func adasHome(id string) line {
	return line{"id": id, "recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London", "country": "GB"}
}

func adasProfile() line {
	return line{
		"name": "Ada Lovelace", "email": "ada@example.com", "phone": "+44 20 7946 0958",
		"addresses": []line{adasHome("home"), adasHome("work")}, "defaultAddress": "home",
	}
}

func TestCustomersWriteWhatIsTheirs(t *testing.T) {
	g := asking(t)
	ada := func(k call) answer { return g.do(k.as(t, "ada", api.RoleCustomer)) }
	op := func(k call) answer { return g.do(k.as(t, "op", api.RoleSupport)) }

	empty := ada(call{method: http.MethodGet, path: me})
	require.Equal(t, http.StatusOK, empty.status, "%s", empty.body)
	require.JSONEq(t, `{"id":"ada","name":"","level":0,"addresses":[],"version":0}`, string(empty.body))
	require.Equal(t, http.StatusNotFound, op(call{method: http.MethodGet, path: "/v1/customers/ada"}).status, "staff can't know of them")

	a := ada(put(me, adasProfile()).given("If-Match", empty.header.Get("ETag")))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	require.Equal(t, "Ada Lovelace", a.customer(t).Name)
	require.Equal(t, "/problems/customer-exists", ada(put(me, line{"name": "other"}).given("If-Match", empty.header.Get("ETag"))).problem(t).Type)

	a = op(patch("/v1/customers/ada", `{"level":3,"externalReference":"CRM-1","metadata":{"a":"b"}}`))
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, "CRM-1", a.customer(t).ExternalReference)

	a = ada(patch(me, `{"phone":null,"defaultAddress":"work"}`))
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	got := a.customer(t)
	require.Equal(t, 3, got.Level, "customers read their level")
	require.Empty(t, got.Phone)
	require.Equal(t, "work", got.DefaultAddress)
	require.Len(t, got.Addresses, 2)
	require.NotContains(t, string(a.body), "CRM-1")
	require.Equal(t, a.header.Get("ETag"), ada(call{method: http.MethodGet, path: me}).header.Get("ETag"))

	a = ada(put(me, line{"name": "Augusta"}))
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Empty(t, a.customer(t).Addresses, "what is omitted is removed")
	seen := op(call{method: http.MethodGet, path: "/v1/customers/ada"}).customer(t)
	require.Equal(t, 3, seen.Level)
	require.Equal(t, "CRM-1", seen.ExternalReference, "and what staff wrote stays")

	require.JSONEq(t, `{"id":"bob","name":"","level":0,"addresses":[],"version":0}`,
		string(g.do(call{method: http.MethodGet, path: me}.as(t, "bob", api.RoleCustomer)).body), "another one's is another one")
	require.NotContains(t, g.log.String(), "Ada")
}

func TestOnlyStaffWriteLevelsMetadataAndReferences(t *testing.T) {
	g := asking(t)
	require.Equal(t, 201, g.do(put(me, adasProfile()).as(t, "ada", api.RoleCustomer)).status)
	before := g.state()
	for field, value := range map[string]string{"level": "5", "metadata": `{"a":"b"}`, "externalReference": `"CRM-1"`} {
		for _, v := range []string{value, "null"} {
			body := `{"name":"Ada","` + field + `":` + v + `}`
			for _, k := range []call{put(me, body), patch(me, body)} {
				if v == "null" && k.method == http.MethodPut {
					continue // not a value
				}
				a := g.do(k.as(t, "ada", api.RoleCustomer))
				require.Equal(t, http.StatusForbidden, a.status, "%s: %s", body, a.body)
				p := a.problem(t)
				require.Equal(t, "/problems/forbidden", p.Type)
				require.Equal(t, field, p.Errors[0].Path)
			}
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPatch} {
		a := g.do(call{method: method, path: "/v1/customers/ada", body: map[string]string{http.MethodPut: "{}", http.MethodPatch: "{}"}[method]}.as(t, "ada", api.RoleCustomer))
		require.Equal(t, http.StatusForbidden, a.status, "%s: their own, too, only at /me: %s", method, a.body)
	}
	require.JSONEq(t, before, g.state())
	a := g.do(put(me, line{"level": 1}).as(t, "op", api.RoleOperator))
	require.Equal(t, http.StatusForbidden, a.status, "staff say whom they mean: %s", a.body)
	a = g.do(call{method: http.MethodGet, path: me}.as(t, "eve of support", api.RoleSupport))
	require.Equal(t, http.StatusForbidden, a.status, "%s", a.body)
}

func TestStaffWriteCustomersUnderConditions(t *testing.T) {
	g := newGateway(t)
	const path = "/v1/customers/ada"
	ada := adasProfile()
	ada["level"], ada["metadata"], ada["externalReference"] = 2, map[string]string{"a": "b", "c": "d"}, "CRM-1"
	first := g.do(put(path, ada).given("If-None-Match", "*"))
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	tag := first.header.Get("ETag")
	for name, c := range map[string]struct {
		call   call
		status int
		kind   string
	}{
		"create again":          {put(path, line{}).given("If-None-Match", "*"), 412, "customer-exists"},
		"another version":       {put(path, line{}).given("If-Match", `"17-x"`), 412, "stale"},
		"no version":            {put(path, line{}).given("If-Match", `"x"`), 412, "stale"},
		"no tag":                {put(path, line{}).given("If-Match", `x`), 400, "malformed-request"},
		"both":                  {put(path, line{}).given("If-Match", tag).given("If-None-Match", "*"), 400, "malformed-request"},
		"a tag in If-None":      {put(path, line{}).given("If-None-Match", tag), 400, "malformed-request"},
		"any of none":           {put("/v1/customers/bob", line{}).given("If-Match", "*"), 412, "stale"},
		"patch of none":         {patch("/v1/customers/bob", `{"level":1}`), 404, "unknown-customer"},
		"patch of any of none":  {patch("/v1/customers/bob", `{"level":1}`).given("If-Match", "*"), 412, "stale"},
		"patch of another":      {patch(path, `{"level":1}`).given("If-Match", `"17-x"`), 412, "stale"},
		"patch as JSON":         {call{method: http.MethodPatch, path: path, body: `{"level":1}`}, 415, "unsupported-media-type"},
		"invalid patch of none": {patch("/v1/customers/bob", `{"levl":null}`), 400, "malformed-request"},
	} {
		before := g.state()
		a := g.do(c.call)
		require.Equal(t, c.status, a.status, "%s: %s", name, a.body)
		require.Equal(t, "/problems/"+c.kind, a.problem(t).Type, name)
		require.JSONEq(t, before, g.state(), name)
	}
	again := g.do(put(path, ada))
	require.Equal(t, http.StatusOK, again.status)
	require.Equal(t, tag, again.header.Get("ETag"), "it changes nothing")

	edit := put(path, line{"name": "Augusta", "level": 3}).given("If-Match", "W/"+tag)
	a := g.do(edit)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, a.body, g.do(edit).body, "a repetition gets its first answer")
	require.Equal(t, http.StatusOK, g.do(patch(path, `{"metadata":{"a":"b","c":"d"}}`).given("If-Match", a.header.Get("ETag"))).status)
	require.Equal(t, "/problems/stale", g.do(edit).problem(t).Type, "unless another edit came")
	got := g.do(patch(path, `{"metadata":{"a":null,"e":"f"},"name":null}`)).customer(t)
	require.Equal(t, map[string]string{"c": "d", "e": "f"}, map[string]string(got.Metadata))
	require.Empty(t, got.Name)
	require.Equal(t, 3, got.Level)
	require.Equal(t, http.StatusNotModified, g.do(call{
		method: http.MethodGet, path: path, header: http.Header{"If-None-Match": {g.get(path).header.Get("ETag")}},
	}).status)
}

func TestBadCustomersAreRefusedByField(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, 201, g.do(put("/v1/customers/ada", adasProfile())).status)
	many := make([]line, 21)
	for i := range many {
		many[i] = adasHome(fmt.Sprint("a-", i))
	}
	twice := adasProfile()
	twice["addresses"] = []line{adasHome("home"), adasHome("home")}
	lacking := adasHome("home")
	delete(lacking, "city")
	for name, c := range map[string]struct {
		body   any
		status int
		path   string
	}{
		"an unknown field":          {line{"nickname": "Ada"}, 400, "nickname"},
		"an id":                     {line{"id": "ada"}, 400, "id"},
		"a version":                 {line{"version": 1}, 400, "version"},
		"a number as name":          {line{"name": 1}, 400, "name"},
		"null":                      {`{"name":null}`, 400, "name"},
		"a field twice":             {`{"name":"a","name":"b"}`, 400, "name"},
		"a long name":               {line{"name": strings.Repeat("a", 201)}, 422, "name"},
		"a control character":       {line{"name": "A\u0000"}, 422, "name"},
		"no e-mail address":         {line{"email": "ada"}, 422, "email"},
		"a long phone number":       {line{"phone": strings.Repeat("1", 51)}, 422, "phone"},
		"too many addresses":        {line{"addresses": many}, 422, "addresses"},
		"an id twice":               {twice, 422, "addresses[1].id"},
		"an address without an id":  {line{"addresses": []line{{"recipient": "A", "line1": "1", "city": "C", "country": "GB"}}}, 422, "addresses[0].id"},
		"an address without a city": {line{"addresses": []line{lacking}}, 422, "addresses[0].city"},
		"an address of more":        {line{"addresses": []line{{"id": "a", "floor": 3}}}, 400, "addresses[0].floor"},
		"an unknown default":        {line{"defaultAddress": "home"}, 422, "defaultAddress"},
		"a level below 0":           {line{"level": -1}, 422, "level"},
		"a level beyond":            {line{"level": 101}, 422, "level"},
		"half a level":              {`{"level":1.5}`, 400, "level"},
		"a huge level":              {`{"level":1e30}`, 400, "level"},
		"metadata's key":            {line{"metadata": map[string]string{"a b": ""}}, 422, "metadata"},
		"a reference with a space":  {line{"externalReference": " x"}, 422, "externalReference"},
	} {
		before := g.state()
		a := g.do(put("/v1/customers/ada", c.body))
		require.Equal(t, c.status, a.status, "%s: %s", name, a.body)
		require.Equal(t, c.path, a.problem(t).Errors[0].Path, name)
		require.JSONEq(t, before, g.state(), name)
		if raw, is := c.body.(string); !is || !strings.Contains(raw, "null") {
			body, err := json.Marshal(c.body)
			require.NoError(t, err)
			if is {
				body = []byte(raw)
			}
			if name == "an unknown default" {
				continue // the patched customer has such an address
			}
			a = g.do(patch("/v1/customers/ada", string(body)))
			require.Equal(t, c.status, a.status, "patched, %s: %s", name, a.body)
			require.Equal(t, c.path, a.problem(t).Errors[0].Path, name)
			require.JSONEq(t, before, g.state(), name)
		}
	}
	a := g.do(patch("/v1/customers/ada", `{"addresses":null}`))
	require.Equal(t, "defaultAddress", a.problem(t).Errors[0].Path, "it names one that goes")
	for _, path := range []string{"/v1/customers/a%3Ab", "/v1/customers/" + strings.Repeat("a", 65)} {
		require.Equal(t, http.StatusBadRequest, g.do(put(path, line{})).status, path)
	}
}

// Earlier versions took any two letters as a country. Who has such an address can still be given a level.
func TestAnAddressOfBeforeDoesNotStandInTheWayOfOtherFields(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, 201, g.do(put("/v1/customers/ada", adasProfile())).status)
	for _, key := range g.redis.Keys() {
		if strings.HasSuffix(key, ":customer:ada") {
			g.redis.HSet(key, "profile", strings.ReplaceAll(g.redis.HGet(key, "profile"), `"GB"`, `"UK"`))
		}
	}
	a := g.do(patch("/v1/customers/ada", `{"level":2}`))
	require.Equal(t, 200, a.status, "%s", a.body)
	require.Contains(t, string(a.body), `"UK"`)
	a = g.do(patch("/v1/customers/ada", `{"name":"Ada"}`))
	require.Equal(t, 422, a.status, "%s", a.body)
	require.Equal(t, "addresses[0].country", a.problem(t).Errors[0].Path)
	require.Equal(t, "addresses[0].country", g.do(patch("/v1/customers/ada", `{"level":-1,"name":"Ada"}`)).problem(t).Errors[0].Path)
	require.Equal(t, "level", g.do(patch("/v1/customers/ada", `{"level":-1}`)).problem(t).Errors[0].Path)
}

// Customers edit themselves while staff edit them: no edit undoes another one that it hasn't seen.
func TestPatchesOfOneCustomerDoNotUndoEachOther(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, 201, g.do(put("/v1/customers/ada", adasProfile())).status)
	var all sync.WaitGroup
	for _, body := range []string{`{"name":"Augusta"}`, `{"level":4}`, `{"phone":"1"}`, `{"metadata":{"a":"b"}}`, `{"externalReference":"X"}`} {
		all.Go(func() {
			for range 10 { // each attempt may lose eight times
				if a := g.send(t.Context(), patch("/v1/customers/ada", body)); a.status == http.StatusOK {
					return
				}
			}
			assert.Fail(t, "never taken", body)
		})
	}
	all.Wait()
	c, err := g.customers.Get(t.Context(), "ada")
	require.NoError(t, err)
	require.Equal(t, []any{"Augusta", 4, "1", "b", "X"}, []any{c.Name, c.Level, c.Phone, c.Metadata["a"], c.ExternalReference})
	require.Len(t, c.Addresses, 2)
}

func TestStaffListCustomersPageByPage(t *testing.T) {
	g := newGateway(t)
	for i := range 5 {
		ada := adasProfile()
		ada["level"] = i
		require.Equal(t, 201, g.do(put(fmt.Sprint("/v1/customers/c-", i), ada)).status)
	}
	page := func(path string) (p openapi.CustomerPage) {
		a := g.get(path)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.NoError(t, json.Unmarshal(a.body, &p))
		require.NotContains(t, string(a.body), "Square", "not whole documents")
		return p
	}
	first := page("/v1/customers?limit=3")
	require.Len(t, first.Items, 3)
	rest := page("/v1/customers?limit=3&cursor=" + first.NextCursor)
	require.Len(t, rest.Items, 2)
	require.Empty(t, rest.NextCursor)
	seen := map[string]int{}
	for _, c := range append(first.Items, rest.Items...) {
		seen[c.ID] = c.Level
	}
	require.Equal(t, map[string]int{"c-0": 0, "c-1": 1, "c-2": 2, "c-3": 3, "c-4": 4}, seen)
	since := rest.Items[1].UpdatedAt
	require.NotEmpty(t, page("/v1/customers?updatedSince="+since.Format(time.RFC3339Nano)).Items)
	require.Empty(t, page("/v1/customers?updatedSince="+since.Add(time.Second).Format(time.RFC3339Nano)).Items)
	for _, path := range []string{
		"/v1/customers?limit=0", "/v1/customers?limit=101", "/v1/customers?cursor=x", "/v1/customers?updatedSince=today",
		"/v1/customers?updatedSince=2026-01-01T00:00:00Z&cursor=" + first.NextCursor,
	} {
		require.Equal(t, http.StatusBadRequest, g.get(path).status, path)
	}
	require.Equal(t, http.StatusBadRequest, g.get("/v1/customers?levl=1").status)
}

func TestWithoutRedisThereAreNoCustomers(t *testing.T) {
	g := newGateway(t)
	g.redis.SetError("LOADING")
	for _, k := range []call{
		{method: http.MethodGet, path: me},
		{method: http.MethodGet, path: "/v1/customers"},
		{method: http.MethodGet, path: "/v1/customers/ada"},
		put(me, line{}), patch(me, "{}"), put("/v1/customers/ada", line{}),
	} {
		a := g.do(k)
		require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
		require.Equal(t, "/problems/customers-unavailable", a.problem(t).Type)
		require.Equal(t, "2", a.header.Get("Retry-After"))
	}
}

// A write that was asked for before its customer was erased is refused, if it arrives later.
func TestAWriteOfBeforeAnErasureIsRefused(t *testing.T) {
	now := time.Now()
	g := newGateway(t, func(c *api.Config) { c.Now = func() time.Time { return now } })
	require.Equal(t, 201, g.do(put("/v1/customers/ada", adasProfile())).status)
	_, err := g.customers.Erase(t.Context(), "ada", now.Add(time.Minute))
	require.NoError(t, err)
	for _, k := range []call{put("/v1/customers/ada", adasProfile()), patch(me, `{"name":"Ada"}`).as(t, "ada", api.RoleCustomer)} {
		if k.path == me {
			_, err := g.customers.Erase(t.Context(), "operator", now.Add(time.Minute))
			require.NoError(t, err)
		}
		a := g.do(k)
		require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
		require.Equal(t, "/problems/stale", a.problem(t).Type)
	}
	require.Equal(t, http.StatusNotFound, g.get("/v1/customers/ada").status)
	now = now.Add(2 * time.Minute)
	require.Equal(t, 201, g.do(put("/v1/customers/ada", adasProfile())).status)
	c, err := g.customers.Get(t.Context(), "ada")
	require.NoError(t, err)
	require.NotEqual(t, customer.NotThere, c.Version)
}
