package sandbox_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/carrier"
	"holdfast/carrier/sandbox"
	"holdfast/order"
)

// desk is the page, and a gateway that keeps what the page sends.
type desk struct {
	page   *sandbox.Page
	got    []carrier.Scan
	status int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{status: http.StatusNoContent}
	c := newCarrier(t)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && r.URL.Path == "/v1/carriers/sandbox/callbacks" {
			var scans []carrier.Scan
			if scans, err = c.Callback(r.Header, body, time.Now()); err == nil && d.status == http.StatusNoContent {
				d.got = append(d.got, scans...)
			}
		}
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(d.status)
	}))
	t.Cleanup(gateway.Close)
	d.page = sandbox.NewPage(c, gateway.URL+"/", slog.New(slog.DiscardHandler))
	return d
}

func (d *desk) visit(t *testing.T, method, path string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	d.page.ServeHTTP(w, r)
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	return w
}

func TestATesterMovesAParcelAlong(t *testing.T) {
	d := newDesk(t)
	require.NotContains(t, d.visit(t, http.MethodGet, sandbox.Path, nil).Body.String(), "in_transit")
	page := d.visit(t, http.MethodGet, sandbox.Path+"?number=1z+999-aa1", nil)
	require.Equal(t, http.StatusOK, page.Code)
	for _, says := range []string{
		"1Z999AA1", `value="left_warehouse"`, `value="delivered"`, `value="delayed"`, `value="returned_to_sender"`, "Out for delivery",
	} {
		require.Contains(t, page.Body.String(), says)
	}
	require.NotContains(t, page.Body.String(), `value="packed"`, "no carrier reports that")
	w := d.visit(t, http.MethodPost, sandbox.Path, url.Values{
		"number": {"1z 999 aa1"}, "report": {"in_transit"}, "minutes": {"90"}, "detail": {"<b>left</b>"},
	})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Contains(t, d.visit(t, http.MethodGet, w.Header().Get("Location"), nil).Body.String(), "Reported: In transit.")
	require.Equal(t, http.StatusSeeOther, d.visit(t, http.MethodPost, sandbox.Path, url.Values{"number": {"1Z999AA1"}, "report": {"lost"}}).Code)
	require.Len(t, d.got, 2)
	require.Equal(t, "1Z999AA1", d.got[0].TrackingNumber)
	require.Equal(t, order.NodeInTransit, d.got[0].Event.Node)
	require.WithinDuration(t, time.Now().Add(-90*time.Minute), d.got[0].Event.OccurredAt, time.Minute)
	require.Equal(t, "<b>left</b>", d.got[0].Event.Detail)
	require.Equal(t, order.MarkLost, d.got[1].Event.Mark)
	require.NotEqual(t, d.got[0].Event.ID, d.got[1].Event.ID)
}

func TestThePageSaysWhatIsWrong(t *testing.T) {
	d := newDesk(t)
	for name, row := range map[string]struct {
		method, path string
		form         url.Values
		status       int
		says         string
	}{
		"no number":        {http.MethodGet, sandbox.Path + "?number=%3Cb%3E", nil, 400, "4 to 50 letters"},
		"nothing reported": {http.MethodPost, sandbox.Path, url.Values{"number": {"1Z999"}}, 400, "one of the buttons"},
		"packed":           {http.MethodPost, sandbox.Path, url.Values{"number": {"1Z999"}, "report": {"packed"}}, 400, "one of the buttons"},
		"no parcel":        {http.MethodPost, sandbox.Path, url.Values{"report": {"lost"}}, 400, "4 to 50 letters"},
		"in an hour":       {http.MethodPost, sandbox.Path, url.Values{"number": {"1Z999"}, "report": {"lost"}, "minutes": {"-60"}}, 400, "0 to 525600"},
		"too much":         {http.MethodPost, sandbox.Path, url.Values{"detail": {strings.Repeat("x", 5000)}}, 400, "read"},
		"another page":     {http.MethodGet, sandbox.Path + "x", nil, 404, "nothing here"},
	} {
		w := d.visit(t, row.method, row.path, row.form)
		require.Equal(t, row.status, w.Code, name)
		require.Contains(t, w.Body.String(), row.says, name)
		require.NotContains(t, w.Body.String(), "<b>", name)
	}
	d.status = http.StatusServiceUnavailable
	w := d.visit(t, http.MethodPost, sandbox.Path, url.Values{"number": {"1Z999"}, "report": {"lost"}})
	require.Equal(t, http.StatusBadGateway, w.Code)
	require.Contains(t, w.Body.String(), "Try again")
	require.Empty(t, d.got)
}
