package projector

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

// heap is large orders, and an index: it tracks how much was read and not put yet.
type heap struct {
	*view
	size         int
	held, most   int
	largestRead  int
	orders, puts int
}

func (h *heap) ReadMany(_ context.Context, ids []string) ([]order.Stored, error) {
	h.largestRead = max(h.largestRead, len(ids))
	all := make([]order.Stored, len(ids))
	for i, id := range ids {
		doc, err := json.Marshal(order.Order{
			ID: id, Version: 1, CustomerID: string(bytes.Repeat([]byte("c"), h.size)), PlacedAt: time.UnixMilli(1),
		})
		if err != nil {
			return nil, err
		}
		all[i] = order.Stored{OrderID: id, Found: true, Version: 1, Revision: 1, Doc: doc}
		h.held += len(doc)
	}
	h.most = max(h.most, h.held)
	return all, nil
}

func (h *heap) Put(_ context.Context, b search.Batch) (search.Results, error) {
	h.puts++
	r := search.Results{Orders: make([]search.Result, len(b.Orders))}
	for i, o := range b.Orders {
		h.held -= len(o.Document)
		r.Orders[i] = search.Result{ID: o.ID, Outcome: search.OutcomeStored}
	}
	h.orders += len(b.Orders)
	return r, nil
}

// A round may cover thousands of orders, of 1 MB each: few of them are in memory at a time.
// Small ones are put many at once.
func TestARoundOfLargeOrdersFitsIntoMemory(t *testing.T) {
	rdb := redis.NewClient(&redis.Options{}) // it is never called
	t.Cleanup(func() { _ = rdb.Close() })
	const orders = 1200
	for _, row := range []struct{ size, most, puts int }{
		{100_000, partBytes + readOrders*101_000, orders},
		{10, orders * 1000, 3},
	} {
		h := &heap{view: newView(), size: row.size}
		o := newHouse(t, rdb).options()
		o.Index, o.Orders = h, h
		p, err := New(o)
		require.NoError(t, err)
		bad, gone, err := p.bring(t.Context(), work{orders: names("o", orders)}, func(_ string, try func() error) error { return try() })
		require.NoError(t, err)
		require.Empty(t, bad)
		require.Empty(t, gone)
		require.Equal(t, orders, h.orders)
		require.Equal(t, readOrders, h.largestRead)
		require.LessOrEqual(t, h.most, row.most)
		require.LessOrEqual(t, h.puts, row.puts)
	}
}

// Every step is a part of the work, and none is left out.
func TestStepsAreTheWholeWork(t *testing.T) {
	w := work{products: names("p", 401), orders: names("o", 120), events: make([]search.Event, 7)}
	var products, orders []string
	events := 0
	for _, step := range w.steps() {
		require.LessOrEqual(t, len(step.products), readProducts)
		require.LessOrEqual(t, len(step.orders), readOrders)
		products, orders = slices.Concat(products, step.products), slices.Concat(orders, step.orders)
		events += len(step.events)
	}
	require.Equal(t, w.products, products)
	require.Equal(t, w.orders, orders)
	require.Equal(t, 7, events)
	require.Len(t, work{}.steps(), 1)
}
