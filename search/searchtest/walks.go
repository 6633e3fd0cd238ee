package searchtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

func revisions(t *testing.T, x search.Index, v search.View, ids ...string) map[string]int64 {
	t.Helper()
	got, err := x.Revisions(t.Context(), v, ids)
	require.NoError(t, err)
	return got
}

func revisionsAreTold(t *testing.T, x search.Index) {
	require.Equal(t, map[string]int64{"mug": 10, "draft": 10, "delisted": 10},
		revisions(t, x, search.ViewProducts, "mug", "draft", "nobody-sells-this", "delisted", a001, "mug", ""), "whatever its status")
	require.Equal(t, map[string]int64{a001: 7, c005: 7}, revisions(t, x, search.ViewOrders, a001, "mug", c005))
	require.Empty(t, revisions(t, x, search.ViewProducts))
	require.Empty(t, revisions(t, x, search.ViewOrders, "mug"))
	_, err := x.Revisions(t.Context(), "events", []string{"mug"})
	require.Error(t, err, "that is no view")
	var many []string
	for i := range search.MaxWalk {
		many = append(many, fmt.Sprintf("mug-%d", i))
	}
	require.Equal(t, map[string]int64{"mug": 10}, revisions(t, x, search.ViewProducts, append(many, "mug")...), "as many as a step of a walk")
}

func revisionsAreKnownAtOnce(t *testing.T, x search.Index) {
	for v := range int64(5) {
		p, o := versioned(v+1, "Vase"), placed("o", "ada", day(1), order.StatusPaid)
		o.Revision = 100 + v
		_, err := x.Put(t.Context(), search.Batch{Products: []search.Product{p}, Orders: []search.Order{o}})
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"p": v + 1}, revisions(t, x, search.ViewProducts, "p", "o"))
		require.Equal(t, map[string]int64{"o": 100 + v}, revisions(t, x, search.ViewOrders, "p", "o"))
		walked, err := x.WalkOrders(t.Context(), "", 10)
		require.NoError(t, err)
		require.Len(t, walked, 1, "a walk that begins sees it")
		require.Equal(t, 100+v, walked[0].Revision)
	}
	_, err := x.Put(t.Context(), search.Batch{Products: []search.Product{versioned(2, "Late")}})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"p": 5}, revisions(t, x, search.ViewProducts, "p"))
}

// walk lists everything in steps of a size.
func walk[D any](t *testing.T, size int, step func(after string, limit int) ([]D, error), id func(D) string) []D {
	t.Helper()
	var all []D
	after := ""
	for {
		docs, err := step(after, size)
		require.NoError(t, err)
		require.LessOrEqual(t, len(docs), size)
		if len(docs) == 0 {
			return all
		}
		all = append(all, docs...)
		require.LessOrEqual(t, len(all), 1000, "the walk doesn't end")
		after = id(docs[len(docs)-1])
	}
}

func walkOverProducts(t *testing.T, x search.Index) {
	want := goods()
	odd := []string{"A", "Z", "_", "a", "a-1", "a.1", "a1", "~", "0"}
	for _, id := range odd {
		want = append(want, item(id, "Hidden", "", "", 100, 1, status(product.StatusDraft)))
	}
	put(t, x, search.Batch{Products: want})
	newer := item("a-1", "Hidden twice", "", "", 100, 1, status(product.StatusDelisted))
	newer.Version++
	put(t, x, search.Batch{Products: []search.Product{newer}})
	want[slices.IndexFunc(want, func(p search.Product) bool { return p.ID == newer.ID })] = newer
	slices.SortFunc(want, func(a, b search.Product) int { return strings.Compare(a.ID, b.ID) })

	step := func(after string, limit int) ([]search.Product, error) {
		return x.WalkProducts(t.Context(), after, limit)
	}
	for _, size := range []int{1, 7, len(want), search.MaxWalk} {
		require.Equal(t, want, walk(t, size, step, func(p search.Product) string { return p.ID }), "steps of %d", size)
	}
	walkBounds(t, step)
	docs, err := step("mug-that-nobody-sells", 1)
	require.NoError(t, err)
	require.Equal(t, "odd", docs[0].ID, "after an id that isn't there")
}

func walkOverOrders(t *testing.T, x search.Index) {
	want := orders()
	slices.SortFunc(want, func(a, b search.Order) int { return strings.Compare(a.ID, b.ID) })
	step := func(after string, limit int) ([]search.Order, error) { return x.WalkOrders(t.Context(), after, limit) }
	for _, size := range []int{1, 2, len(want), search.MaxWalk} {
		got := walk(t, size, step, func(o search.Order) string { return o.ID })
		require.Len(t, got, len(want))
		for i := range want {
			requireOrder(t, want[i], got[i])
		}
	}
	walkBounds(t, step)
}

func walkBounds[D any](t *testing.T, step func(after string, limit int) ([]D, error)) {
	t.Helper()
	for _, limit := range []int{-1, 0, search.MaxWalk + 1} {
		_, err := step("", limit)
		requireInvalid(t, err, "limit")
	}
	none, err := step("~~~~", 1)
	require.NoError(t, err)
	require.Empty(t, none, "nothing after the last one")
}
