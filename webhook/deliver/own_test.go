package deliver

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/webhook"
)

func TestOwnServicesAreRefusedWhateverIsAllowed(t *testing.T) {
	g := newGuard(t, "private,203.0.113.0/24")
	g.resolver = names(t, func(name string) string {
		return map[string]string{"redis.internal.": "10.0.0.5", "elastic.internal.": "10.0.0.6", "shop.internal.": "10.0.0.7"}[name]
	})
	g.RefuseOwn(func(context.Context) []string {
		return []string{"redis.internal:6379", "elastic.internal:9200", "127.0.0.1:7233", "203.0.113.9:6379", "/run/redis.sock", "nowhere.internal:1"}
	})
	for address, refused := range map[string]bool{
		"10.0.0.5:6379": true, "10.0.0.5:80": true, "[::ffff:10.0.0.6]:9300": true, "203.0.113.9:443": true,
		"127.0.0.1:7233": true, "127.0.0.2:7233": true, "[::1]:7233": true,
		"127.0.0.1:8000": false, "10.0.0.7:9200": false, "203.0.113.8:443": false,
	} {
		require.Equal(t, refused, g.isOwn(t.Context(), netip.MustParseAddrPort(address)), address)
	}
	for _, url := range []string{"http://redis.internal:6379/", "https://elastic.internal/", "http://127.0.0.1:7233/", "https://203.0.113.9/"} {
		require.ErrorContains(t, g.Check(t.Context(), url), "own services", url)
	}
	require.NoError(t, g.Check(t.Context(), "http://shop.internal:9200/"))
	require.NoError(t, g.Check(t.Context(), "http://127.0.0.1:8000/"))
}

// What counts is the connection: a name may mean a service the second time.
func TestAConnectionToAnOwnServiceIsRefused(t *testing.T) {
	var asked atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer service.Close()
	g := newGuard(t, Loopback)
	g.RefuseOwn(func(context.Context) []string { return []string{strings.TrimPrefix(service.URL, "http://")} })
	_, err := NewSender(g).Send(t.Context(), service.URL, []string{webhook.NewSecret()}, webhook.Event{ID: "1-2-3", Body: []byte("{}")})
	requireTrouble(t, webhook.RefusedAddress, err)
	require.Zero(t, asked.Load())
}

// A service that moved is refused where it is now.
func TestAnOwnServiceThatMovedIsRefusedWhereItIs(t *testing.T) {
	g := newGuard(t, "private")
	at := "10.0.0.5:6379"
	g.RefuseOwn(func(context.Context) []string { return []string{at} })
	require.True(t, g.isOwn(t.Context(), netip.MustParseAddrPort("10.0.0.5:6379")))
	at = "10.0.0.8:6379"
	g.own.at = g.own.at.Add(-ownFor)
	require.True(t, g.isOwn(t.Context(), netip.MustParseAddrPort("10.0.0.8:6379")))
	require.False(t, g.isOwn(t.Context(), netip.MustParseAddrPort("10.0.0.5:6379")))
}
