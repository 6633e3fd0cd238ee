package inventory_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

func adjustment(id, action string, delta int64) product.Adjustment {
	return product.Adjustment{ProductID: id, ActionID: action, SKU: "S", Delta: &delta}
}

// Lines of one product are done in their order, also where the server has to be given
// the script first.
func TestManyAdjustmentsOfOneProductKeepTheirOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := inventory.New(rdb)
		ids := []string{redistest.ID("a"), redistest.ID("b"), redistest.ID("c")}
		for _, id := range ids {
			_, _, err := s.Put(t.Context(), id, shirt(5, 0), nil)
			require.NoError(t, err)
		}
		var all []product.Adjustment
		for i := range 200 {
			a := adjustment(ids[i%3], redistest.ID("act"), 1)
			if i%5 == 0 {
				a.Delta, a.OnHand = nil, new(int64(i))
			}
			all = append(all, a)
		}
		all[7].ProductID = "nothing"
		all[8].ActionID = ""
		for range 2 {
			onHand := map[string]int64{}
			for i, done := range s.AdjustMany(t.Context(), all) {
				switch i {
				case 7:
					require.ErrorIs(t, done.Err, product.ErrNotFound)
					continue
				case 8:
					require.ErrorContains(t, done.Err, "no action id")
					continue
				}
				require.NoError(t, done.Err)
				if _, known := onHand[all[i].ProductID]; !known {
					onHand[all[i].ProductID] = 5
				}
				onHand[all[i].ProductID]++
				if all[i].OnHand != nil {
					onHand[all[i].ProductID] = *all[i].OnHand
				}
				require.Equal(t, onHand[all[i].ProductID], done.Stock.OnHand, i)
			}
			for id, want := range onHand {
				p, err := s.Get(t.Context(), id)
				require.NoError(t, err)
				require.Equal(t, want, p.Variants[0].Stock.OnHand, "once, however often it is sent")
			}
		}
	})
}

func TestManyPutsAnswerEachByItself(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := inventory.New(rdb)
		there := redistest.ID("there")
		was, _, err := s.Put(t.Context(), there, shirt(5, 0), nil)
		require.NoError(t, err)
		bad := shirt(1, 0)
		bad.Title = ""
		var all []product.Replacement
		for range 120 {
			all = append(all, product.Replacement{ID: redistest.ID("p"), Spec: shirt(5, 0), Key: "k"})
		}
		all[60] = product.Replacement{ID: there, Spec: shirt(5, 0), IfMatch: new(product.NotThere)}
		all[61] = product.Replacement{ID: there, Spec: shirt(5, 0)}
		all[62] = product.Replacement{ID: redistest.ID("bad"), Spec: bad}
		for range 2 {
			for i, done := range s.PutMany(t.Context(), all) {
				switch i {
				case 60:
					require.ErrorIs(t, done.Err, product.ErrExists)
				case 61:
					require.NoError(t, done.Err)
					require.False(t, done.Created)
					require.Equal(t, was.Version, done.Product.Version)
				case 62:
					require.ErrorAs(t, done.Err, &product.Invalid{})
				default:
					require.NoError(t, done.Err)
					require.True(t, done.Created, "under a key the first answer")
					require.Equal(t, all[i].ID, done.Product.ID)
				}
			}
		}
	})
}

func TestWhatIsNotSentInTimeChangesNothing(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := inventory.New(rdb)
		id := redistest.ID("shirt")
		_, _, err := s.Put(t.Context(), id, shirt(5, 0), nil)
		require.NoError(t, err)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		done := s.AdjustMany(over, []product.Adjustment{adjustment(id, "a", 1), adjustment(id, "b", 1)})
		require.ErrorIs(t, done[0].Err, product.ErrNotTried)
		require.ErrorIs(t, done[1].Err, product.ErrNotTried)
		p, err := s.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, int64(5), p.Variants[0].Stock.OnHand)
	})
}

func TestAKeyBelongsToOneBody(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, key := inventory.New(rdb), redistest.ID("key")
		require.NoError(t, s.RememberBatch(t.Context(), key, "one", time.Minute))
		require.NoError(t, s.RememberBatch(t.Context(), key, "one", time.Minute))
		require.ErrorIs(t, s.RememberBatch(t.Context(), key, "two", time.Minute), product.ErrKeyReused)
		require.NoError(t, s.RememberBatch(t.Context(), redistest.ID("key"), "two", time.Minute))
	})
}
