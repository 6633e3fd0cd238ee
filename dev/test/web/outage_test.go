package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/web"
	"holdfast/web/session"
	"holdfast/web/site"
)

// A gateway that is away is said so, and the page comes back by itself.
func TestAPageComesBackAfterAnOutage(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "mug", "Enamel mug", 1250, 5)
	gateway, err := url.Parse(s.URL)
	require.NoError(t, err)
	var away atomic.Bool
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) { p.SetURL(gateway) }}).ServeHTTP(w, r)
	}))
	t.Cleanup(between.Close)
	api, err := client.New(client.Config{URL: between.URL, Connections: 8})
	require.NoError(t, err)
	pages, err := web.New(site.Config{Gateway: api, Secret: strings.Repeat("s", 32), Sessions: session.NewMemory(), Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(pages.Close)
	front := httptest.NewServer(pages)
	t.Cleanup(front.Close)

	b := openBrowser(t, front.URL)
	b.putInBasket("mug", "1")
	away.Store(true)
	b.open("/products/mug")
	require.Contains(t, b.text("main"), "moment")
	b.requireFine("away")
	away.Store(false)
	b.await(".buy button")

	b.pressTextTo("/basket", "Go to checkout")
	b.deliverTo("Ada")
	away.Store(true)
	b.pressText("Order and pay")
	require.Contains(t, b.text("main"), "We don't know yet", "an order is never said to have failed")
	b.requireFine("away-ordering")
	away.Store(false)
	b.await(`[data-stage="pay"]`)
	require.EqualValues(t, 1, shop.Order(t, b.orderID()).Lines[0].Quantity)
}

// pressTextTo opens a page and presses something on it.
func (b *browser) pressTextTo(path, text string) {
	b.t.Helper()
	b.open(path)
	b.pressText(text)
}
