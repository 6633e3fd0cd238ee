package web_test

import (
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/web"
	"holdfast/web/session"
	"holdfast/web/site"
)

// overTLS starts pages that browsers reach by HTTPS, and returns a visitor and the sessions.
func overTLS(t *testing.T, p *provider, gateway http.Handler) (at string, v *http.Client, store *session.Memory) {
	t.Helper()
	p.kind, p.lasts = session.KindCustomer, time.Hour
	behind := httptest.NewServer(gateway)
	t.Cleanup(behind.Close)
	c, err := client.New(client.Config{URL: behind.URL})
	require.NoError(t, err)
	store = session.NewMemory()
	server, err := web.New(site.Config{
		Gateway: c, Secret: strings.Repeat("s", 32), Sessions: store, SignIn: p, Secure: true, Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(server.Close)
	front := httptest.NewTLSServer(server)
	t.Cleanup(front.Close)
	v = front.Client()
	v.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	stay(v)
	return front.URL, v, store
}

// Cookies of a shop with HTTPS are bound to its host: browsers take those with the prefix from this host only, for
// all of its paths.
func TestCookiesAreBoundToTheirHostByHTTPS(t *testing.T) {
	p := &provider{}
	at, v, _ := overTLS(t, p, withOrders())
	state := p.begin(t, at, v, "/orders")
	res, err := v.Get(at + "/sign-in/callback?code=good&state=" + state)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusSeeOther, res.StatusCode)
	added, err := v.PostForm(at+"/basket/add", url.Values{"product": {"mug"}})
	require.NoError(t, err)
	require.NoError(t, added.Body.Close())
	set := map[string]*http.Cookie{}
	for _, c := range append(res.Cookies(), added.Cookies()...) {
		set[c.Name] = c
	}
	for _, name := range []string{"__Host-hf_session", "__Host-hf_signin", "__Host-hf_basket"} {
		require.Contains(t, set, name)
	}
	for name, c := range set {
		require.True(t, strings.HasPrefix(name, "__Host-"), name)
		require.True(t, c.Secure && c.HttpOnly, name)
		require.Equal(t, "/", c.Path, name)
		require.Empty(t, c.Domain, name)
	}
	_, page := get(t, at, v, "/orders")
	require.Contains(t, page, "Ada Byron")

	// A name without the prefix may come from any host of the domain, so it begins nothing.
	planted := cookies(t, at, v)["__Host-hf_session"]
	v.Jar, err = cookiejar.New(nil)
	require.NoError(t, err)
	u, err := url.Parse(at)
	require.NoError(t, err)
	v.Jar.SetCookies(u, []*http.Cookie{{Name: "hf_session", Value: planted}, {Name: "hf_basket", Value: set["__Host-hf_basket"].Value}})
	_, page = get(t, at, v, "/orders")
	require.NotContains(t, page, "Ada Byron")
	_, page = get(t, at, v, "/basket")
	require.Contains(t, page, "Your basket is empty")
}

// Who was signed in when the prefix came stays so, with their basket.
func TestASessionKeepsItsBrowserWhenItsCookieIsRenamed(t *testing.T) {
	p := &provider{}
	at, v, store := overTLS(t, p, withOrders())
	now, id := time.Now(), session.NewAccountID()
	require.NoError(t, store.Put(t.Context(), id, session.Session{
		Kind: session.KindCustomer, Token: "access-0", Name: "Ada Byron", Expires: now.Add(time.Hour),
		Account: &session.Account{Subject: "ada", Ends: now.Add(time.Hour), RenewAt: now.Add(time.Hour)},
	}))
	cookieSeal, err := site.NewSealer(strings.Repeat("s", 32), "cookies")
	require.NoError(t, err)
	basket, err := cookieSeal.Seal("hf_basket", map[string]any{"k": "key", "l": []map[string]any{{"p": "mug", "q": 2, "u": 1250, "c": "EUR", "t": "A mug of before"}}})
	require.NoError(t, err)
	u, err := url.Parse(at)
	require.NoError(t, err)
	v.Jar.SetCookies(u, []*http.Cookie{{Name: "hf_session", Value: id}, {Name: "hf_basket", Value: basket}})
	for range 2 {
		_, page := get(t, at, v, "/orders")
		require.Contains(t, page, "Ada Byron")
		_, page = get(t, at, v, "/basket")
		require.Contains(t, page, "A mug of before")
		kept := cookies(t, at, v)
		require.Equal(t, id, kept["__Host-hf_session"])
		require.Contains(t, kept, "__Host-hf_basket")
		require.NotContains(t, kept, "hf_session")
		require.NotContains(t, kept, "hf_basket")
	}
}
