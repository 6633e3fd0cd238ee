package console

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/web/live"
	"holdfast/web/session"
	"holdfast/web/site"
)

// desk is a console before a gateway that answers as told.
type desk struct {
	t       *testing.T
	mux     *http.ServeMux
	cookies []*http.Cookie
}

func newDesk(t *testing.T, gateway http.HandlerFunc) *desk {
	t.Helper()
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	api, err := client.New(client.Config{URL: server.URL})
	require.NoError(t, err)
	s, err := site.New(site.Config{
		Gateway: api, Secret: strings.Repeat("s", site.MinKeyBytes), Sessions: session.NewMemory(), Log: slog.New(slog.DiscardHandler),
		WorkflowsURL: "https://temporal.example/workflows/",
		Personas: []site.Persona{
			{Kind: session.KindGuest},
			{Name: "ada", Kind: session.KindCustomer, Token: func() (string, error) { return "of-ada", nil }},
			{Name: "operator", Kind: session.KindStaff, Token: func() (string, error) { return "of-the-operator", nil }},
		},
	})
	require.NoError(t, err)
	d := &desk{t: t, mux: http.NewServeMux()}
	d.mux.Handle("POST /switch", s.Handle(s.Switch))
	orders := live.New()
	t.Cleanup(orders.Close)
	Routes(d.mux, s, orders)
	return d
}

func (d *desk) become(who string) *desk {
	d.t.Helper()
	w := d.send(http.MethodPost, "/switch", url.Values{"who": {who}})
	d.cookies = w.Result().Cookies()
	return d
}

func (d *desk) send(method, path string, form url.Values) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequestWithContext(d.t.Context(), method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range d.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	return w
}

func away(w http.ResponseWriter) {
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = fmt.Fprint(w, `{"type":"/problems/search-unavailable","title":"Search unavailable","status":503}`) // to a test
}

func empty(w http.ResponseWriter) { _, _ = fmt.Fprint(w, `{"items":[]}`) } // to a test

func TestOnlyStaffSeeTheConsole(t *testing.T) {
	called := false
	d := newDesk(t, func(w http.ResponseWriter, _ *http.Request) { called = true; empty(w) })
	for _, who := range []string{"", "ada"} {
		d.become(who)
		for _, path := range []string{"/console", "/console/orders", "/console/orders/o1", "/console/prices", "/console/commands", "/console/new-command", "/console/scenarios/price", "/console/overview", "/console/audits"} {
			w := d.send(http.MethodGet, path, nil)
			require.Equal(t, http.StatusForbidden, w.Code, path)
			require.Contains(t, w.Body.String(), "The console is for staff")
		}
		require.Equal(t, http.StatusForbidden, d.send(http.MethodPost, "/console/orders/o1/cancel", url.Values{"key": {"k"}}).Code)
	}
	require.False(t, called, "nothing was asked on their behalf")
}

func TestTheInboxSaysWhatItCouldNotRead(t *testing.T) {
	d := newDesk(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer of-the-operator":
			t.Errorf("%s with the token %q", r.URL, r.Header.Get("Authorization"))
		case r.URL.Path == "/v1/orders":
			away(w)
		case r.URL.Path == "/v1/webhooks": // not for this role
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `{"type":"/problems/forbidden","title":"Not for this role","status":403}`) // to a test
		default:
			empty(w)
		}
	}).become("operator")
	w := d.send(http.MethodGet, "/console", nil)
	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	_, note, _ := strings.Cut(page, "something may be missing")
	note, _, _ = strings.Cut(note, "</div>")
	require.Contains(t, note, "alerts")
	require.Contains(t, note, "late orders")
	require.NotContains(t, note, "webhooks", "what isn't for a role isn't missed")
	require.NotContains(t, note, "refunds")
}

func TestAGatewayThatIsAwayIsAPageThatComesBack(t *testing.T) {
	d := newDesk(t, func(w http.ResponseWriter, _ *http.Request) { away(w) }).become("operator")
	for _, path := range []string{"/console", "/console/orders", "/console/orders/o1", "/console/products", "/console/webhooks", "/console/coupons", "/console/commands", "/console/commands/gift", "/console/scenarios", "/console/scenarios/price", "/console/overview", "/console/audits"} {
		w := d.send(http.MethodGet, path, nil)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, path)
		require.Contains(t, w.Body.String(), "data-again", path)
	}
}

func TestARefusedFormKeepsWhatWasTyped(t *testing.T) {
	d := newDesk(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodPost:
			w.WriteHeader(http.StatusConflict)
			_, _ = fmt.Fprint(w, `{"type":"/problems/over-packed","title":"More","status":409,"lines":[{"lineId":"1","requested":3,"open":1}]}`) // to a test
		case strings.HasSuffix(r.URL.Path, "/payment"):
			_, _ = fmt.Fprint(w, `{}`) // to a test
		default:
			_, _ = fmt.Fprint(w, paid) // to a test
		}
	}).become("operator")
	w := d.send(http.MethodPost, "/console/orders/o/pack", url.Values{"key": {"k"}, "u.1": {"3"}, "courier": {`"Post" <b>`}})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	page := w.Body.String()
	require.Contains(t, page, "More units than are open.")
	require.Contains(t, page, "Only 1 is left.")
	require.Contains(t, page, `value="&#34;Post&#34; &lt;b&gt;"`)
	require.Contains(t, page, `href="https://temporal.example/workflows/order%2Fo"`)
	require.Equal(t, http.StatusNotFound, d.send(http.MethodPost, "/console/orders/o/explode", url.Values{}).Code)
}

// A page that answers a form has an address that only the form leads to: links that come back lead to the
// page of the form.
func TestTheLanguageOfARefusedFormCanBeChanged(t *testing.T) {
	d, g := staffed(t, orders())
	g.tell("POST /v1/orders/o/hold", `409 {"type":"/problems/order-closed","title":"Closed","status":409}`)
	back := func(referer string) string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/console/orders/o/hold", strings.NewReader(""))
		r.Header.Set("Referer", referer)
		for _, c := range d.cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		d.mux.ServeHTTP(w, r)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		_, rest, _ := strings.Cut(w.Body.String(), `name="back" value="`)
		path, _, _ := strings.Cut(rest, `"`)
		return path
	}
	require.Equal(t, "/console/orders/o?show=money", back("http://example.com/console/orders/o?show=money"))
	require.Equal(t, "/console/orders/o/hold", back("https://elsewhere.example/console/orders/o"))
}
