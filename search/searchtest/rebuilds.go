package searchtest

import (
	"context"
	"fmt"
	"sync"
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

func begin(t *testing.T, x search.Index) search.Rebuild {
	t.Helper()
	r, err := x.Rebuild(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Abandon(context.WithoutCancel(t.Context())) })
	return r
}

func rebuildSwaps(t *testing.T, x search.Index) {
	put(t, x, one("old", "Vase", 10))
	put(t, x, one("both", "Vase", 10))
	put(t, x, search.Batch{Orders: orders()[:2]})
	r := begin(t, x)
	b := one("new", "Vase", 10)
	b.Products = append(b.Products, one("both", "Vase, as its home has it", 10).Products...)
	b.Orders = orders()[1:2]
	results, err := r.Put(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, []search.Outcome{search.Stored, search.Stored}, outcomes(results.Products))
	refresh(t, x)
	require.ElementsMatch(t, []string{"old", "both"}, ids(find(t, x, search.ProductQuery{Q: "vase"})), "the old one answers")
	require.Len(t, list(t, x, search.OrderQuery{}).Items, 2)

	require.NoError(t, r.Swap(t.Context()))
	require.ElementsMatch(t, []string{"new", "both"}, ids(find(t, x, search.ProductQuery{Q: "vase"})), "at once")
	require.Equal(t, []string{a002}, orderIDs(list(t, x, search.OrderQuery{})))
	got, err := x.GetProduct(t.Context(), "both")
	require.NoError(t, err)
	require.Equal(t, "Vase, as its home has it", got.Title)
	_, err = x.GetProduct(t.Context(), "old")
	require.ErrorIs(t, err, search.ErrNotFound)

	_, err = r.Put(t.Context(), one("late", "Vase", 10))
	require.ErrorIs(t, err, search.ErrRebuildOver)
	require.ErrorIs(t, r.Swap(t.Context()), search.ErrRebuildOver)
	require.NoError(t, r.Abandon(t.Context()), "so it can be deferred")
	put(t, x, one("after", "Vase", 10))
	require.ElementsMatch(t, []string{"new", "both", "after"}, ids(find(t, x, search.ProductQuery{Q: "vase"})))
}

// rebuildLosesNoChange: what changes meanwhile is there before and after the swap,
// also where the rebuild brings an older version of it, earlier or later.
func rebuildLosesNoChange(t *testing.T, x search.Index) {
	put(t, x, one("a", "Vase one", 10))
	put(t, x, one("b", "Vase one", 10))
	r := begin(t, x)
	_, err := r.Put(t.Context(), one("a", "Vase one", 10))
	require.NoError(t, err)
	put(t, x, one("a", "Vase two", 11)) // after the rebuild had it
	put(t, x, one("b", "Vase two", 11)) // before the rebuild has it
	results, err := r.Put(t.Context(), one("b", "Vase one", 10))
	require.NoError(t, err)
	require.Equal(t, search.Ignored, results.Products[0].Outcome, "the change was quicker")
	put(t, x, one("c", "Vase two", 10)) // one that the rebuild never sees
	put(t, x, search.Batch{Orders: []search.Order{placed("o", "ada", day(1), order.Paid)}})
	poisoned, err := x.Put(t.Context(), search.Batch{Products: []search.Product{{ID: "bad"}}})
	require.NoError(t, err)
	require.Equal(t, search.Poisoned, poisoned.Products[0].Outcome)
	same, err := x.Put(t.Context(), one("a", "Vase two", 11))
	require.NoError(t, err)
	require.Equal(t, search.Ignored, same.Products[0].Outcome)

	require.ElementsMatch(t, []string{"a", "b", "c"}, ids(find(t, x, search.ProductQuery{Q: "vase two"})), "before")
	require.NoError(t, r.Swap(t.Context()))
	require.ElementsMatch(t, []string{"a", "b", "c"}, ids(find(t, x, search.ProductQuery{Q: "vase two"})), "after")
	require.Len(t, list(t, x, search.OrderQuery{}).Items, 1)
}

func rebuildAbandoned(t *testing.T, x search.Index) {
	put(t, x, one("a", "Vase one", 10))
	r := begin(t, x)
	_, err := r.Put(t.Context(), one("b", "Vase", 10))
	require.NoError(t, err)
	put(t, x, one("a", "Vase two", 11))
	require.NoError(t, r.Abandon(t.Context()))
	require.NoError(t, r.Abandon(t.Context()))
	_, err = r.Put(t.Context(), one("b", "Vase", 10))
	require.ErrorIs(t, err, search.ErrRebuildOver)
	require.ErrorIs(t, r.Swap(t.Context()), search.ErrRebuildOver)
	require.Equal(t, []string{"a"}, ids(find(t, x, search.ProductQuery{Q: "vase two"})))
	require.Equal(t, []string{"a"}, ids(find(t, x, search.ProductQuery{})))

	again := begin(t, x)
	require.NoError(t, again.Swap(t.Context()))
	require.Empty(t, find(t, x, search.ProductQuery{}).Items, "nothing is left of the one that was abandoned")
}

func oneRebuildAtATime(t *testing.T, x search.Index) {
	r := begin(t, x)
	_, err := x.Rebuild(t.Context())
	require.ErrorIs(t, err, search.ErrRebuilding)
	require.NoError(t, r.Abandon(t.Context()))
	second := begin(t, x)
	require.NoError(t, second.Swap(t.Context()))
	require.NoError(t, r.Abandon(t.Context()), "the first has no say over the second")
	third := begin(t, x)
	require.NoError(t, r.Abandon(t.Context()))
	_, err = third.Put(t.Context(), one("a", "Vase", 10))
	require.NoError(t, err, "nor over the third")
}

// rebuildUnderReaders: readers and writers go on through several rebuilds; a reader
// never sees less than what was there all the time, and no write is lost.
func rebuildUnderReaders(t *testing.T, x search.Index) {
	const constant, rounds = 20, 4
	home := search.Batch{}
	for i := range constant {
		home.Products = append(home.Products, one(fmt.Sprintf("p-%02d", i), "Vase", 10).Products...)
	}
	put(t, x, home)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				page, err := x.SearchProducts(t.Context(), search.ProductQuery{Q: "vase", Limit: new(100)})
				if err != nil || page.Total != constant {
					t.Errorf("%d products, %v", page.Total, err)
					return
				}
			}
		})
	}
	written := 0
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := x.Put(t.Context(), one(fmt.Sprintf("w-%d", written), "Bowl", 10)); err != nil {
				t.Error(err)
				return
			}
			written++
		}
	})
	var writes search.Batch
	for round := range rounds {
		r, err := x.Rebuild(t.Context())
		if err == nil {
			_, err = r.Put(t.Context(), home)
		}
		// What was written before this rebuild began: its home has it.
		for i := range 2000 {
			p := one(fmt.Sprintf("w-%d", i), "Bowl", 10).Products[0]
			if _, missing := x.GetProduct(t.Context(), p.ID); missing != nil {
				break
			}
			writes.Products = append(writes.Products, p)
		}
		if err == nil {
			_, err = r.Put(t.Context(), writes)
		}
		if err == nil {
			err = r.Swap(t.Context())
		}
		if err != nil {
			t.Errorf("round %d: %v", round, err)
			break
		}
	}
	close(stop)
	wg.Wait()
	refresh(t, x)
	require.EqualValues(t, written, find(t, x, search.ProductQuery{Q: "bowl"}).Total)
	require.NotZero(t, written)
}

func closedAnswersNothing(t *testing.T, x search.Index) {
	put(t, x, one("a", "Vase", 10))
	r := begin(t, x)
	require.NoError(t, x.Close())
	require.NoError(t, x.Close(), "again, for who defers it")
	for name, call := range map[string]func() error{
		"put":         func() error { _, err := x.Put(t.Context(), one("b", "Vase", 1)); return err },
		"product":     func() error { _, err := x.GetProduct(t.Context(), "a"); return err },
		"order":       func() error { _, err := x.GetOrder(t.Context(), "a"); return err },
		"search":      func() error { _, err := x.SearchProducts(t.Context(), search.ProductQuery{}); return err },
		"suggest":     func() error { _, err := x.Suggest(t.Context(), search.SuggestQuery{Q: "v"}); return err },
		"orders":      func() error { _, err := x.ListOrders(t.Context(), search.OrderQuery{}); return err },
		"rebuild":     func() error { _, err := x.Rebuild(t.Context()); return err },
		"rebuild put": func() error { _, err := r.Put(t.Context(), one("b", "Vase", 1)); return err },
		"swap":        func() error { return r.Swap(t.Context()) },
	} {
		require.ErrorIs(t, call(), search.ErrClosed, name)
	}
}
