package reindex_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/projector"
	"holdfast/search/reindex"
)

func TestEveryEntityComesFromItsHome(t *testing.T) {
	h := newHouse(t)
	const products, orders = 450, 120
	for i := range products {
		h.putProduct(fmt.Sprint("p", i), "Vase")
	}
	for i := range orders {
		h.putOrder(fmt.Sprint("o", i), 2)
	}
	report := h.run(search.ViewProducts)
	require.EqualValues(t, products, report.FromHomes)
	require.Len(t, h.index.views[search.ViewProducts], products)
	report = h.run(search.ViewOrders)
	require.EqualValues(t, orders, report.FromHomes)
	require.Zero(t, report.FromOldView+report.FromWorkflows+report.Changed+report.Poisoned)
	for i := range orders {
		want, err := projector.OrderDocument(h.stored(fmt.Sprint("o", i)))
		require.NoError(t, err)
		require.Equal(t, want, h.order(want.ID))
	}
	report = h.run(search.ViewOrders)
	require.EqualValues(t, orders, report.FromHomes, "from their homes again")
	require.Zero(t, report.FromOldView)
	require.LessOrEqual(t, h.index.largest, 50, "an order may have 1 MB")
}

func TestAChangeDuringTheWalk(t *testing.T) {
	h := newHouse(t)
	h.putOrder("a", 1)
	var once sync.Once
	h.index.putting = func() error { // what is put was read before
		once.Do(func() {
			h.putOrder("a", 2)
			h.putOrder("b", 1)
		})
		return nil
	}
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 2, h.order("a").Version)
	require.EqualValues(t, 1, h.order("b").Version)
	require.EqualValues(t, 2, report.Changed)
}

func TestAChangeBetweenTheLastLookAndTheSwap(t *testing.T) {
	h := newHouse(t)
	h.putOrder("a", 1)
	h.putProduct("p", "Vase")
	h.index.swapping = func() {
		h.putOrder("a", 2)
		h.project("a") // into the old view, which is dropped now
	}
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 2, h.order("a").Version)
	require.EqualValues(t, 1, report.Changed)

	h.index.swapping = func() { h.putProduct("p", "Bowl") }
	h.run(search.ViewProducts)
	require.Equal(t, "Bowl", h.index.views[search.ViewProducts]["p"].doc.(search.Product).Title)
}

// An abort leaves the old view as it was; the second run does everything.
func TestAbortedInTheMidst(t *testing.T) {
	h := newHouse(t)
	for i := range 120 {
		h.putOrder(fmt.Sprint("o", i), 1)
	}
	h.putCold("cold", 3)
	h.lost.orders = map[string]search.Order{"lost": fromWorkflow(t, "lost")}
	broken := errors.New("the worker dies")
	for _, at := range []int{1, 2, 4, 5} { // of the puts
		puts := 0
		h.index.putting = func() error {
			if puts++; puts == at {
				return broken
			}
			return nil
		}
		_, err := h.rebuilder().Run(t.Context(), search.ViewOrders)
		require.ErrorIs(t, err, broken)
		require.Len(t, h.index.views[search.ViewOrders], 1, "the old view answers")
	}
	h.index.putting = nil
	report := h.run(search.ViewOrders)
	require.Equal(t, []int64{120, 1, 1}, []int64{report.FromHomes, report.FromOldView, report.FromWorkflows})
	require.Len(t, h.index.views[search.ViewOrders], 122)
	leases, err := h.rdb.Keys(t.Context(), "{stream-leases}*").Result()
	require.NoError(t, err)
	require.Empty(t, leases, "the streams may be trimmed again")
}

// An order may appear twice in a walk; it counts once.
func TestIDsThatComeTwice(t *testing.T) {
	h := newHouse(t)
	h.putOrder("a", 1)
	h.putOrder("b", 1)
	r := h.rebuilder()
	r.Entities = twice{r.Entities}
	report, err := r.Run(t.Context(), search.ViewOrders)
	require.NoError(t, err)
	require.EqualValues(t, 2, report.FromHomes)
}

type twice struct{ reindex.Entities }

func (w twice) IDs(ctx context.Context, v search.View) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for range 2 {
			for id, err := range w.Entities.IDs(ctx, v) {
				if !yield(id, err) {
					return
				}
			}
		}
	}
}
