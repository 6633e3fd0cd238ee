package searchtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

func one(id, title string, version int64) search.Batch {
	p := item(id, title, "", "", 100, 1)
	p.Version = version
	return search.Batch{Products: []search.Product{p}}
}

func begin(t *testing.T, x search.Index, v search.View) search.Rebuild {
	t.Helper()
	r, err := x.Rebuild(t.Context(), v)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Abandon(context.WithoutCancel(t.Context())) })
	return r
}

// fill puts into a rebuild and returns the outcomes.
func fill(t *testing.T, r search.Rebuild, b search.Batch) []search.Outcome {
	t.Helper()
	results, err := r.Put(t.Context(), b)
	require.NoError(t, err)
	require.Len(t, results.Products, len(b.Products))
	require.Len(t, results.Orders, len(b.Orders))
	return append(outcomes(results.Products), outcomes(results.Orders)...)
}

func swap(t *testing.T, r search.Rebuild) {
	t.Helper()
	require.NoError(t, r.Refresh(t.Context()))
	require.NoError(t, r.Swap(t.Context()))
}

// requireOver requires that the rebuild accepts no more calls.
func requireOver(t *testing.T, r search.Rebuild, b search.Batch) {
	t.Helper()
	_, err := r.Put(t.Context(), b)
	require.ErrorIs(t, err, search.ErrRebuildOver)
	_, err = r.Revisions(t.Context(), []string{"a"})
	require.ErrorIs(t, err, search.ErrRebuildOver)
	require.ErrorIs(t, r.Refresh(t.Context()), search.ErrRebuildOver)
	require.ErrorIs(t, r.Swap(t.Context()), search.ErrRebuildOver)
	require.NoError(t, r.Abandon(t.Context()), "so it can be deferred")
}

func rebuildSwaps(t *testing.T, x search.Index) {
	put(t, x, one("old", "Vase", 10))
	put(t, x, one("both", "Vase", 10))
	r := begin(t, x, search.ViewProducts)
	b := one("new", "Vase", 10)
	b.Products = append(b.Products, one("both", "Vase, as its home has it", 10).Products...)
	require.Equal(t, []search.Outcome{search.OutcomeStored, search.OutcomeStored}, fill(t, r, b))
	require.NoError(t, r.Refresh(t.Context()))
	refresh(t, x)
	require.ElementsMatch(t, []string{"old", "both"}, ids(find(t, x, search.ProductQuery{Q: "vase"})), "the old one answers")
	require.Equal(t, map[string]int64{"old": 10, "both": 10}, revisions(t, x, search.ViewProducts, "old", "both", "new"))

	require.NoError(t, r.Swap(t.Context()))
	require.ElementsMatch(t, []string{"new", "both"}, ids(find(t, x, search.ProductQuery{Q: "vase"})), "at once")
	require.Equal(t, map[string]int64{"new": 10, "both": 10}, revisions(t, x, search.ViewProducts, "old", "both", "new"))
	got, err := x.GetProduct(t.Context(), "both")
	require.NoError(t, err)
	require.Equal(t, "Vase, as its home has it", got.Title)
	_, err = x.GetProduct(t.Context(), "old")
	require.ErrorIs(t, err, search.ErrNotFound)
	docs, err := x.WalkProducts(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, docs, 2)

	requireOver(t, r, one("late", "Vase", 10))
	put(t, x, one("after", "Vase", 10))
	require.ElementsMatch(t, []string{"new", "both", "after"}, ids(find(t, x, search.ProductQuery{Q: "vase"})))
}

func rebuildSwapsOrders(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Orders: orders()[:2]})
	r := begin(t, x, search.ViewOrders)
	require.Equal(t, []search.Outcome{search.OutcomeStored, search.OutcomeStored}, fill(t, r, search.Batch{Orders: orders()[1:3]}))
	require.Equal(t, []string{a002, a001}, orderIDs(list(t, x, search.OrderQuery{})))
	swap(t, r)
	require.Equal(t, []string{b003, a002}, orderIDs(list(t, x, search.OrderQuery{})))
	got, err := x.GetOrder(t.Context(), a002)
	require.NoError(t, err)
	requireOrder(t, orders()[1], got)
	_, err = x.GetOrder(t.Context(), a001)
	require.ErrorIs(t, err, search.ErrNotFound)
	requireOver(t, r, search.Batch{Orders: orders()})
}

// rebuildHasToBeBroughtChanges checks that documents put into the index meanwhile go only
// to the old view, and are found until the swap; they must be brought to the new one,
// before the swap or after it.
func rebuildHasToBeBroughtChanges(t *testing.T, x search.Index) {
	put(t, x, one("a", "Vase one", 10))
	put(t, x, one("b", "Vase one", 10))
	r := begin(t, x, search.ViewProducts)
	fill(t, r, one("a", "Vase one", 10))
	fill(t, r, one("b", "Vase one", 10))
	for _, id := range []string{"a", "b"} {
		put(t, x, one(id, "Vase two", 11))
	}
	put(t, x, one("c", "Vase two", 10))
	require.ElementsMatch(t, []string{"a", "b", "c"}, ids(find(t, x, search.ProductQuery{Q: "vase two"})), "before")

	require.Equal(t, []search.Outcome{search.OutcomeStored}, fill(t, r, one("a", "Vase two", 11)), "the new one didn't have it")
	there, err := r.Revisions(t.Context(), []string{"a", "b", "c", ""})
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"a": 11, "b": 10}, there, "of the new one, at once")
	swap(t, r)
	require.Equal(t, map[string]int64{"a": 11, "b": 10}, revisions(t, x, search.ViewProducts, "a", "b", "c"), "what nobody brought is missing")
	put(t, x, one("b", "Vase two", 11))
	put(t, x, one("c", "Vase two", 10))
	again, err := x.Put(t.Context(), one("a", "Vase two", 11))
	require.NoError(t, err)
	require.Equal(t, search.OutcomeIgnored, again.Products[0].Outcome, "it was brought before")
	require.ElementsMatch(t, []string{"a", "b", "c"}, ids(find(t, x, search.ProductQuery{Q: "vase two"})), "after")
}

// rebuildTouchesOneView checks that the other view and the events are unaffected.
func rebuildTouchesOneView(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Products: one("a", "Vase", 10).Products, Orders: orders()[:1], Events: history()[:1]})
	r := begin(t, x, search.ViewProducts)
	other := begin(t, x, search.ViewOrders)
	put(t, x, search.Batch{Orders: orders()[1:2], Events: history()[1:2]})
	for name, b := range map[string]search.Batch{
		"an order": {Orders: orders()[2:3]},
		"an event": {Events: history()[2:3]},
		"both":     {Products: one("b", "Vase", 10).Products, Orders: orders()[2:3]},
	} {
		_, err := r.Put(t.Context(), b)
		require.Error(t, err, "%s in a rebuild of products", name)
	}
	_, err := other.Put(t.Context(), one("a", "Vase", 10))
	require.Error(t, err, "a product in a rebuild of orders")
	fill(t, r, one("a", "Vase", 10))
	swap(t, r)
	require.Equal(t, []string{"a"}, ids(find(t, x, search.ProductQuery{})))
	require.Equal(t, []string{a002, a001}, orderIDs(list(t, x, search.OrderQuery{})))

	fill(t, other, search.Batch{Orders: orders()[3:4]})
	swap(t, other)
	require.Equal(t, []string{b004}, orderIDs(list(t, x, search.OrderQuery{})))
	require.Equal(t, []string{"a"}, ids(find(t, x, search.ProductQuery{})))
	require.Equal(t, []string{"17-1001-0", "17-1000-0"}, eventIDs(listEvents(t, x, search.EventQuery{ProductID: "mug"})))
}

func rebuildOfNoView(t *testing.T, x search.Index) {
	for _, v := range []search.View{"", "events", "../products"} {
		_, err := x.Rebuild(t.Context(), v)
		require.Error(t, err, string(v))
		require.NotErrorIs(t, err, search.ErrUnavailable, "calling again is in vain")
	}
}

// rebuildGoesByRevision checks that an older document doesn't replace a newer one in a
// rebuild either.
func rebuildGoesByRevision(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Orders: []search.Order{placed("o", "ada", day(1), order.StatusPaid)}})
	r := begin(t, x, search.ViewOrders)
	old, newer := placed("o", "ada", day(1), order.StatusReserving), placed("o", "ada", day(1), order.StatusAwaitingPayment)
	old.Revision, newer.Revision = 5, 6
	outcome := fill(t, r, search.Batch{Orders: []search.Order{newer, old, newer, {ID: "bad"}}})
	require.Equal(t, []search.Outcome{search.OutcomeStored, search.OutcomeIgnored, search.OutcomeIgnored, search.OutcomePoisoned}, outcome)
	require.Equal(t, []search.Outcome{search.OutcomeIgnored}, fill(t, r, search.Batch{Orders: []search.Order{old}}))
	swap(t, r)
	got, err := x.GetOrder(t.Context(), "o")
	require.NoError(t, err)
	requireOrder(t, newer, got)
}
