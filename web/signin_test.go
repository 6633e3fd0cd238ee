package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/web/session"
	"holdfast/web/signin"
	"holdfast/web/site"
)

// provider is an OpenID provider that signs in whoever comes, and rotates refresh tokens.
type provider struct {
	mu sync.Mutex
	// lasts is how long access tokens are good for.
	lasts time.Duration
	// refresh is the only refresh token that is good.
	refresh  string
	renewals int
	revoked  []string
	away     atomic.Bool
	slow     time.Duration
	// exchanges counts calls of the token endpoint with a code; revoking is how it answers the end of a token.
	exchanges atomic.Int64
	revoking  func(ctx context.Context) error
	kind      session.Kind
}

func (p *provider) Reachable(context.Context) error {
	if p.away.Load() {
		return signin.ErrAway
	}
	return nil
}

func (p *provider) AuthURL(a signin.Attempt) string {
	return "https://id.example/authorize?state=" + a.State
}

func (p *provider) grant() signin.Grant {
	p.refresh = fmt.Sprint("refresh-", p.renewals)
	now := time.Now()
	return signin.Grant{Token: fmt.Sprint("access-", p.renewals), Kind: p.kind, Name: "Ada Byron", Judged: true, Account: session.Account{
		Subject: "ada", Refresh: p.refresh, IDToken: "id-token", Ends: now.Add(p.lasts), RenewAt: now.Add(p.lasts / 2),
	}}
}

func (p *provider) Exchange(_ context.Context, _ signin.Attempt, code, _ string) (signin.Grant, error) {
	p.exchanges.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.away.Load():
		return signin.Grant{}, signin.ErrAway
	case code != "good":
		return signin.Grant{}, signin.ErrRefused
	}
	return p.grant(), nil
}

func (p *provider) Renew(ctx context.Context, old session.Account) (signin.Grant, error) {
	if p.away.Load() {
		return signin.Grant{}, signin.ErrAway
	}
	<-time.After(p.slow) // as long as a real one takes
	p.mu.Lock()
	defer p.mu.Unlock()
	if old.Refresh != p.refresh {
		p.refresh = "" // a token that is used twice was stolen: all of them end
		return signin.Grant{}, signin.ErrRefused
	}
	p.renewals++
	g := p.grant()
	if ctx.Err() != nil { // the answer is lost
		return signin.Grant{}, signin.ErrAway
	}
	return g, nil
}

func (p *provider) Revoke(ctx context.Context, refresh string) error {
	p.mu.Lock()
	p.revoked = append(p.revoked, refresh)
	p.mu.Unlock()
	if p.revoking != nil {
		return p.revoking(ctx)
	}
	return nil
}

func (p *provider) LeaveURL(idToken string) string {
	return "https://id.example/end?id_token_hint=" + idToken
}

func (p *provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// signer starts pages where visitors sign in, and returns a visitor who follows no redirects.
func signer(t *testing.T, p *provider, gateway http.Handler, changes ...func(*site.Config)) (at string, v *http.Client) {
	t.Helper()
	if p.kind == "" {
		p.kind = session.KindCustomer
	}
	if p.lasts == 0 {
		p.lasts = time.Hour
	}
	changes = append([]func(*site.Config){func(c *site.Config) { c.SignIn = p }}, changes...)
	at, v = pages(t, gateway, changes...)
	stay(v)
	return at, v
}

func stay(v *http.Client) {
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
}

func (p *provider) begin(t *testing.T, at string, v *http.Client, back string) (state string) {
	t.Helper()
	res, err := v.Get(at + "/sign-in?back=" + url.QueryEscape(back))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	to, err := res.Location()
	require.NoError(t, err)
	require.Equal(t, "id.example", to.Host)
	return to.Query().Get("state")
}

func callback(t *testing.T, at string, v *http.Client, query string) (status int, location, page string) {
	t.Helper()
	res, err := v.Get(at + "/sign-in/callback?" + query) //nolint:bodyclose // read closes it
	status, page = read(t, res, err)
	return status, res.Header.Get("Location"), page
}

func (p *provider) signIn(t *testing.T, at string, v *http.Client) {
	t.Helper()
	state := p.begin(t, at, v, "/orders")
	status, location, _ := callback(t, at, v, "code=good&state="+state)
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/orders", location)
}

func cookies(t *testing.T, at string, v *http.Client) map[string]string {
	t.Helper()
	u, err := url.Parse(at)
	require.NoError(t, err)
	all := map[string]string{}
	for _, c := range v.Jar.Cookies(u) {
		all[c.Name] = c.Value
	}
	return all
}

func get(t *testing.T, at string, v *http.Client, path string) (int, string) {
	t.Helper()
	res, err := v.Get(at + path) //nolint:bodyclose // read closes it
	return read(t, res, err)
}

func withOrders() *api {
	gateway := ready()
	gateway.answers["GET /v1/orders"] = says(http.StatusOK, `{"items": []}`)
	gateway.answers["GET /v1/customers/me"] = says(http.StatusOK, `{"id": "ada", "addresses": []}`)
	return gateway
}

func TestAVisitorSignsInAndOut(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	at, v := signer(t, p, gateway)
	_, page := get(t, at, v, "/")
	require.Contains(t, page, `href="/sign-in"`)
	_, page = get(t, at, v, "/basket")
	require.Contains(t, page, `href="/sign-in?back=%2Fbasket"`)
	p.signIn(t, at, v)
	kept := cookies(t, at, v)
	require.True(t, session.IsAccountID(kept["hf_session"]))
	require.NotContains(t, kept, "hf_signin", "the attempt is over")
	_, page = get(t, at, v, "/orders")
	require.Contains(t, page, "Ada Byron")
	require.Contains(t, page, `action="/sign-out"`)
	require.Equal(t, "Bearer access-0", gateway.last.Load().Header.Get("Authorization"))
	for _, secret := range []string{"access-0", "refresh-0", "id-token"} {
		require.NotContains(t, page, secret)
		for name, value := range kept {
			require.NotContains(t, value, secret, name)
		}
	}
	res, err := v.PostForm(at+"/sign-out", nil) //nolint:bodyclose // read closes it
	status, page := read(t, res, err)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, `href="https://id.example/end?id_token_hint=id-token"`)
	require.NotContains(t, cookies(t, at, v), "hf_session")
	require.Equal(t, []string{"refresh-0"}, p.revoked)

	// The session is gone, for whoever has kept its name, too.
	v.Jar.SetCookies(res.Request.URL, []*http.Cookie{{Name: "hf_session", Value: kept["hf_session"]}})
	status, page = get(t, at, v, "/orders")
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, page, "You were signed out")
	require.Contains(t, page, `href="/sign-in?back=%2Forders"`)
	status, _ = get(t, at, v, "/orders")
	require.Equal(t, http.StatusOK, status, "it is said once")
}

func TestSigningInIsForThoseWhoBeganIt(t *testing.T) {
	p := &provider{}
	at, v := signer(t, p, withOrders())
	_, other := signer(t, p, withOrders())
	state := p.begin(t, at, v, "/orders")

	status, _, page := callback(t, at, other, "code=good&state="+state)
	require.Equal(t, http.StatusBadRequest, status, "in another browser")
	require.Contains(t, page, "can&#39;t be completed")
	for _, query := range []string{"code=good", "code=good&state=", "code=good&state=made-up", "code=good&state=" + state + "x"} {
		status, _, _ = callback(t, at, v, query)
		require.Equal(t, http.StatusBadRequest, status, query)
	}
	require.NotContains(t, cookies(t, at, v), "hf_session")
	require.Zero(t, p.exchanges.Load(), "no request to the provider for an attempt that this browser didn't begin")

	kept := cookies(t, at, v)["hf_signin"]
	status, _, _ = callback(t, at, v, "code=good&state="+state)
	require.Equal(t, http.StatusSeeOther, status, "what others tried did no harm")
	name := cookies(t, at, v)["hf_session"]
	u, err := url.Parse(at)
	require.NoError(t, err)
	v.Jar.SetCookies(u, []*http.Cookie{{Name: "hf_signin", Value: kept}})
	status, _, _ = callback(t, at, v, "code=good&state="+state)
	require.Equal(t, http.StatusBadRequest, status, "once more")
	require.Equal(t, name, cookies(t, at, v)["hf_session"], "and the session is as it was")

	other.Jar.SetCookies(u, []*http.Cookie{{Name: "hf_signin", Value: "AAAA" + kept}})
	status, _, _ = callback(t, at, other, "code=good&state="+state)
	require.Equal(t, http.StatusBadRequest, status, "with a cookie that was made up")

	// Several tabs.
	first, second := p.begin(t, at, v, "/basket"), p.begin(t, at, v, "/orders")
	status, location, _ := callback(t, at, v, "code=good&state="+first)
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/basket", location)
	status, location, _ = callback(t, at, v, "code=good&state="+second)
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/orders", location)
	require.NotEqual(t, name, cookies(t, at, v)["hf_session"], "signing in renews the session's name")
}

func TestSigningInLeadsBackToOurOwnPagesOnly(t *testing.T) {
	p := &provider{}
	at, v := signer(t, p, withOrders())
	for back, want := range map[string]string{
		"/orders?cursor=x": "/orders?cursor=x", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/",
		"/sign-in?back=/": "/", "/sign-out": "/", "/" + strings.Repeat("x", 2000): "/", "": "/", "javascript:alert(1)": "/",
	} {
		state := p.begin(t, at, v, back)
		_, location, _ := callback(t, at, v, "code=good&state="+state)
		require.Equal(t, want, location, back)
	}
	// However long the paths of several tabs are, the newest attempt fits.
	for range 4 {
		back := "/orders?" + strings.Repeat("&", 900)
		_, location, _ := callback(t, at, v, "code=good&state="+p.begin(t, at, v, back))
		require.Equal(t, back, location)
		p.begin(t, at, v, back)
	}
}

func TestAFailedSignInSaysWhy(t *testing.T) {
	p := &provider{}
	at, v := signer(t, p, withOrders())
	for query, want := range map[string]string{
		"error=access_denied":                       "You didn&#39;t sign in",
		"error=server_error&error_description=<b>x": "The sign-in failed",
		"error=%3Cscript%3E":                        "The sign-in failed",
		"code=bad":                                  "The sign-in failed",
	} {
		_, _, page := callback(t, at, v, query+"&state="+p.begin(t, at, v, "/basket"))
		require.Contains(t, page, want, query)
		require.Contains(t, page, `href="/sign-in?back=%2Fbasket"`)
		require.NotContains(t, page, "<b>x")
		require.NotContains(t, cookies(t, at, v), "hf_session")
	}
	state := p.begin(t, at, v, "/basket")
	p.away.Store(true)
	status, _, page := callback(t, at, v, "code=good&state="+state)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, page, "isn&#39;t possible at present")
	status, page = get(t, at, v, "/sign-in")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, page, "The sign-in service is away")
	status, _ = get(t, at, v, "/")
	require.Equal(t, http.StatusOK, status, "the shop goes on")
}

// Ten requests at once renew the token once: a refresh token that is used twice ends everything.
func TestATokenIsRenewedOnce(t *testing.T) {
	for name, lasts := range map[string]time.Duration{"while it is good": 2 * time.Hour, "when it is over": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			p, gateway := &provider{lasts: lasts, slow: 100 * time.Millisecond}, withOrders()
			var ahead atomic.Int64
			shared := session.NewMemory()
			at, v := signer(t, p, gateway, func(c *site.Config) {
				c.Sessions = shared
				c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			})
			second, _ := signer(t, p, gateway, func(c *site.Config) { // another process
				c.Sessions = shared
				c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			})
			p.signIn(t, at, v)
			id := cookies(t, at, v)["hf_session"]
			p.set(func() { p.lasts = 10 * time.Hour })
			ahead.Store(int64(90 * time.Minute))
			var wg sync.WaitGroup
			for i := range 10 {
				wg.Go(func() {
					base := []string{at, second}[i%2]
					req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, base+"/orders", nil)
					req.RequestURI = "" // it is a client's
					req.AddCookie(&http.Cookie{Name: "hf_session", Value: id})
					res, err := http.DefaultClient.Do(req)
					if assert.NoError(t, err) {
						assert.Equal(t, http.StatusOK, res.StatusCode)
						assert.NoError(t, res.Body.Close())
					}
				})
			}
			wg.Wait()
			require.Equal(t, 1, p.renewals)
			status, _ := get(t, at, v, "/orders")
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, "Bearer access-1", gateway.last.Load().Header.Get("Authorization"))
		})
	}
}

// A browser that goes away during the renewal must not take the new refresh token with it.
func TestARenewalIsKeptEvenIfTheBrowserIsGone(t *testing.T) {
	p, gateway := &provider{lasts: time.Nanosecond, slow: 200 * time.Millisecond}, withOrders()
	at, v := signer(t, p, gateway)
	p.signIn(t, at, v)
	p.set(func() { p.lasts = time.Hour })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/orders", nil)
	require.NoError(t, err)
	res, err := v.Do(req)
	if err == nil {
		require.NoError(t, res.Body.Close())
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	status, _ := get(t, at, v, "/orders")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 1, p.renewals)
}

func TestASessionEndsWhenItIsNotRenewed(t *testing.T) {
	p, gateway := &provider{lasts: time.Nanosecond}, withOrders()
	var ordered atomic.Bool
	gateway.answers["POST /v1/orders/o-1/cancel"] = func(w http.ResponseWriter, r *http.Request) { ordered.Store(true) }
	at, v := signer(t, p, gateway)
	p.signIn(t, at, v)
	p.set(func() { p.refresh = "revoked" })

	part, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/orders/o-1/live?v=3", nil)
	require.NoError(t, err)
	part.Header.Set("Accept", "text/event-stream")
	res, err := v.Do(part) //nolint:bodyclose // read closes it
	status, _ := read(t, res, err)
	require.Equal(t, http.StatusUnauthorized, status, "a stream says nothing, but the page does:")

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at+"/orders/o-1/cancel", nil)
	require.NoError(t, err)
	req.Header.Set("Referer", at+"/orders/o-1?x=1")
	res, err = v.Do(req) //nolint:bodyclose // read closes it
	status, page := read(t, res, err)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Contains(t, page, "You were signed out")
	require.Contains(t, page, "Nothing of what you sent was done")
	require.Contains(t, page, `href="/sign-in?back=%2Forders%2Fo-1%3Fx%3D1"`)
	require.False(t, ordered.Load())
	require.NotContains(t, cookies(t, at, v), "hf_session")
}

func TestASessionOutlivesAnOutageOfItsProvider(t *testing.T) {
	p, gateway := &provider{lasts: time.Hour}, withOrders()
	var ahead atomic.Int64
	at, v := signer(t, p, gateway, func(c *site.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	p.signIn(t, at, v)
	p.away.Store(true)
	ahead.Store(int64(45 * time.Minute)) // to be renewed, and still good
	status, _ := get(t, at, v, "/orders")
	require.Equal(t, http.StatusOK, status)
	ahead.Store(int64(65 * time.Minute)) // over
	for range 2 {
		status, page := get(t, at, v, "/orders")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, page, "The sign-in service is away")
	}
	p.away.Store(false)
	p.set(func() { p.lasts = 10 * time.Hour })
	ahead.Store(int64(66 * time.Minute))
	status, _ = get(t, at, v, "/orders")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, 1, p.renewals)
}

func TestASessionHasAnEnd(t *testing.T) {
	p, gateway := &provider{lasts: time.Hour}, withOrders()
	store := session.NewMemory()
	at, v := signer(t, p, gateway, func(c *site.Config) { c.Sessions, c.SessionLifetime = store, 2*time.Hour })
	p.signIn(t, at, v)
	s, err := store.Get(t.Context(), cookies(t, at, v)["hf_session"])
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(2*time.Hour), s.Expires, time.Minute)
	require.Equal(t, "ada", s.Account.Subject)
}

// What someone ordered as a guest stays theirs, with the guest's own token; the basket stays, too.
func TestAGuestsOrdersSurviveSigningIn(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	const placed = `{"id": "o-1", "status": "awaiting_payment", "version": 2, "currency": "EUR", "amounts": {"total": 1250}, "lines": [{"id": "1", "productId": "mug", "title": "A mug of a guest", "quantity": 1}], "payment": {"status": "pending", "deadline": "2199-01-01T00:00:00Z"}}`
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)
	gateway.answers["POST /v1/orders"] = says(http.StatusCreated, placed)
	gateway.answers["GET /v1/orders/o-1"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer guests-token" {
			says(http.StatusNotFound, `{"type": "/problems/unknown-order", "title": "Unknown", "status": 404}`)(w, r)
			return
		}
		says(http.StatusOK, placed)(w, r)
	}
	at, v := signer(t, p, gateway)
	v.CheckRedirect = nil
	post := func(path string, form url.Values) string {
		res, err := v.PostForm(at+path, form) //nolint:bodyclose // read closes it
		_, page := read(t, res, err)
		return page
	}
	post("/basket/add", url.Values{"product": {"mug"}})
	review := post("/checkout", url.Values{"recipient": {"Ada"}, "line1": {"1"}, "city": {"Hamburg"}, "country": {"DE"}})
	_, rest, _ := strings.Cut(review, `name="key" value="`)
	key, _, _ := strings.Cut(rest, `"`)
	require.Contains(t, post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}}), "A mug of a guest")
	post("/basket/add", url.Values{"product": {"mug"}})

	stay(v)
	p.signIn(t, at, v)
	status, page := get(t, at, v, "/orders/o-1")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "A mug of a guest")
	_, page = get(t, at, v, "/orders")
	require.Contains(t, page, "A mug of a guest")
	_, page = get(t, at, v, "/basket")
	require.Contains(t, page, `class="count num"`, "the basket is still there")
	require.Equal(t, "Bearer access-0", gateway.last.Load().Header.Get("Authorization"), "what is ordered now is the customer's")

	// The guest's token ends before the session does: then the order is gone, not the session.
	gateway.answers["GET /v1/orders/o-1"] = says(http.StatusUnauthorized, `{"type": "/problems/unauthorized", "title": "Invalid", "status": 401}`)
	status, _ = get(t, at, v, "/orders/o-1")
	require.Equal(t, http.StatusNotFound, status)
	status, page = get(t, at, v, "/orders")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "Ada Byron")
}

// shopping lets a visitor without a session come to the form of an order, whose key it returns. A guest's order
// is o-1; a customer's would be o-2.
func shopping(t *testing.T, at string, v *http.Client, gateway *api) (post func(path string, form url.Values) (status int, page string), key string) {
	t.Helper()
	const placed = `{"id": "%s", "status": "awaiting_payment", "version": 2, "currency": "EUR", "amounts": {"total": 1250}, "lines": [{"id": "1", "productId": "mug", "title": "A mug of a %s", "quantity": 1}], "payment": {"status": "pending", "deadline": "2199-01-01T00:00:00Z"}}`
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)
	id := map[string]string{"Bearer guests-token": "o-1", "Bearer access-0": "o-2"}
	kind := map[string]string{"o-1": "guest", "o-2": "customer"}
	gateway.answers["POST /v1/orders"] = func(w http.ResponseWriter, r *http.Request) {
		order := id[r.Header.Get("Authorization")]
		says(http.StatusCreated, fmt.Sprintf(placed, order, kind[order]))(w, r)
	}
	for order := range kind {
		gateway.answers["GET /v1/orders/"+order] = func(w http.ResponseWriter, r *http.Request) {
			if id[r.Header.Get("Authorization")] != order {
				says(http.StatusNotFound, `{"type": "/problems/unknown-order", "title": "Unknown", "status": 404}`)(w, r)
				return
			}
			says(http.StatusOK, fmt.Sprintf(placed, order, kind[order]))(w, r)
		}
	}
	post = func(path string, form url.Values) (int, string) {
		res, err := v.PostForm(at+path, form) //nolint:bodyclose // read closes it
		return read(t, res, err)
	}
	post("/basket/add", url.Values{"product": {"mug"}})
	post("/checkout", url.Values{"recipient": {"Ada"}, "line1": {"1"}, "city": {"Hamburg"}, "country": {"DE"}})
	_, review := get(t, at, v, "/checkout/review")
	_, rest, ok := strings.Cut(review, `name="key" value="`)
	require.True(t, ok, review)
	key, _, _ = strings.Cut(rest, `"`)
	return post, key
}

// A guest's unanswered order stays the guest's after signing in, but only that one: if it was rejected, or the
// guest's token is over, the basket is the customer's.
func TestAnUnansweredOrderOfAGuestIsSettledAfterSigningIn(t *testing.T) {
	for name, guests := range map[string]func(w http.ResponseWriter, r *http.Request){
		"rejected meanwhile": says(http.StatusUnprocessableEntity, `{"type": "/problems/idempotency-mismatch", "title": "Mismatch", "status": 422, "orderId": "o-0"}`),
		"token over":         says(http.StatusUnauthorized, `{"type": "/problems/unauthorized", "title": "Invalid", "status": 401}`),
	} {
		t.Run(name, func(t *testing.T) {
			p, gateway := &provider{}, withOrders()
			at, v := signer(t, p, gateway)
			post, key := shopping(t, at, v, gateway)
			answers := gateway.answers["POST /v1/orders"]
			gateway.answers["POST /v1/orders"] = says(http.StatusServiceUnavailable, `{"type": "/problems/timeout", "title": "Timeout", "status": 503}`)
			status, _ := post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
			require.Equal(t, http.StatusAccepted, status)
			p.signIn(t, at, v)
			gateway.answers["GET /v1/orders/o-0"] = says(http.StatusOK, `{"id": "o-0", "status": "rejected", "version": 2, "amounts": {}, "lines": []}`)
			gateway.answers["POST /v1/orders"] = func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Idempotency-Key") == key {
					guests(w, r)
					return
				}
				answers(w, r)
			}
			post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
			if name == "token over" { // then the visitor is asked once more
				_, review := get(t, at, v, "/checkout/review")
				_, rest, _ := strings.Cut(review, `name="key" value="`)
				again, _, _ := strings.Cut(rest, `"`)
				require.NotEqual(t, key, again)
				status, _ = post("/checkout/order", url.Values{"key": {again}, "total": {"1250"}})
				require.Equal(t, http.StatusSeeOther, status)
			}
			status, page := get(t, at, v, "/orders/o-2")
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, page, "A mug of a customer")
			_, page = get(t, at, v, "/orders")
			require.Contains(t, page, "A mug of a customer")
			require.NotContains(t, page, "A mug of a guest")
		})
	}
}

// A guest who follows a link to another guest's order sees it, and keeps their own.
func TestAGuestsLinkTakesNoOrdersFromAnotherGuest(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	at, v := signer(t, p, gateway)
	post, key := shopping(t, at, v, gateway)
	post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
	gateway.answers["GET /v1/orders/o-7"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-another-guest" {
			says(http.StatusNotFound, `{"type": "/problems/unknown-order", "title": "Unknown", "status": 404}`)(w, r)
			return
		}
		says(http.StatusOK, `{"id": "o-7", "status": "awaiting_payment", "version": 2, "currency": "EUR", "amounts": {"total": 1250}, "lines": [{"id": "1", "productId": "mug", "title": "A mug of a friend", "quantity": 1}], "payment": {"status": "pending", "deadline": "2199-01-01T00:00:00Z"}}`)(w, r)
	}
	links, err := site.NewSealer(strings.Repeat("l", 32), "links")
	require.NoError(t, err)
	link, err := links.Seal("order link", map[string]any{"o": "o-7", "t": "of-another-guest", "e": time.Now().Add(time.Hour)})
	require.NoError(t, err)
	get(t, at, v, "/o/"+link)
	see := func() {
		for id, title := range map[string]string{"o-1": "A mug of a guest", "o-7": "A mug of a friend"} {
			status, page := get(t, at, v, "/orders/"+id)
			require.Equal(t, http.StatusOK, status, id)
			require.Contains(t, page, title)
			_, page = get(t, at, v, "/orders")
			require.Contains(t, page, title)
		}
	}
	see()
	_, page := get(t, at, v, "/orders/o-7/link")
	_, rest, ok := strings.Cut(page, "/o/")
	require.True(t, ok, page)
	shown := rest[:strings.IndexAny(rest, `"<& `)]
	var opened map[string]any
	require.NoError(t, links.Open("order link", shown, &opened))
	require.Equal(t, "of-another-guest", opened["t"], "its link is its own guest's")
	p.signIn(t, at, v)
	see()
}

// Whoever is signed in and follows a link to a guest's order sees it, and stays who they are.
func TestAGuestsLinkSignsNobodyOut(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	gateway.answers["GET /v1/orders/o-7"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-another-guest" {
			says(http.StatusNotFound, `{"type": "/problems/unknown-order", "title": "Unknown", "status": 404}`)(w, r)
			return
		}
		says(http.StatusOK, `{"id": "o-7", "status": "awaiting_payment", "version": 2, "currency": "EUR", "amounts": {"total": 1250}, "lines": [{"id": "1", "productId": "mug", "title": "A mug of a guest", "quantity": 1}], "payment": {"status": "pending", "deadline": "2199-01-01T00:00:00Z"}}`)(w, r)
	}
	links, err := site.NewSealer(strings.Repeat("l", 32), "links")
	require.NoError(t, err)
	link, err := links.Seal("order link", map[string]any{"o": "o-7", "t": "of-another-guest", "e": time.Now().Add(time.Hour)})
	require.NoError(t, err)
	at, v := signer(t, p, gateway)
	p.signIn(t, at, v)
	status, _ := get(t, at, v, "/orders/o-7")
	require.Equal(t, http.StatusNotFound, status)
	status, _ = get(t, at, v, "/o/"+link)
	require.Equal(t, http.StatusSeeOther, status)
	status, page := get(t, at, v, "/orders/o-7")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "A mug of a guest")
	require.Contains(t, page, "Ada Byron")
	_, page = get(t, at, v, "/orders")
	require.Contains(t, page, "A mug of a guest")
	require.Contains(t, page, "Ada Byron")
}

func TestWithoutAProviderNobodySignsIn(t *testing.T) {
	at, v := pages(t, withOrders())
	_, page := get(t, at, v, "/")
	require.NotContains(t, page, "/sign-in")
	for _, path := range []string{"/sign-in", "/sign-in/callback?code=x&state=y"} {
		status, _ := get(t, at, v, path)
		require.Equal(t, http.StatusNotFound, status, path)
	}
	_, page = get(t, at, v, "/console")
	require.NotContains(t, page, "/sign-in")
}

func TestTheConsoleOffersSigningIn(t *testing.T) {
	p := &provider{}
	at, v := signer(t, p, withOrders())
	status, page := get(t, at, v, "/console/orders?status=paid")
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, page, `href="/sign-in?back=%2Fconsole%2Forders%3Fstatus%3Dpaid"`)
	p.signIn(t, at, v)
	status, page = get(t, at, v, "/console")
	require.Equal(t, http.StatusForbidden, status)
	require.Contains(t, page, "signed in as someone who doesn&#39;t work for the shop")
	require.Contains(t, page, `action="/sign-out"`)
}

// What was entered while someone was signed in is for nobody else who uses the browser.
func TestAnAddressIsForThoseWhoEnteredIt(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)
	gateway.answers["GET /v1/customers/me"] = says(http.StatusOK, `{"id": "ada", "defaultAddress": "home", "addresses": [
		{"id": "work", "recipient": "Ada", "line1": "2 Work Road", "city": "Hamburg", "country": "DE"},
		{"id": "home", "recipient": "Ada", "line1": "1 Home Road", "city": "Hamburg", "country": "DE"}]}`)
	at, v := signer(t, p, gateway)
	post := func(path string, form url.Values) string {
		res, err := v.PostForm(at+path, form) //nolint:bodyclose // read closes it
		_, _ = read(t, res, err)
		return res.Header.Get("Location")
	}
	p.signIn(t, at, v)
	post("/basket/add", url.Values{"product": {"mug"}})
	_, page := get(t, at, v, "/checkout")
	require.Less(t, strings.Index(page, "1 Home Road"), strings.Index(page, "2 Work Road"), "the default first")
	require.Equal(t, "/checkout", post("/checkout", url.Values{"saved": {"elsewhere"}}))
	require.Equal(t, "/checkout/review", post("/checkout", url.Values{"saved": {"work"}}))
	var asked string
	gateway.answers["POST /v1/quotes"] = func(w http.ResponseWriter, r *http.Request) {
		asked = bodyOf(t, r)
		says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)(w, r)
	}
	_, page = get(t, at, v, "/checkout/review")
	require.Contains(t, page, "2 Work Road")
	require.Contains(t, asked, `"addressId":"work"`)
	require.NotContains(t, asked, `"address":`)

	res, err := v.PostForm(at+"/sign-out", nil) //nolint:bodyclose // read closes it
	_, _ = read(t, res, err)
	res, err = v.Get(at + "/checkout/review") //nolint:bodyclose // read closes it
	_, page = read(t, res, err)
	require.Equal(t, "/checkout", res.Header.Get("Location"))
	require.NotContains(t, page, "2 Work Road")
	_, page = get(t, at, v, "/checkout")
	require.NotContains(t, page, "Road")
}

func TestAStoreThatIsAwayIsNoSignOut(t *testing.T) {
	p := &provider{}
	broken := &brokenStore{Memory: session.NewMemory()}
	at, v := signer(t, p, withOrders(), func(c *site.Config) { c.Sessions = broken })
	p.signIn(t, at, v)
	broken.away.Store(true)
	status, _ := get(t, at, v, "/orders")
	require.Equal(t, http.StatusServiceUnavailable, status)
	broken.away.Store(false)
	status, page := get(t, at, v, "/orders")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "Ada Byron")
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	_, page = get(t, at, &http.Client{Jar: jar}, "/orders")
	require.NotContains(t, page, "Ada Byron")
}

// A new session that can't be stored leaves the old one: it is the only way to what its guest ordered.
func TestAStoreThatFailsAtSigningInLosesNoOrder(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	broken := &brokenStore{Memory: session.NewMemory()}
	at, v := signer(t, p, gateway, func(c *site.Config) { c.Sessions = broken })
	post, key := shopping(t, at, v, gateway)
	post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
	state := p.begin(t, at, v, "/orders")
	broken.full.Store(true)
	status, _, _ := callback(t, at, v, "code=good&state="+state)
	require.Equal(t, http.StatusServiceUnavailable, status)
	broken.full.Store(false)
	status, page := get(t, at, v, "/orders/o-1")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "A mug of a guest")
	p.signIn(t, at, v)
	status, _ = get(t, at, v, "/orders/o-1")
	require.Equal(t, http.StatusOK, status)
}

// A store that can be read but not written, such as a full one, renews nothing: tokens are used to their end.
func TestAFullStoreLetsTokensBeUsed(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	var ahead atomic.Int64
	broken := &brokenStore{Memory: session.NewMemory()}
	at, v := signer(t, p, gateway, func(c *site.Config) {
		c.Sessions = broken
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	p.signIn(t, at, v)
	broken.full.Store(true)
	ahead.Store(int64(45 * time.Minute)) // it should be renewed, and is good for an hour
	status, page := get(t, at, v, "/orders")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "Ada Byron")
	ahead.Store(int64(2 * time.Hour))
	status, _ = get(t, at, v, "/orders")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Zero(t, p.renewals)
	broken.full.Store(false)
	status, _ = get(t, at, v, "/orders")
	require.Equal(t, http.StatusOK, status)
}

type brokenStore struct {
	*session.Memory
	away, full atomic.Bool
}

func (b *brokenStore) Claim(ctx context.Context, name string, lasts time.Duration) (release func(), free bool, err error) {
	if b.full.Load() {
		return nil, false, errors.New("full")
	}
	return b.Memory.Claim(ctx, name, lasts)
}

func (b *brokenStore) Put(ctx context.Context, id string, s session.Session) error {
	if b.full.Load() {
		return errors.New("full")
	}
	return b.Memory.Put(ctx, id, s)
}

func (b *brokenStore) Get(ctx context.Context, id string) (*session.Session, error) {
	if b.away.Load() {
		return nil, errors.New("away")
	}
	return b.Memory.Get(ctx, id)
}

func bodyOf(t *testing.T, r *http.Request) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return string(b)
}

// Anyone may begin an attempt, so a network may complete only so many of them: each makes the pages ask the
// provider.
func TestCallbacksOfANetworkAreLimited(t *testing.T) {
	p, now := &provider{}, time.Now()
	var ahead atomic.Int64
	at, v := signer(t, p, withOrders(), func(c *site.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		c.Now = func() time.Time { return now.Add(time.Duration(ahead.Load())) }
	})
	from := func(address, code, state string) (status int, page string, header http.Header) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/sign-in/callback?code="+code+"&state="+state, nil)
		require.NoError(t, err)
		req.Header.Set("X-Forwarded-For", address)
		res, err := v.Do(req) //nolint:bodyclose // read closes it
		status, page = read(t, res, err)
		return status, page, res.Header
	}
	for i := range 60 {
		status, _, _ := from(fmt.Sprintf("2001:db8::%x", i), "made-up", p.begin(t, at, v, "/orders"))
		require.Equal(t, http.StatusBadGateway, status)
	}
	state := p.begin(t, at, v, "/orders")
	status, page, header := from("2001:db8::ffff", "good", state)
	require.Equal(t, http.StatusTooManyRequests, status)
	require.Contains(t, page, "Too many requests at once")
	require.Equal(t, "60", header.Get("Retry-After"))
	require.EqualValues(t, 60, p.exchanges.Load())
	status, _, _ = from("2001:db8:1::1", "good", p.begin(t, at, v, "/orders"))
	require.Equal(t, http.StatusSeeOther, status, "another network")
	ahead.Store(int64(time.Minute))
	status, _, _ = from("2001:db8::ffff", "good", state)
	require.Equal(t, http.StatusSeeOther, status, "the attempt is still there")
}

// A session that the gateway takes no more ends at the provider, too, and the page doesn't depend on it.
func TestASessionThatTheGatewayRefusesIsRevoked(t *testing.T) {
	for name, revoking := range map[string]func(context.Context) error{
		"revoked":      nil,
		"refused":      func(context.Context) error { return signin.ErrRefused },
		"no answer":    func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"an unknown":   func(context.Context) error { return errors.New("unknown") },
		"away already": func(context.Context) error { return signin.ErrAway },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, gateway := &provider{revoking: revoking}, withOrders()
			at, v := signer(t, p, gateway)
			p.signIn(t, at, v)
			gateway.answers["GET /v1/orders"] = says(http.StatusUnauthorized, `{"type": "/problems/unauthorized", "title": "Invalid", "status": 401}`)
			begun := time.Now()
			status, page := get(t, at, v, "/orders")
			require.Equal(t, http.StatusUnauthorized, status)
			require.Contains(t, page, `href="/sign-in?back=%2Forders"`)
			require.Less(t, time.Since(begun), 10*time.Second)
			require.Equal(t, []string{"refresh-0"}, p.revoked)
			require.NotContains(t, cookies(t, at, v), "hf_session")
		})
	}
}

// Whoever uses the browser after someone signed out has neither what that one ordered as a guest before, nor the
// address that they entered then: not as a visitor, not as a guest, and not signed in.
func TestTheNextPersonAtABrowserHasNothingOfAnEarlierGuest(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	at, v := signer(t, p, gateway)
	post, key := shopping(t, at, v, gateway)
	answers := gateway.answers["POST /v1/orders"]
	post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
	get(t, at, v, "/orders/o-1")
	post("/basket/add", url.Values{"product": {"mug"}})
	_, review := get(t, at, v, "/checkout/review")
	_, rest, _ := strings.Cut(review, `name="key" value="`)
	key, _, _ = strings.Cut(rest, `"`)
	gateway.answers["POST /v1/orders"] = says(http.StatusServiceUnavailable, `{"type": "/problems/timeout", "title": "Timeout", "status": 503}`)
	status, _ := post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
	require.Equal(t, http.StatusAccepted, status, "unanswered, so the basket notes that it is the guest's")
	p.signIn(t, at, v)
	status, _ = get(t, at, v, "/orders/o-1")
	require.Equal(t, http.StatusOK, status)
	post("/sign-out", nil)

	var tokens []string
	gateway.answers["POST /v1/guests"] = says(http.StatusCreated, strings.ReplaceAll(guest, "guests-token", "next-guests-token"))
	gateway.answers["POST /v1/orders"] = func(w http.ResponseWriter, r *http.Request) {
		tokens = append(tokens, r.Header.Get("Authorization"))
		answers(w, r)
	}
	hasNothing := func() {
		t.Helper()
		status, page := get(t, at, v, "/orders/o-1")
		require.Equal(t, http.StatusNotFound, status)
		require.NotContains(t, page, "A mug of a guest")
		_, page = get(t, at, v, "/orders")
		require.NotContains(t, page, "A mug of a guest")
		_, page = get(t, at, v, "/checkout")
		require.NotContains(t, page, "Hamburg")
		require.NotContains(t, page, `value="Ada"`)
	}
	hasNothing()
	post("/checkout", url.Values{"recipient": {"Bob"}, "line1": {"2"}, "city": {"Bremen"}, "country": {"DE"}})
	get(t, at, v, "/checkout/review") // begins a guest's session
	hasNothing()
	p.signIn(t, at, v)
	hasNothing()
	post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
	require.NotEmpty(t, tokens)
	require.NotContains(t, tokens, "Bearer guests-token", "nothing is ordered as the earlier guest")
}
