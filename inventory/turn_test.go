package inventory_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// turnShop puts products that sort as a, b, c, each with this many units.
func turnShop(t *testing.T, store *inventory.Store, units int64) []string {
	t.Helper()
	var ids []string
	for _, name := range []string{"a", "b", "c"} {
		id := redistest.ID(name)
		_, _, err := store.Put(t.Context(), id, shirt(units, 0), nil)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return ids
}

// A product that is short only because of another order's hold is waited for, while the
// ones before it are kept.
func TestHoldInTurnWaitsForAnotherOrdersHold(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		ids := turnShop(t, store, 1)
		_, err := store.Hold(ctx, []product.HoldRequest{request(ids[1], "other", 1, line("S", 1))})
		require.NoError(t, err)

		// The other order releases as soon as this one holds the first product.
		failed := make(chan error, 1)
		go func() {
			for {
				d, err := store.HoldDetail(ctx, ids[0], "me")
				if err == nil && d.State != product.HoldStateHeld {
					continue
				}
				if err == nil {
					_, err = store.Release(ctx, product.Holder{OrderID: "other"}, 1, ids[1:2], "test")
				}
				failed <- err
				return
			}
		}()
		holds, err := store.HoldInTurn(ctx, []product.HoldRequest{
			request(ids[2], "me", 1, line("S", 1)), // the answers keep this order
			request(ids[0], "me", 1, line("S", 1)),
			request(ids[1], "me", 1, line("S", 1)),
		})
		require.NoError(t, err)
		require.NoError(t, <-failed)
		for i, id := range []string{ids[2], ids[0], ids[1]} {
			require.Equal(t, product.HoldMade, holds[i].Outcome)
			require.Equal(t, id, holds[i].ProductID)
		}
	})
}

// After a final refusal the others are asked, and hold nothing.
func TestHoldInTurnNamesEveryFailingLineAndHoldsNothingMore(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		ids := turnShop(t, store, 2)
		begin := time.Now()
		holds, err := store.HoldInTurn(ctx, []product.HoldRequest{
			request(ids[0], "me", 1, line("S", 3)),
			request(ids[1], "me", 1, line("S", 1)),
			request(ids[2], "me", 1, line("S", 4)),
		})
		require.NoError(t, err)
		require.Less(t, time.Since(begin), 800*time.Millisecond)
		require.Equal(t, product.HoldRefused, holds[0].Outcome)
		require.Equal(t, int64(3), holds[0].Refusals[0].Requested)
		require.Equal(t, product.Hold{ProductID: ids[1], Outcome: product.HoldRefused}, holds[1], "could be held, but isn't")
		require.Equal(t, int64(4), holds[2].Refusals[0].Requested)
		for _, id := range ids {
			p, err := store.Get(ctx, id)
			require.NoError(t, err)
			require.Zero(t, p.Variants[0].Stock.Held)
			d, err := store.HoldDetail(ctx, id, "me")
			require.NoError(t, err)
			require.Equal(t, product.HoldStateNone, d.State)
		}
	})
}

// Its patience ends, however many products others hold.
func TestHoldInTurnIsPatientForLessThan800Milliseconds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		ids := turnShop(t, store, 1)
		_, err := store.Hold(ctx, []product.HoldRequest{request(ids[0], "other", 1, line("S", 1))})
		require.NoError(t, err)
		begin := time.Now()
		holds, err := store.HoldInTurn(ctx, []product.HoldRequest{request(ids[0], "me", 1, line("S", 1))})
		require.NoError(t, err)
		require.Less(t, time.Since(begin), 800*time.Millisecond)
		require.Greater(t, time.Since(begin), 40*time.Millisecond, "two pauses of at least 20 ms")
		require.Equal(t, product.HoldRefused, holds[0].Outcome)
		require.True(t, holds[0].Refusals[0].Contended())
	})
}
