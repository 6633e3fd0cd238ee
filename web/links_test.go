package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/web/session"
	"holdfast/web/site"
)

// linkWith makes a link to order o-7 with a guest's token.
func linkWith(t *testing.T, token string) string {
	t.Helper()
	links, err := site.NewSealer(strings.Repeat("l", 32), "links")
	require.NoError(t, err)
	sealed, err := links.Seal("order link", map[string]any{"o": "o-7", "t": token, "e": time.Now().Add(time.Hour)})
	require.NoError(t, err)
	return "/o/" + sealed
}

// Whoever has a link could use it a million times: that must not drive other visitors' sessions out.
func TestALinkHasOneSessionHoweverOftenItIsUsed(t *testing.T) {
	sessions := session.NewMemory()
	at, _ := pages(t, ready(), func(c *site.Config) { c.Sessions = sessions })
	enter := func(link string) string {
		v := &http.Client{}
		stay(v)
		res, err := v.Get(at + link)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, "/orders/o-7", res.Header.Get("Location"))
		require.Len(t, res.Cookies(), 1)
		return res.Cookies()[0].Value
	}
	first := enter(linkWith(t, "of-another-guest"))
	require.Equal(t, first, enter(linkWith(t, "of-another-guest")))
	require.NotEqual(t, first, enter(linkWith(t, "of-a-third-guest")))
	s, err := sessions.Get(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, "o-7", s.Only)
}

// Whoever came by a link and then orders something keeps the order that they came to see, and what they sent
// back of it only in part, or not at all, they can send back again.
func TestAVisitorByALinkKeepsItsOrderWhenTheyOrder(t *testing.T) {
	gateway := ready()
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)
	gateway.answers["GET /v1/orders/o-7"] = func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer of-another-guest" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		says(http.StatusOK, `{"id": "o-7", "shape": 2, "status": "delivered", "version": 9, "currency": "EUR", "amounts": {"total": 5000}, "returnBy": "2199-01-01T00:00:00Z",
			"lines": [{"id": "1", "productId": "mug", "sku": "m", "title": "Mug", "quantity": 4, "unitPrice": 1250, "amount": 5000}],
			"packages": [{"id": "p", "version": 2, "items": [{"lineId": "1", "quantity": 4}], "node": "delivered",
				"events": [{"id": "e", "node": "delivered", "occurredAt": "2026-01-01T00:00:00Z", "recordedAt": "2026-01-01T00:00:00Z"}]}],
			"returns": [{"id": "r1", "status": "received", "lines": [{"lineId": "1", "quantity": 2}], "received": [{"lineId": "1", "quantity": 1, "condition": "restock"}]},
				{"id": "r2", "status": "closed", "lines": [{"lineId": "1", "quantity": 2}]}]}`)(w, r)
	}
	at, v := pages(t, gateway)
	_, page := get(t, at, v, linkWith(t, "of-another-guest"))
	require.Contains(t, page, "Mug")
	res, err := v.PostForm(at+"/basket/add", url.Values{"product": {"mug"}})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	res, err = v.PostForm(at+"/checkout", url.Values{"recipient": {"Ada"}, "line1": {"1"}, "city": {"Hamburg"}, "country": {"DE"}}) //nolint:bodyclose // read closes it
	_, review := read(t, res, err)
	require.Contains(t, review, `name="key"`)

	_, page = get(t, at, v, "/orders/o-7/return")
	require.Contains(t, page, `name="units:1" min="0" max="3"`)
}
