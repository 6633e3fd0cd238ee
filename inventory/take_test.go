package inventory_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// taker is two products and what an order takes of them.
type taker struct {
	*testing.T
	store      *inventory.Store
	shirt, mug string
}

func newTaker(t *testing.T, rdb redis.UniversalClient) taker {
	t.Helper()
	w := taker{t, inventory.New(rdb), redistest.ID("shirt"), redistest.ID("mug")}
	for _, id := range []string{w.shirt, w.mug} {
		_, _, err := w.store.Put(t.Context(), id, shirt(5, 3), nil)
		require.NoError(t, err)
	}
	return w
}

func (w taker) taking(id string, shirts, mugs []product.Item) product.Taking {
	return product.Taking{
		Holder: product.Holder{OrderID: "o", PlacedAt: time.UnixMilli(1)}, ID: id, Actor: "eva",
		Items: map[string][]product.Item{w.shirt: shirts, w.mug: mugs},
	}
}

func (w taker) onHand(want ...int64) {
	w.Helper()
	var have []int64
	for _, id := range []string{w.shirt, w.mug} {
		p, err := w.store.Get(w.Context(), id)
		require.NoError(w, err)
		for _, v := range p.Variants {
			require.NoError(w, v.Stock.Check())
			have = append(have, v.Stock.OnHand)
		}
	}
	require.Equal(w, want, have)
}

func (w taker) adds(productID, sku string, units int64) {
	w.Helper()
	_, err := w.store.Adjust(w.Context(), product.Adjustment{
		ProductID: productID, ActionID: redistest.ID("a"), SKU: sku, Delta: &units, Reason: "found", Actor: "clerk",
	})
	require.NoError(w, err)
}

func of(sku string, units int64) []product.Item { return []product.Item{{SKU: sku, Quantity: units}} }

func TestUnitsAreTakenOncePerID(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		w := newTaker(t, rdb)
		both := append(of("S", 1), product.Item{SKU: "M", Quantity: 1}, product.Item{SKU: "S", Quantity: 1})
		for range 2 {
			short, err := w.store.Take(t.Context(), w.taking("a", both, of("M", 3)))
			require.NoError(t, err)
			require.Empty(t, short)
			w.onHand(3, 2, 5, 0)
		}
		_, err := w.store.Take(t.Context(), w.taking("a", both, of("M", 2)))
		require.ErrorIs(t, err, product.ErrActionReused)
		later := w.taking("a", of("S", 1), of("S", 1))
		later.PlacedAt = time.UnixMilli(2)
		_, err = w.store.Take(t.Context(), later)
		require.NoError(t, err, "another order with the same id takes its own")
		w.onHand(2, 2, 4, 0)
		for range 2 {
			require.NoError(t, w.store.PutBack(t.Context(), w.taking("a", both, of("M", 3))))
			w.onHand(4, 3, 4, 3)
		}
		require.NoError(t, w.store.PutBack(t.Context(), w.taking("never", of("S", 1), of("S", 1))))
		w.onHand(4, 3, 4, 3)
	})
}

func TestNothingIsTakenIfSomethingIsShort(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		w := newTaker(t, rdb)
		_, err := w.store.Hold(t.Context(), []product.HoldRequest{request(w.mug, "other", 1, line("M", 2))})
		require.NoError(t, err)
		taking := w.taking("a", of("S", 1), append(of("M", 2), product.Item{SKU: "L", Quantity: 1}))
		gone := redistest.ID("gone")
		taking.Items[gone] = of("S", 1)
		want := map[string][]product.Refusal{
			w.mug: {
				{SKU: "M", Requested: 2, Reason: product.ReasonOutOfStock, Available: 1, HeldByOthers: 2},
				{SKU: "L", Requested: 1, Reason: product.ReasonUnknownSKU},
			},
			gone: {{Reason: product.ReasonNotFound}},
		}
		for range 2 {
			short, err := w.store.Take(t.Context(), taking)
			require.NoError(t, err)
			require.Equal(t, want, short)
			w.onHand(5, 3, 5, 3)
			w.adds(w.mug, "M", 0)
		}
		w.adds(w.mug, "M", 10)
		short, err := w.store.Take(t.Context(), taking)
		require.NoError(t, err)
		require.Equal(t, want, short, "a repetition gets the first answer, whatever has arrived since")
		require.NoError(t, w.store.PutBack(t.Context(), taking))
		w.onHand(5, 3, 5, 13)
	})
}

// errCut is a connection that is lost after a number of pipelines.
var errCut = errors.New("connection lost")

type cut struct{ pipelines int }

func (c *cut) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (c *cut) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (c *cut) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if c.pipelines--; c.pipelines >= 0 {
			return next(ctx, cmds)
		}
		for _, cmd := range cmds {
			cmd.SetErr(errCut)
		}
		return errCut
	}
}

// The process dies between taking and giving back, after other units have arrived, and its
// step runs again.
func TestATakingThatBreaksOffIsCompleted(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		w := newTaker(t, rdb)
		taking := w.taking("a", of("S", 1), of("M", 4))
		_, err := w.store.Take(t.Context(), taking) // so that the server has the script
		require.NoError(t, err)
		hook := &cut{pipelines: 1}
		rdb.AddHook(hook)
		again := w.taking("b", of("S", 1), of("M", 4))
		_, err = w.store.Take(t.Context(), again)
		require.ErrorIs(t, err, errCut)
		hook.pipelines = 1 << 30
		w.onHand(4, 3, 5, 3)
		w.adds(w.mug, "M", 10)
		for range 2 {
			short, err := w.store.Take(t.Context(), again)
			require.NoError(t, err)
			require.Equal(t, int64(3), short[w.mug][0].Available)
			w.onHand(5, 3, 5, 13)
		}
	})
}

// The last units can't be taken twice. Two that are in each other's way may both be refused.
func TestTakingsAtOnceShareNoUnit(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		w := newTaker(t, rdb)
		var all sync.WaitGroup
		var mu sync.Mutex
		answers := map[string][]bool{}
		for _, id := range []string{"a", "b", "c", "d"} {
			for range 2 {
				all.Go(func() {
					short, err := w.store.Take(t.Context(), w.taking(id, of("S", 2), of("M", 2)))
					assert.NoError(t, err) //nolint:testifylint // require would end only this goroutine
					mu.Lock()
					defer mu.Unlock()
					answers[id] = append(answers[id], len(short) == 0)
				})
			}
		}
		all.Wait()
		taken := int64(0)
		for id, a := range answers {
			require.Equal(t, a[0], a[1], "both calls of %s get one answer", id)
			if a[0] {
				taken++
			}
		}
		require.LessOrEqual(t, taken, int64(1), "there are mugs for one")
		w.onHand(5-2*taken, 3, 5, 3-2*taken)
	})
}
