package elastic_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/elastic"
)

// copied is a rebuild on a cluster of two nodes, which reports what health returns; trail
// is what the swap did, in order.
func copied(t *testing.T, within time.Duration, health func(look int) string) (r search.Rebuild, trail func() []string) {
	t.Helper()
	var mu sync.Mutex
	var did []string
	looks := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.URL.Path == "/":
			said(w, `{"version":{"number":"8.13.0"}}`)
		case strings.HasPrefix(r.URL.Path, "/_alias/"):
			said(w, `{"there":{}}`)
		case strings.HasPrefix(r.URL.Path, "/_cluster/health/"):
			looks++
			answer := health(looks)
			did = append(did, answer)
			said(w, answer)
		case strings.HasSuffix(r.URL.Path, "/_settings"):
			did = append(did, "settings")
			said(w, `{}`)
		case r.URL.Path == "/_aliases":
			did = append(did, "swap")
			said(w, `{}`)
		default:
			said(w, `{}`)
		}
	}))
	t.Cleanup(s.Close)
	x := open(t, elastic.Options{URLs: []string{s.URL}, Prefix: "x"})
	elastic.CopyWithin(x, within)
	r, err := x.Rebuild(t.Context(), search.ViewOrders)
	require.NoError(t, err, "%v", causeOf(err))
	return r, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return did
	}
}

const (
	alone   = `{"status":"yellow","initializing_shards":0}`
	copying = `{"status":"yellow","initializing_shards":1}`
	whole   = `{"status":"green","initializing_shards":0}`
)

// Orders that have left Redis are only in the view: the old index, which has two copies,
// stays until the new one has them too.
func TestASwapWaitsForTheSecondCopy(t *testing.T) {
	r, trail := copied(t, time.Minute, func(look int) string { return []string{alone, copying, whole}[look-1] })
	require.NoError(t, r.Swap(t.Context()))
	require.Equal(t, []string{"settings", alone, copying, whole, "swap"}, trail())
}

// A large index is copied for longer than the wait for the copy to begin.
func TestASwapWaitsAsLongAsACopyIsMade(t *testing.T) {
	begun := time.Now()
	r, trail := copied(t, 500*time.Millisecond, func(int) string {
		if time.Since(begun) < 1500*time.Millisecond {
			return copying
		}
		return whole
	})
	require.NoError(t, r.Swap(t.Context()))
	require.Equal(t, "swap", trail()[len(trail())-1])
	require.Greater(t, time.Since(begun), 1500*time.Millisecond)
}

func TestASwapWithoutASecondCopyFails(t *testing.T) {
	r, trail := copied(t, 500*time.Millisecond, func(int) string { return alone })
	err := r.Swap(t.Context())
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.ErrorContains(t, causeOf(err), "nobody copies it")
	require.NotContains(t, trail(), "swap")
}
