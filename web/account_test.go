package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// profile is what a gateway knows about its one customer. A patch needs the ETag of what it changes.
type profile struct {
	t       *testing.T
	mu      sync.Mutex
	fields  map[string]any
	version int
	// refusing is the answer to the next patch, instead of doing it.
	refusing string
	writes   int
}

func (p *profile) get(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer(w)
}

func (p *profile) answer(w http.ResponseWriter) {
	w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprint(p.version, "-c")))
	assert.NoError(p.t, json.NewEncoder(w).Encode(p.fields))
}

func (p *profile) patch(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var fields map[string]any
	body, err := io.ReadAll(r.Body)
	assert.NoError(p.t, err)
	assert.NoError(p.t, json.Unmarshal(body, &fields))
	switch {
	case r.Header.Get("If-Match") != fmt.Sprintf("%q", fmt.Sprint(p.version, "-c")):
		says(http.StatusPreconditionFailed, `{"type": "/problems/stale", "title": "Changed in the meantime", "status": 412}`)(w, r)
		return
	case p.refusing != "":
		says(http.StatusUnprocessableEntity, `{"type": "/problems/invalid-values", "title": "Invalid values", "status": 422, "errors": [`+p.refusing+`]}`)(w, r)
		p.refusing = ""
		return
	}
	maps.Copy(p.fields, fields)
	maps.DeleteFunc(p.fields, func(_ string, value any) bool { return value == nil })
	p.version++
	p.writes++
	p.answer(w)
}

func (p *profile) json() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, err := json.Marshal(p.fields)
	require.NoError(p.t, err)
	return string(b)
}

// elsewhere is a change that the page of the customer doesn't know of.
func (p *profile) elsewhere(field string, value any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fields[field] = value
	p.version++
}

// customer signs in where the gateway has such a customer. What post returns is where it led to, and the page that
// follows or that is shown at once.
func customer(t *testing.T, fields map[string]any) (me *profile, gateway *api, at string, v *http.Client, post func(path string, form url.Values) (status int, to, page string)) {
	t.Helper()
	p := &provider{}
	gateway = withOrders()
	me = &profile{t: t, fields: fields, version: 3}
	gateway.answers["GET /v1/customers/me"], gateway.answers["PATCH /v1/customers/me"] = me.get, me.patch
	at, v = signer(t, p, gateway)
	p.signIn(t, at, v)
	return me, gateway, at, v, func(path string, form url.Values) (int, string, string) {
		res, err := v.PostForm(at+path, form) //nolint:bodyclose // read closes it
		status, page := read(t, res, err)
		to := res.Header.Get("Location")
		if to != "" {
			_, page = get(t, at, v, to)
		}
		return status, to, page
	}
}

// hiddenFields are those of the page's form with a button to save.
func hiddenFields(t *testing.T, page string) url.Values {
	t.Helper()
	form := url.Values{}
	for _, part := range strings.Split(page, `<input type="hidden" name="`)[1:] {
		name, rest, _ := strings.Cut(part, `" value="`)
		value, _, _ := strings.Cut(rest, `"`)
		form.Set(name, strings.ReplaceAll(value, "&#34;", `"`))
	}
	require.NotEmpty(t, form.Get("etag"), page)
	return form
}

func fill(form url.Values, line1 string) url.Values {
	for name, value := range map[string]string{"recipient": "Ada", "line1": line1, "city": "Hamburg", "country": "DE"} {
		form.Set(name, value)
	}
	return form
}

func home() map[string]any {
	return map[string]any{"id": "ada", "name": "Ada", "phone": "1", "defaultAddress": "home", "addresses": []any{
		map[string]any{"id": "home", "recipient": "Ada", "line1": "1 Home Road", "city": "Hamburg", "country": "DE"},
	}}
}

func TestCustomersChangeTheirDetails(t *testing.T) {
	me, _, at, v, post := customer(t, home())
	_, page := get(t, at, v, "/account/profile")
	form := hiddenFields(t, page)
	form.Set("recipient", "Ada Byron")
	form.Set("email", "ada@shop.example")
	form.Set("phone", "")
	for range 2 { // sent twice, it is done once
		_, to, page := post("/account/profile", form)
		require.Equal(t, "/account", to)
		require.Contains(t, page, "Saved.")
		require.Contains(t, page, "ada@shop.example")
	}
	require.Equal(t, 1, me.writes)
	require.NotContains(t, me.json(), "phone")
	require.Contains(t, me.json(), "1 Home Road", "what isn't in the form stays")

	_, page = get(t, at, v, "/account/profile")
	form = hiddenFields(t, page)
	form.Set("email", "nonsense")
	me.refusing = `{"path": "email", "reason": "must be an e-mail address such as ada@example.com"}`
	status, _, page := post("/account/profile", form)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, page, "can&#39;t store this as it is")
	require.Contains(t, page, `id="email-wrong"`)
	require.Contains(t, page, `value="nonsense"`)
}

func TestCustomersKeepTheirAddresses(t *testing.T) {
	me, _, at, v, post := customer(t, home())
	_, page := get(t, at, v, "/account/new-address")
	form := fill(hiddenFields(t, page), "2 Work Road")
	_, there, ok := strings.Cut(page, `action="/account/addresses/`)
	require.True(t, ok)
	id, _, _ := strings.Cut(there, `"`)
	form.Set("city", "")
	status, _, page := post("/account/addresses/"+id, form)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, page, "One field needs your attention")
	require.Contains(t, page, "2 Work Road", "what was entered is still there")
	form = fill(hiddenFields(t, page), "2 Work Road")
	form.Set("line2", "left\x07\u202eright")
	_, _, page = post("/account/addresses/"+id, form)
	require.Contains(t, page, "This can&#39;t be stored.")
	form = fill(hiddenFields(t, page), "2 Work Road")
	require.Equal(t, "1", form.Get("new"))
	for range 2 { // sent twice, it is added once
		_, to, page := post("/account/addresses/"+id, form)
		require.Equal(t, "/account", to)
		require.Contains(t, page, "2 Work Road")
	}
	require.Equal(t, 1, me.writes)
	require.Contains(t, me.json(), `"defaultAddress":"home"`)

	_, page = get(t, at, v, "/account/addresses/"+id)
	form = fill(hiddenFields(t, page), "3 Work Road")
	form.Set("first", "1")
	_, _, page = post("/account/addresses/"+id, form)
	require.Contains(t, page, "3 Work Road")
	require.NotContains(t, page, "2 Work Road")
	require.Contains(t, me.json(), `"defaultAddress":"`+id+`"`)

	form = hiddenFields(t, page)
	for range 2 {
		_, _, page = post("/account/addresses/"+id+"/remove", url.Values{"etag": {form.Get("etag")}})
		require.Contains(t, page, "The address was removed.")
	}
	require.NotContains(t, me.json(), "Work Road")
	require.NotContains(t, me.json(), "defaultAddress")
	require.Contains(t, me.json(), "1 Home Road")
	require.Equal(t, 3, me.writes)

	status, _, _ = post("/account/addresses/home/remove", nil)
	require.Equal(t, http.StatusBadRequest, status, "without saying what was seen")
	_, _, page = post("/account/addresses/gone", fill(url.Values{"etag": {form.Get("etag")}}, "9"))
	require.Contains(t, page, "was removed meanwhile")
}

// What was changed elsewhere isn't undone unseen.
func TestAChangeElsewhereIsSaid(t *testing.T) {
	me, _, at, v, post := customer(t, home())
	_, page := get(t, at, v, "/account/addresses/home")
	form := fill(hiddenFields(t, page), "7 Other Road")
	me.elsewhere("phone", "555")
	status, _, page := post("/account/addresses/home", form)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, page, "changed meanwhile, in another tab or by the shop")
	require.Contains(t, page, "7 Other Road")
	require.NotContains(t, me.json(), "7 Other Road")
	_, _, page = post("/account/addresses/home", fill(hiddenFields(t, page), "7 Other Road"))
	require.Contains(t, page, "Saved.")
	require.Contains(t, me.json(), "7 Other Road")
	require.Contains(t, me.json(), "555")

	form = hiddenFields(t, page)
	me.elsewhere("phone", "556")
	_, _, page = post("/account/addresses/home/remove", form)
	require.Contains(t, page, "Nothing was removed")
	require.Contains(t, me.json(), "7 Other Road")

	_, page = get(t, at, v, "/account/profile")
	form = hiddenFields(t, page)
	form.Set("recipient", "Countess")
	me.elsewhere("phone", "557")
	status, _, page = post("/account/profile", form)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, page, "changed meanwhile")
	require.Contains(t, page, `value="Countess"`)
}

func TestThereIsRoomForSoManyAddresses(t *testing.T) {
	fields := home()
	for i := range 19 {
		fields["addresses"] = append(fields["addresses"].([]any), map[string]any{
			"id": fmt.Sprint("a", i), "recipient": "Ada", "line1": fmt.Sprint(i), "city": "Hamburg", "country": "DE",
		})
	}
	me, _, at, v, post := customer(t, fields)
	_, page := get(t, at, v, "/account")
	require.NotContains(t, page, `href="/account/new-address"`)
	require.Contains(t, page, "as many as you can keep")
	status, _ := get(t, at, v, "/account/new-address")
	require.Equal(t, http.StatusSeeOther, status)
	form := fill(hiddenFields(t, page), "21")
	form.Set("new", "1")
	me.refusing = `{"path": "addresses", "reason": "must have at most 20"}`
	status, _, page = post("/account/addresses/a20", form)
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, page, "as many as you can keep")
}

func TestAnAccountIsItsOwners(t *testing.T) {
	p := &provider{}
	at, v := signer(t, p, withOrders())
	for _, path := range []string{"/account", "/account/profile", "/account/new-address", "/account/addresses/home"} {
		status, _ := get(t, at, v, path)
		require.Equal(t, http.StatusNotFound, status, path)
	}
	for _, path := range []string{"/account/profile", "/account/addresses/home", "/account/addresses/home/remove"} {
		res, err := v.PostForm(at+path, fill(url.Values{"etag": {`"1-c"`}}, "1")) //nolint:bodyclose // read closes it
		status, _ := read(t, res, err)
		require.Equal(t, http.StatusNotFound, status, path)
	}
}

// An order goes to a saved address as it is now, and so the last page before the order shows it.
func TestTheLastPageShowsASavedAddressAsItIsNow(t *testing.T) {
	me, gateway, at, v, post := customer(t, home())
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)
	post("/basket/add", url.Values{"product": {"mug"}})
	_, _, page := post("/checkout", url.Values{"saved": {"home"}})
	require.Contains(t, page, "1 Home Road")
	me.elsewhere("addresses", []any{map[string]any{"id": "home", "recipient": "Ada", "line1": "5 New Road", "city": "Hamburg", "country": "DE"}})
	_, page = get(t, at, v, "/checkout/review")
	require.Contains(t, page, "5 New Road")
	require.NotContains(t, page, "1 Home Road")
	me.elsewhere("addresses", []any{})
	status, _ := get(t, at, v, "/checkout/review")
	require.Equal(t, http.StatusSeeOther, status, "it was removed")
}
