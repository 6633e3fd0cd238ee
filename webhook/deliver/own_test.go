package deliver

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/webhook"
)

func TestOwnServicesAreRefusedWhateverIsAllowed(t *testing.T) {
	g := newGuard(t, "private,203.0.113.0/24")
	g.resolver = names(t, func(name string) string {
		return map[string]string{"redis.internal.": "10.0.0.5", "elastic.internal.": "10.0.0.6", "shop.internal.": "10.0.0.7"}[name]
	})
	g.RefuseOwn(func(context.Context) []string {
		return []string{"redis.internal:6379", "elastic.internal:9200", "127.0.0.1:7233", "203.0.113.9:6379", "/run/redis.sock"}
	})
	for address, refused := range map[string]bool{
		"10.0.0.5:6379": true, "10.0.0.5:80": true, "[::ffff:10.0.0.6]:9300": true, "203.0.113.9:443": true,
		"127.0.0.1:7233": true, "127.0.0.2:7233": true, "[::1]:7233": true,
		"127.0.0.1:8000": false, "10.0.0.7:9200": false, "203.0.113.8:443": false,
	} {
		require.Equal(t, refused, isOwn(t, g, address), address)
	}
	for _, url := range []string{"http://redis.internal:6379/", "https://elastic.internal/", "http://127.0.0.1:7233/", "https://203.0.113.9/"} {
		require.ErrorContains(t, g.Check(t.Context(), url), "own services", url)
	}
	require.NoError(t, g.Check(t.Context(), "http://shop.internal:9200/"))
	require.NoError(t, g.Check(t.Context(), "http://127.0.0.1:8000/"))
}

// What counts is the connection: a name may resolve to a service the second time.
func TestAConnectionToAnOwnServiceIsRefused(t *testing.T) {
	var asked atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer service.Close()
	g := newGuard(t, Loopback)
	g.RefuseOwn(func(context.Context) []string { return []string{strings.TrimPrefix(service.URL, "http://")} })
	_, err := NewSender(g).Send(t.Context(), service.URL, []string{webhook.NewSecret()}, webhook.Event{ID: "1-2-3", Body: []byte("{}")})
	requireTrouble(t, webhook.TroubleRefusedAddress, err)
	require.Zero(t, asked.Load())
}

// A service that moved is refused at its new address.
func TestAnOwnServiceThatMovedIsRefusedWhereItIs(t *testing.T) {
	g := newGuard(t, "private")
	at := "10.0.0.5:6379"
	g.RefuseOwn(func(context.Context) []string { return []string{at} })
	require.True(t, isOwn(t, g, "10.0.0.5:6379"))
	at = "10.0.0.8:6379"
	g.age()
	require.True(t, isOwn(t, g, "10.0.0.8:6379"))
	require.False(t, isOwn(t, g, "10.0.0.5:6379"))
}

// A name whose lookup hangs doesn't hide other services, and delays callers only once in a
// while.
func TestANameThatHangsHidesNoOtherService(t *testing.T) {
	var asked atomic.Int32
	g := newGuard(t, "private")
	g.resolver = names(t, func(name string) string {
		if name == "hangs.internal." {
			asked.Add(1)
			return silent
		}
		return "10.0.0.5"
	})
	g.RefuseOwn(func(context.Context) []string { return []string{"hangs.internal:9200", "redis.internal:6379"} })
	begun := time.Now()
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			assert.ErrorIs(t, g.checkOwn(t.Context(), netip.MustParseAddrPort("10.0.0.5:6379")), errOwn)
		})
	}
	callers.Wait()
	require.Less(t, time.Since(begun), 2*lookUpWithin, "all wait for the same answer")
	times := asked.Load()
	require.ErrorIs(t, g.checkOwn(t.Context(), netip.MustParseAddrPort("10.0.0.7:80")), errOwnUnknown, "the other one may be there")
	require.ErrorContains(t, g.Check(t.Context(), "http://10.0.0.7/"), "try again")
	require.NoError(t, g.checkOwn(t.Context(), netip.MustParseAddrPort("93.184.215.14:443")), "no setting leads there")
	require.Equal(t, times, asked.Load(), "it isn't asked for again at once")

	_, err := NewSender(g).Send(t.Context(), "http://10.0.0.7/", []string{webhook.NewSecret()}, webhook.Event{ID: "1-2-3", Body: []byte("{}")})
	requireTrouble(t, webhook.TroubleRefusedAddress, err)
}

// A name that can't be resolved any more keeps its own last addresses, and no others.
func TestANameThatIsGoneKeepsItsOwnAddressesAlone(t *testing.T) {
	var moved atomic.Bool
	g := newGuard(t, "private")
	g.resolver = names(t, func(name string) string {
		switch {
		case name == "gone.internal." && moved.Load():
			return "" // there is no such name
		case name == "gone.internal.":
			return "10.0.0.4"
		case moved.Load():
			return "10.0.0.8"
		}
		return "10.0.0.5"
	})
	g.RefuseOwn(func(context.Context) []string { return []string{"gone.internal:9200", "redis.internal:6379"} })
	require.True(t, isOwn(t, g, "10.0.0.5:6379"))
	moved.Store(true)
	g.age()
	for address, refused := range map[string]bool{"10.0.0.4:9200": true, "10.0.0.8:6379": true, "10.0.0.5:6379": false} {
		require.Equal(t, refused, isOwn(t, g, address), address)
	}
}

// The addresses of a name that was never resolved are unknown: with a private network
// allowed, the service may be anywhere in it.
func TestANameThatWasNeverResolvedClosesPrivateNetworks(t *testing.T) {
	var there atomic.Bool
	g := newGuard(t, "10.0.0.0/8")
	g.resolver = names(t, func(string) string {
		if there.Load() {
			return "10.0.0.5"
		}
		return ""
	})
	g.RefuseOwn(func(context.Context) []string { return []string{"late.internal:9200"} })
	require.ErrorIs(t, g.checkOwn(t.Context(), netip.MustParseAddrPort("10.0.0.7:80")), errOwnUnknown)
	require.NoError(t, newGuard(t, "").checkOwn(t.Context(), netip.MustParseAddrPort("10.0.0.7:80")))
	there.Store(true)
	g.age()
	require.NoError(t, g.checkOwn(t.Context(), netip.MustParseAddrPort("10.0.0.7:80")))
	require.ErrorIs(t, g.checkOwn(t.Context(), netip.MustParseAddrPort("10.0.0.5:80")), errOwn)
}

func isOwn(t *testing.T, g *Guard, address string) bool {
	t.Helper()
	err := g.checkOwn(t.Context(), netip.MustParseAddrPort(address))
	require.True(t, err == nil || errors.Is(err, errOwn), "%v", err)
	return err != nil
}

// age makes the guard look up the services again.
func (g *Guard) age() { g.own.last.at = g.own.last.at.Add(-ownFor) }
