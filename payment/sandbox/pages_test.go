package sandbox_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/redisdb/redistest"
)

const (
	form    = "application/x-www-form-urlencoded"
	browser = "text/html,application/xhtml+xml,*/*;q=0.8"
)

func visit(t *testing.T, d *desk, method, path, media, accept, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", media)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	sandbox.NewPages(d.books, "https://shop.example/orders/", slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

func TestThePageShowsThePayment(t *testing.T) {
	d := newDesk(t, redistest.Real(t))
	r, id := d.create(t)
	look := func() string {
		w := visit(t, d, http.MethodGet, "/sandbox/pay/"+id, "", browser, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
		require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'")
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		return w.Body.String()
	}
	open := look()
	for _, says := range []string{
		r.OrderID, "€12.90", `href="https://shop.example/orders/` + r.OrderID + `"`, "waiting for the buyer", `value="pay"`, `value="decline"`, `value="refuse"`,
		`value="process"`, `value="pay_late"`, `value="pay_twice"`,
	} {
		require.Contains(t, open, says)
	}
	d.choose(t, id, sandbox.ActionProcess)
	require.Contains(t, look(), "being processed")
	d.choose(t, id, sandbox.ActionPay)
	paid := look()
	require.Contains(t, paid, ">paid<")
	require.Equal(t, 3, strings.Count(paid, "<button"), "a dispute is all that can come of it")
	require.Contains(t, paid, `value="dispute"`)
	_, err := d.Refund(t.Context(), order.RefundRequest{RefundID: "r", PaymentID: id, Amount: 290, Currency: "EUR", Paid: 1290})
	require.NoError(t, err)
	require.Contains(t, look(), "€2.90")
}

func TestAPersonIsSentBackToThePage(t *testing.T) {
	d := newDesk(t, redistest.Real(t))
	_, id := d.create(t)
	w := visit(t, d, http.MethodPost, "/sandbox/pay/"+id, form, browser, "action=pay&amount=")
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, "/sandbox/pay/"+id, w.Header().Get("Location"))
	require.Equal(t, order.ProviderSucceeded, d.status(t, id))
	late := visit(t, d, http.MethodPost, "/sandbox/pay/"+id, form, browser, "action=refuse")
	require.Equal(t, http.StatusConflict, late.Code)
	require.Contains(t, late.Body.String(), "Too late")
	require.Contains(t, late.Body.String(), ">paid<", "and how it stands")
}

func TestAProgramPays(t *testing.T) {
	d := newDesk(t, redistest.Real(t))
	for _, c := range []struct {
		media, body, want string
		amount            int64
	}{
		{form, "action=pay", "succeeded", 1290},
		{form, "action=pay&amount=7", "succeeded", 7},
		{"application/json", `{"action":"pay","amount":8}`, "succeeded", 8},
		{"application/json; charset=utf-8", `{"action":"process"}`, "processing", 1290},
		{form, "action=decline", "open", 1290},
		{form, "action=refuse", "cancelled", 1290},
		{form, "action=pay_late", "open", 1290},
		{form, "action=pay_twice", "succeeded", 1290},
	} {
		_, id := d.create(t)
		w := visit(t, d, http.MethodPost, "/sandbox/pay/"+id, c.media, "*/*", c.body)
		require.Equal(t, http.StatusOK, w.Code, w.Body)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		var a struct{ PaymentID, Status string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
		require.Equal(t, id, a.PaymentID)
		require.Equal(t, c.want, a.Status, c.body)
		p, err := d.LookUp(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, c.amount, p.Amount)
	}
}

func TestWhatThePageRefuses(t *testing.T) {
	d := newDesk(t, redistest.Real(t))
	r, id := d.create(t)
	before := d.status(t, id)
	pay := "/sandbox/pay/"
	for name, c := range map[string]struct {
		method, path, media, body string
		status                    int
	}{
		"unknown payment":     {http.MethodPost, pay + "nobody", form, "action=pay", http.StatusNotFound},
		"no id at all":        {http.MethodPost, pay + "a%20b", form, "action=pay", http.StatusNotFound},
		"unknown page":        {http.MethodGet, "/sandbox/elsewhere", "", "", http.StatusNotFound},
		"unknown action":      {http.MethodPost, pay + id, form, "action=steal", http.StatusBadRequest},
		"no action":           {http.MethodPost, pay + id, form, "", http.StatusBadRequest},
		"no type":             {http.MethodPost, pay + id, "", "action=pay", http.StatusBadRequest},
		"another type":        {http.MethodPost, pay + id, "text/plain", "action=pay", http.StatusBadRequest},
		"no JSON":             {http.MethodPost, pay + id, "application/json", "{", http.StatusBadRequest},
		"two documents":       {http.MethodPost, pay + id, "application/json", `{"action":"pay"}{}`, http.StatusBadRequest},
		"an unknown field":    {http.MethodPost, pay + id, "application/json", `{"action":"pay","to":"me"}`, http.StatusBadRequest},
		"amount 0":            {http.MethodPost, pay + id, form, "action=pay&amount=0", http.StatusBadRequest},
		"amount -1":           {http.MethodPost, pay + id, "application/json", `{"action":"pay","amount":-1}`, http.StatusBadRequest},
		"amount x":            {http.MethodPost, pay + id, form, "action=pay&amount=x", http.StatusBadRequest},
		"an amount too large": {http.MethodPost, pay + id, form, "action=pay&amount=9007199254740992", http.StatusBadRequest},
		"no currency":         {http.MethodPost, pay + id, form, "action=pay&currency=nix", http.StatusBadRequest},
		"a large body":        {http.MethodPost, pay + id, form, "action=pay&x=" + strings.Repeat("y", 5000), http.StatusBadRequest},
		"another method":      {http.MethodPut, pay + id, form, "action=pay", http.StatusNotFound},
	} {
		for _, accept := range []string{browser, "application/json"} {
			w := visit(t, d, c.method, c.path, c.media, accept, c.body)
			require.Equal(t, c.status, w.Code, name)
			if accept == browser || c.method == http.MethodGet {
				require.Contains(t, w.Body.String(), "<!doctype html>", name)
			} else if c.method == http.MethodPost {
				require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), name)
			}
		}
	}
	require.Equal(t, before, d.status(t, id))
	_, err := d.Cancel(t.Context(), id, r)
	require.NoError(t, err)
	w := visit(t, d, http.MethodPost, pay+id, form, "*/*", "action=pay")
	require.Equal(t, http.StatusConflict, w.Code)
	require.Contains(t, w.Body.String(), "cancelled")
	mark := r
	mark.Attempt = 2
	_, err = d.Cancel(t.Context(), "", mark)
	require.NoError(t, err)
	w = visit(t, d, http.MethodGet, pay+sandbox.PaymentID(mark), "", browser, "")
	require.Equal(t, http.StatusNotFound, w.Code, "a mark is no payment")
}

func TestThePageWithoutItsBooks(t *testing.T) {
	d := newDesk(t, away(t))
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := visit(t, d, method, "/sandbox/pay/p-1", form, browser, "action=pay")
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
		require.Contains(t, w.Body.String(), "Try again")
	}
}
