package elastic_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/elastic"
)

// A program that only searches may lack write permission, whatever is called and whatever
// the server answers.
func TestAReadOnlyIndexWritesNothing(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		reads := strings.HasSuffix(r.URL.Path, "/_search") || strings.HasSuffix(r.URL.Path, "/_mget")
		if r.Method != http.MethodGet && (r.Method != http.MethodPost || !reads) {
			t.Errorf("it writes: %s %s", r.Method, r.URL.Path)
		}
		w.WriteHeader(http.StatusNotFound)
		said(w, `{"error":{"type":"index_not_found_exception","reason":"no such index"}}`)
	}))
	t.Cleanup(s.Close)
	x := open(t, elastic.Options{URLs: []string{s.URL}, Prefix: "x", ReadOnly: true})
	ctx := t.Context()
	event := search.Event{ID: "1-1-0", ProductID: "mug", Type: "hold.made", Version: 1, At: time.Now()}
	for name, call := range map[string]func() error{
		"search":    func() error { _, err := x.SearchProducts(ctx, search.ProductQuery{}); return err },
		"suggest":   func() error { _, err := x.Suggest(ctx, search.SuggestQuery{Q: "mug"}); return err },
		"product":   func() error { _, err := x.GetProduct(ctx, "mug"); return err },
		"order":     func() error { _, err := x.GetOrder(ctx, "o"); return err },
		"orders":    func() error { _, err := x.ListOrders(ctx, search.OrderQuery{}); return err },
		"counts":    func() error { _, err := x.CountOrders(ctx, search.OrderCountQuery{}); return err },
		"events":    func() error { _, err := x.ListEvents(ctx, search.EventQuery{ProductID: "mug"}); return err },
		"revisions": func() error { _, err := x.Revisions(ctx, search.ViewOrders, []string{"o"}); return err },
		"products":  func() error { _, err := x.WalkProducts(ctx, "", 10); return err },
		"walk":      func() error { _, err := x.WalkOrders(ctx, "", 10); return err },
	} {
		require.ErrorIs(t, call(), search.ErrUnavailable, name)
	}
	_, err := x.Stale(ctx)
	require.NoError(t, err)
	for name, call := range map[string]func() error{
		"put":     func() error { _, err := x.Put(ctx, three()); return err },
		"event":   func() error { _, err := x.Put(ctx, search.Batch{Events: []search.Event{event}}); return err },
		"rebuild": func() error { _, err := x.Rebuild(ctx, search.ViewOrders); return err },
		"refresh": func() error { return x.Refresh(ctx) },
	} {
		require.ErrorContains(t, call(), "the index was opened read-only", name)
	}
}
