package elastic_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
	"holdfast/search/elastic"
)

func vase(id string, version int64) search.Product {
	return search.Product{ID: id, Version: version, Status: product.StatusListed, Title: "Vase", Currency: "EUR", Available: 1}
}

// openShape opens the index of a prefix as a program of another shape does.
func openShape(t *testing.T, prefix string, version int) *elastic.Index {
	t.Helper()
	o := elastic.Options{URLs: []string{server(t)}, Prefix: prefix, Timeout: 30 * time.Second}
	x, err := elastic.OpenShape(t.Context(), o, version)
	require.NoError(t, err, "%v", causeOf(err))
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x
}

func found(t *testing.T, x *elastic.Index) int64 {
	t.Helper()
	require.NoError(t, x.Refresh(t.Context()))
	page, err := x.SearchProducts(t.Context(), search.ProductQuery{Q: "vase"})
	require.NoError(t, err, "%v", causeOf(err))
	return page.Total
}

// TestANewShapeBesideAnOldOne: while a program of the next shape rolls out, both search the
// existing view; the new one puts nothing until its rebuild was swapped in, and from then
// on the old one doesn't.
func TestANewShapeBesideAnOldOne(t *testing.T) {
	prefix := ownPrefix(t)
	old := openShape(t, prefix, 1)
	put := func(x *elastic.Index, p search.Product) error {
		_, err := x.Put(t.Context(), search.Batch{Products: []search.Product{p}})
		return err
	}
	require.NoError(t, put(old, vase("a", 1)))
	fill(t, old, vase("a", 1))

	next := openShape(t, prefix, 2)
	requireStale(t, old, search.ViewOrders)
	requireStale(t, next, search.ViewProducts, search.ViewOrders)
	require.EqualValues(t, 1, found(t, next), "searches go on")
	err := put(next, vase("b", 1))
	require.ErrorIs(t, err, search.ErrOutdated)
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.EqualError(t, err, "put documents: the index can't answer")
	require.NoError(t, put(old, vase("c", 1)), "the old one goes on")
	results, err := next.Put(t.Context(), search.Batch{Events: []search.Event{
		{ID: "1-1-0", ProductID: "a", Type: "ProductPut", Version: 1, At: time.Now()},
	}})
	require.NoError(t, err, "events have no shape of the view's")
	require.Equal(t, search.OutcomeStored, results.Events[0].Outcome)

	fill(t, next, vase("a", 2), vase("b", 2), vase("c", 2))
	requireStale(t, next, search.ViewOrders)
	require.EqualValues(t, 3, found(t, next))
	require.NoError(t, put(next, vase("d", 1)))
	require.EqualValues(t, 4, found(t, old), "the old one searches the new index")
	require.ErrorIs(t, put(old, vase("e", 1)), search.ErrOutdated)
	requireStale(t, old, search.ViewOrders)
	requireStale(t, openShape(t, prefix, 2), search.ViewOrders)
}

// TestWhatAnOldViewOfOrdersDoesNotHave: a view of shape 1 answers until its rebuild is
// through. What it can't be asked is unavailable, since "there is none" would be wrong.
func TestWhatAnOldViewOfOrdersDoesNotHave(t *testing.T) {
	o := elastic.Options{URLs: []string{server(t)}, Prefix: ownPrefix(t), Timeout: 30 * time.Second}
	old, err := elastic.OpenOldOrders(t.Context(), o)
	require.NoError(t, err, "%v", causeOf(err))
	require.NoError(t, old.Close())
	x, err := elastic.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	requireStale(t, x, search.ViewProducts, search.ViewOrders)
	_, err = x.ListOrders(t.Context(), search.OrderQuery{CustomerID: "ada", Sort: search.OrderSortNewest})
	require.NoError(t, err)
	added := []search.OrderQuery{
		{Sort: search.OrderSortUpdated},
		{UpdatedSince: time.Now()},
		{ExternalReference: "SO-1"},
		{PaymentStatus: []order.PaymentStatus{order.PaymentPaid}},
		{Node: []string{"packed"}},
		{Overdue: order.OverdueNoNews},
		{Tag: []string{"vip"}},
		{ReturnStatus: []order.ReturnStatus{order.ReturnRequested}},
		{OnHold: new(true)},
		{OnHold: new(false)},
	}
	for _, q := range added {
		_, err := x.ListOrders(t.Context(), q)
		require.ErrorIs(t, err, search.ErrUnavailable, "%+v", q)
	}
	r, err := x.Rebuild(t.Context(), search.ViewOrders)
	require.NoError(t, err)
	require.NoError(t, r.Refresh(t.Context()))
	require.NoError(t, r.Swap(t.Context()))
	for _, q := range added {
		_, err := x.ListOrders(t.Context(), q)
		require.NoError(t, err, "%+v", q)
	}
}

func fill(t *testing.T, x *elastic.Index, products ...search.Product) {
	t.Helper()
	r, err := x.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err, "%v", causeOf(err))
	_, err = r.Put(t.Context(), search.Batch{Products: products})
	require.NoError(t, err, "%v", causeOf(err))
	require.NoError(t, r.Refresh(t.Context()))
	err = r.Swap(t.Context())
	require.NoError(t, err, "%v", causeOf(err))
}

func requireStale(t *testing.T, x *elastic.Index, want ...search.View) {
	t.Helper()
	got, err := x.Stale(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// TestOpenedByManyAtOnce: one of them creates the views, the others find them.
func TestOpenedByManyAtOnce(t *testing.T) {
	prefix, url := ownPrefix(t), server(t)
	const programs = 6
	opened := make([]*elastic.Index, programs)
	var wg sync.WaitGroup
	for i := range programs {
		wg.Go(func() {
			x, err := elastic.OpenShape(t.Context(), elastic.Options{URLs: []string{url}, Prefix: prefix, Timeout: 30 * time.Second}, 1+i%2)
			if err != nil {
				t.Errorf("open: %v", causeOf(err))
				return
			}
			opened[i] = x
		})
	}
	wg.Wait()
	require.False(t, t.Failed())
	stored, outdated := 0, 0
	for _, x := range opened {
		_, err := x.Put(t.Context(), search.Batch{Products: []search.Product{vase("a", 1)}})
		switch {
		case err == nil:
			stored++
		case errors.Is(err, search.ErrOutdated):
			outdated++
		}
		require.EqualValues(t, 0, (found(t, x)-1)*int64(stored), "all search the one index")
		require.NoError(t, x.Close())
	}
	require.Equal(t, programs/2, stored, "those of the shape that was made")
	require.Equal(t, programs/2, outdated)
}

// TestASwapWhoseAnswerWasLost: abandoning what was swapped in must not drop what
// answers.
func TestASwapWhoseAnswerWasLost(t *testing.T) {
	x := open(t, elastic.Options{})
	r, err := x.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	_, err = r.Put(t.Context(), search.Batch{Products: []search.Product{vase("a", 1)}})
	require.NoError(t, err)
	require.NoError(t, elastic.SwapUnnoticed(t.Context(), r))
	require.NoError(t, r.Abandon(t.Context()))
	require.EqualValues(t, 1, found(t, x))
}

// TestWhatARebuildLeftIsDropped: one that was killed leaves an index, and the next
// one removes it.
func TestWhatARebuildLeftIsDropped(t *testing.T) {
	prefix := ownPrefix(t)
	killed := openShape(t, prefix, 1)
	_, err := killed.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	elastic.Forget(killed)
	x := openShape(t, prefix, 1)
	require.Len(t, elastic.Filled(t.Context(), x, search.ViewProducts), 1)
	fill(t, x, vase("a", 1))
	require.Len(t, elastic.Filled(t.Context(), x, search.ViewProducts), 1, "the one that answers")
	require.EqualValues(t, 1, found(t, x))
}

// While a new shape rolls out, a worker of the old one may get the rebuild.
func TestAnOlderProgramDoesNotRebuildANewerShape(t *testing.T) {
	prefix := ownPrefix(t)
	older := openShape(t, prefix, 1)
	begun, err := older.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err, "as long as its own shape answers")
	newer := openShape(t, prefix, 2)
	fill(t, newer, vase("a", 2))
	require.ErrorIs(t, begun.Swap(t.Context()), search.ErrOutdated, "one that began before")
	_, err = older.Rebuild(t.Context(), search.ViewProducts)
	require.ErrorIs(t, err, search.ErrOutdated)
	_, err = newer.Put(t.Context(), search.Batch{Products: []search.Product{vase("b", 1)}})
	require.NoError(t, err)
}

// A deleted view is reported as such, so that a rebuild knows that there is nothing to
// copy; all other callers learn that the index can't answer.
func TestAViewThatWasDeleted(t *testing.T) {
	prefix := ownPrefix(t)
	x := openShape(t, prefix, 1)
	ask(t.Context(), t, http.MethodDelete, server(t)+"/"+prefix+"orders-first")
	for name, call := range map[string]func() error{
		"walk":      func() error { _, err := x.WalkOrders(t.Context(), "", 10); return err },
		"get":       func() error { _, err := x.GetOrder(t.Context(), "a"); return err },
		"revisions": func() error { _, err := x.Revisions(t.Context(), search.ViewOrders, []string{"a"}); return err },
		"list":      func() error { _, err := x.ListOrders(t.Context(), search.OrderQuery{}); return err },
	} {
		err := call()
		require.ErrorIs(t, err, search.ErrNoView, name)
		require.ErrorIs(t, err, search.ErrUnavailable, name)
	}
	_, err := x.GetProduct(t.Context(), "a")
	require.ErrorIs(t, err, search.ErrNotFound, "the other view is there")

	r, err := x.Rebuild(t.Context(), search.ViewOrders)
	require.NoError(t, err)
	require.NoError(t, r.Refresh(t.Context()))
	require.NoError(t, r.Swap(t.Context()))
	_, err = x.GetOrder(t.Context(), "a")
	require.ErrorIs(t, err, search.ErrNotFound, "it is there again")
}
