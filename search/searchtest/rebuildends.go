package searchtest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

func rebuildAbandoned(t *testing.T, x search.Index) {
	put(t, x, one("a", "Vase one", 10))
	r := begin(t, x, search.ViewProducts)
	fill(t, r, one("b", "Vase", 10))
	put(t, x, one("a", "Vase two", 11))
	require.NoError(t, r.Abandon(t.Context()))
	requireOver(t, r, one("b", "Vase", 10))
	require.Equal(t, []string{"a"}, ids(find(t, x, search.ProductQuery{Q: "vase two"})))
	require.Equal(t, []string{"a"}, ids(find(t, x, search.ProductQuery{})))

	again := begin(t, x, search.ViewProducts)
	swap(t, again)
	require.Empty(t, find(t, x, search.ProductQuery{}).Items, "nothing is left of the one that was abandoned")
}

// laterRebuildTakesOver checks that a later rebuild begins empty, and that the earlier one
// has no effect any more.
func laterRebuildTakesOver(t *testing.T, x search.Index) {
	put(t, x, one("a", "Vase", 10))
	first := begin(t, x, search.ViewProducts)
	fill(t, first, one("first", "Vase", 10))
	other := begin(t, x, search.ViewOrders)
	second := begin(t, x, search.ViewProducts)
	requireOver(t, first, one("late", "Vase", 10))
	fill(t, second, one("second", "Vase", 10))
	require.Equal(t, []string{"a"}, ids(find(t, x, search.ProductQuery{})), "the old one answers all the time")
	require.NoError(t, first.Abandon(t.Context()), "that is not the second's")
	swap(t, second)
	require.Equal(t, []string{"second"}, ids(find(t, x, search.ProductQuery{})))
	swap(t, other) // of another view: it was not affected
	requireOver(t, first, one("late", "Vase", 10))

	third := begin(t, x, search.ViewProducts)
	require.NoError(t, second.Abandon(t.Context()))
	fill(t, third, one("third", "Vase", 10))
	swap(t, third)
	require.Equal(t, []string{"third"}, ids(find(t, x, search.ProductQuery{})))
}

func stale(t *testing.T, x search.Index) []search.View {
	t.Helper()
	views, err := x.Stale(t.Context())
	require.NoError(t, err)
	unfilled, err := x.Unfilled(t.Context())
	require.NoError(t, err)
	require.ElementsMatch(t, views, unfilled, "of the shape of this program")
	return views
}

// staleUntilRebuilt checks that an index which was created empty stays stale, even if
// something was put into it, until a rebuild was swapped in.
func staleUntilRebuilt(t *testing.T, x search.Index) {
	require.ElementsMatch(t, search.Views(), stale(t, x))
	put(t, x, search.Batch{Products: one("a", "Vase", 10).Products, Orders: orders()[:1]})
	begin(t, x, search.ViewProducts)
	require.ElementsMatch(t, search.Views(), stale(t, x), "begun is not done")
	r := begin(t, x, search.ViewProducts)
	fill(t, r, one("a", "Vase", 10))
	swap(t, r)
	require.Equal(t, []search.View{search.ViewOrders}, stale(t, x))
	abandoned := begin(t, x, search.ViewOrders)
	require.NoError(t, abandoned.Abandon(t.Context()))
	require.Equal(t, []search.View{search.ViewOrders}, stale(t, x))
	swap(t, begin(t, x, search.ViewOrders))
	require.Empty(t, stale(t, x), "also where there was nothing to fill in")
	begin(t, x, search.ViewProducts)
	require.Empty(t, stale(t, x), "the one that answers is good")
}

// shelf is a source of products: changes appear there first.
type shelf struct {
	mu    sync.Mutex
	goods []search.Product
}

func (s *shelf) add(p search.Product) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goods = append(s.goods, p)
}

// since lists what was added after the first n.
func (s *shelf) since(n int) []search.Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.goods[n:])
}

// rebuild fills a new view from the shelf: everything, what arrived meanwhile, and the rest
// after the swap.
func (s *shelf) rebuild(t *testing.T, x search.Index) error {
	r, err := x.Rebuild(t.Context(), search.ViewProducts)
	if err != nil {
		return err
	}
	had := s.since(0)
	if _, err := r.Put(t.Context(), search.Batch{Products: had}); err != nil {
		return err
	}
	if _, err := r.Put(t.Context(), search.Batch{Products: s.since(len(had))}); err != nil {
		return err
	}
	if err := r.Refresh(t.Context()); err != nil {
		return err
	}
	if err := r.Swap(t.Context()); err != nil {
		return err
	}
	_, err = x.Put(t.Context(), search.Batch{Products: s.since(len(had))})
	return err
}

// rebuildUnderReaders runs readers and a writer through several rebuilds; a reader never
// sees less than what was there all the time, and nothing is lost if the changes are
// brought in.
func rebuildUnderReaders(t *testing.T, x search.Index) {
	const constant, rounds = 20, 4
	var home shelf
	for i := range constant {
		home.add(one(fmt.Sprintf("p-%02d", i), "Vase", 10).Products[0])
	}
	put(t, x, search.Batch{Products: home.since(0)})
	stop := make(chan struct{})
	goOn := func() bool {
		select {
		case <-stop:
			return false
		default:
			return !t.Failed()
		}
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for goOn() {
				page, err := x.SearchProducts(t.Context(), search.ProductQuery{Q: "vase", Limit: new(100)})
				if err != nil || page.Total != constant {
					t.Errorf("%d products, %v", page.Total, err)
				}
			}
		})
	}
	written := 0
	wg.Go(func() {
		for goOn() {
			b := one(fmt.Sprintf("w-%d", written), "Bowl", 10)
			home.add(b.Products[0])
			if _, err := x.Put(t.Context(), b); err != nil {
				t.Error(err)
			}
			written++
		}
	})
	for round := range rounds {
		if err := home.rebuild(t, x); err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
	close(stop)
	wg.Wait()
	refresh(t, x)
	require.NotZero(t, written)
	require.EqualValues(t, written, find(t, x, search.ProductQuery{Q: "bowl"}).Total)
}

func closedAnswersNothing(t *testing.T, x search.Index) {
	put(t, x, one("a", "Vase", 10))
	r := begin(t, x, search.ViewProducts)
	require.NoError(t, x.Close())
	require.NoError(t, x.Close(), "again, for who defers it")
	for name, call := range map[string]func() error{
		"put":               func() error { _, err := x.Put(t.Context(), one("b", "Vase", 1)); return err },
		"product":           func() error { _, err := x.GetProduct(t.Context(), "a"); return err },
		"order":             func() error { _, err := x.GetOrder(t.Context(), "a"); return err },
		"search":            func() error { _, err := x.SearchProducts(t.Context(), search.ProductQuery{}); return err },
		"suggest":           func() error { _, err := x.Suggest(t.Context(), search.SuggestQuery{Q: "v"}); return err },
		"orders":            func() error { _, err := x.ListOrders(t.Context(), search.OrderQuery{}); return err },
		"counts":            func() error { _, err := x.CountOrders(t.Context(), search.OrderCountQuery{}); return err },
		"events":            func() error { _, err := x.ListEvents(t.Context(), search.EventQuery{ProductID: "a"}); return err },
		"put events":        func() error { _, err := x.Put(t.Context(), search.Batch{Events: history()}); return err },
		"revisions":         func() error { _, err := x.Revisions(t.Context(), search.ViewOrders, []string{"a"}); return err },
		"walk products":     func() error { _, err := x.WalkProducts(t.Context(), "", 1); return err },
		"walk orders":       func() error { _, err := x.WalkOrders(t.Context(), "", 1); return err },
		"stale":             func() error { _, err := x.Stale(t.Context()); return err },
		"unfilled":          func() error { _, err := x.Unfilled(t.Context()); return err },
		"rebuild":           func() error { _, err := x.Rebuild(t.Context(), search.ViewOrders); return err },
		"rebuild put":       func() error { _, err := r.Put(t.Context(), one("b", "Vase", 1)); return err },
		"rebuild revisions": func() error { _, err := r.Revisions(t.Context(), []string{"a"}); return err },
		"rebuild refresh":   func() error { return r.Refresh(t.Context()) },
		"swap":              func() error { return r.Swap(t.Context()) },
	} {
		require.ErrorIs(t, call(), search.ErrClosed, name)
	}
	require.NoError(t, r.Abandon(t.Context()))
}
