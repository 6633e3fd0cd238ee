package inventory_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// reused is a product and one order id that is placed a first and a second time.
type reused struct {
	*testing.T
	rdb           redis.UniversalClient
	store         *inventory.Store
	id            string
	first, second product.Holder
}

func openReused(t *testing.T, rdb redis.UniversalClient) reused {
	t.Helper()
	at := time.Now().Truncate(time.Millisecond)
	r := reused{
		T: t, rdb: rdb, store: inventory.New(rdb), id: redistest.ID("shirt"),
		first: product.Holder{OrderID: "o", PlacedAt: at.Add(-time.Hour)}, second: product.Holder{OrderID: "o", PlacedAt: at},
	}
	_, _, err := r.store.Put(t.Context(), r.id, shirt(5, 2), nil)
	require.NoError(t, err)
	return r
}

func (r reused) hold(h product.Holder, try int, lines ...product.HoldLine) product.HoldOutcome {
	r.Helper()
	req := request(r.id, h.OrderID, try, lines...)
	req.PlacedAt = h.PlacedAt
	if !h.PlacedAt.IsZero() {
		req.Deadline = h.PlacedAt.Add(15 * time.Minute)
	}
	holds, err := r.store.Hold(r.Context(), []product.HoldRequest{req})
	require.NoError(r, err)
	return holds[0].Outcome
}

func (r reused) commit(h product.Holder) product.HoldState {
	r.Helper()
	states, err := r.store.Commit(r.Context(), h, []string{r.id})
	require.NoError(r, err)
	return states[0]
}

func (r reused) release(h product.Holder, try int) product.HoldState {
	r.Helper()
	states, err := r.store.Release(r.Context(), h, try, []string{r.id}, "test")
	require.NoError(r, err)
	return states[0]
}

func (r reused) stock(want product.Stock) {
	r.Helper()
	p, err := r.store.Get(r.Context(), r.id)
	require.NoError(r, err)
	require.Equal(r, want, p.Variants[0].Stock)
}

// A finished order's mark must not sell its units a second time.
func TestASaleToAnEarlierOrderIsNoHoldOfALaterOneOfItsID(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		r := openReused(t, rdb)
		require.Equal(t, product.HoldMade, r.hold(r.first, 1, line("S", 2)))
		require.Equal(t, product.HoldStateCommitted, r.commit(r.first))

		require.Equal(t, product.HoldStateNone, r.commit(r.second), "it has bought nothing yet")
		require.Equal(t, product.HoldMade, r.hold(r.second, 1, line("S", 2)))
		r.stock(product.Stock{OnHand: 3, Held: 2, Adjusted: 5, Committed: 2})
		require.Equal(t, product.HoldStateCommitted, r.commit(r.second))
		r.stock(product.Stock{OnHand: 1, Adjusted: 5, Committed: 4})

		// Late messages of the first order find that it has ended, and change nothing.
		require.Equal(t, product.HoldEnded, r.hold(r.first, 2, line("S", 2)))
		require.Equal(t, product.HoldStateNone, r.commit(r.first))
		require.Equal(t, product.HoldStateReleased, r.release(r.first, 9))
		_, err := r.store.Restock(t.Context(), r.first, r.id, "cancel", []product.Item{{SKU: "S", Quantity: 2}})
		require.ErrorIs(t, err, product.ErrNotSold)
		r.stock(product.Stock{OnHand: 1, Adjusted: 5, Committed: 4})
	})
}

// Its workflow was deleted before the sweeper ran: its units are neither given to the next
// order for free nor lost.
func TestWhatAnEarlierOrderStillHoldsComesBackToALaterOneOfItsID(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		r := openReused(t, rdb)
		require.Equal(t, product.HoldMade, r.hold(r.first, 3, line("S", 4), line("M", 1)))
		require.Equal(t, product.HoldStateNone, r.commit(r.second), "not its own hold")
		require.Equal(t, product.HoldRefused, r.hold(r.second, 1, line("S", 6)))
		r.stock(product.Stock{OnHand: 5, Held: 4, Adjusted: 5})
		require.Equal(t, product.HoldMade, r.hold(r.second, 1, line("S", 5)))
		r.stock(product.Stock{OnHand: 5, Held: 5, Adjusted: 5})
		p, err := r.store.Get(t.Context(), r.id)
		require.NoError(t, err)
		require.Zero(t, p.Variants[1].Stock.Held, "the variant that the later order doesn't have comes back, too")

		require.Equal(t, product.HoldStateReleased, r.release(r.first, 3))
		r.stock(product.Stock{OnHand: 5, Held: 5, Adjusted: 5})
	})
}

// The later order was refused: it releases everything that its id still holds.
func TestReleasingALaterOrderEndsWhatAnEarlierOneLeft(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		r := openReused(t, rdb)
		require.Equal(t, product.HoldMade, r.hold(r.first, 3, line("S", 4)))
		require.Equal(t, product.HoldStateReleased, r.release(r.second, 1))
		r.stock(product.Stock{OnHand: 5, Adjusted: 5})
		require.Equal(t, product.HoldEnded, r.hold(r.second, 1, line("S", 1)), "a request that was still on its way")
		require.Equal(t, product.HoldEnded, r.hold(r.first, 4, line("S", 1)))
		require.Equal(t, product.HoldMade, r.hold(r.second, 2, line("S", 1)))
	})
}

// A hold of an earlier version doesn't say which order it belongs to: it counts as that of
// an order in flight, unless its payment window had ended when the asking order was placed.
func TestAHoldOfAnEarlierVersionCountsAsTheOrdersOwnUntilItsWindowEnds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		r := openReused(t, rdb)
		key := redisdb.Bucket(r.id) + ":hold:" + r.id + ":o"
		require.Equal(t, product.HoldMade, r.hold(r.first, 1, line("S", 2)))
		require.NoError(t, rdb.HDel(t.Context(), key, "placed").Err())
		require.Equal(t, product.HoldMade, r.hold(r.first, 1, line("S", 2)))
		require.Equal(t, product.HoldStateCommitted, r.commit(r.first))
		r.stock(product.Stock{OnHand: 3, Adjusted: 5, Committed: 2})
		require.Equal(t, product.HoldMade, r.hold(r.second, 1, line("S", 1)), "placed after the window of the first")
		r.stock(product.Stock{OnHand: 3, Held: 1, Adjusted: 5, Committed: 2})

		// A message of an earlier version applies to whatever is there.
		require.Equal(t, product.HoldStateCommitted, r.commit(product.Holder{OrderID: "o"}))
		r.stock(product.Stock{OnHand: 2, Adjusted: 5, Committed: 3})
	})
}

// An earlier version stored a return beside the hold.
func TestAReturnThatAnEarlierVersionMadeIsNotMadeAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		r := openReused(t, rdb)
		require.Equal(t, product.HoldMade, r.hold(r.first, 1, line("S", 2)))
		require.Equal(t, product.HoldStateCommitted, r.commit(r.first))
		all := []product.Item{{SKU: "S", Quantity: 2}}
		units, err := r.store.Restock(t.Context(), r.first, r.id, "probe", all)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S": 2}, units)
		// As the earlier version left it: the units are back, but the hold doesn't record
		// that.
		hold := redisdb.Bucket(r.id) + ":hold:" + r.id + ":o"
		noted, err := rdb.HGet(t.Context(), hold, "return:probe").Result()
		require.NoError(t, err)
		require.NoError(t, rdb.HDel(t.Context(), hold, "return:probe", "returned:S").Err())
		require.NoError(t, rdb.Set(t.Context(), redisdb.Bucket(r.id)+":done:"+r.id+":return/o/cancel",
			fingerprintIn(t, noted), time.Hour).Err())

		for range 2 {
			units, err = r.store.Restock(t.Context(), r.first, r.id, "cancel", all)
			require.NoError(t, err)
			require.Equal(t, map[string]int64{"S": 2}, units)
		}
		r.stock(product.Stock{OnHand: 5, Adjusted: 5, Committed: 2, Restocked: 2})
		units, err = r.store.Restock(t.Context(), r.first, r.id, "once-more", all)
		require.NoError(t, err)
		require.Empty(t, units)
	})
}

// While old and new workers run side by side, the message of an old one may arrive long
// after a new one has done the same: the old one only sees its own note.
func TestALateReturnOfAnEarlierVersionIsNotMadeAgain(t *testing.T) {
	source, err := os.ReadFile("testdata/restock.before.lua")
	require.NoError(t, err)
	before := redisdb.NewScript(string(source))
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		r := openReused(t, rdb)
		require.Equal(t, product.HoldMade, r.hold(r.first, 1, line("S", 2)))
		require.Equal(t, product.HoldStateCommitted, r.commit(r.first))
		all := []product.Item{{SKU: "S", Quantity: 2}}
		_, err := r.store.Restock(t.Context(), r.first, r.id, "cancel", all)
		require.NoError(t, err)
		bucket := redisdb.Bucket(r.id)
		noted, err := rdb.HGet(t.Context(), bucket+":hold:"+r.id+":o", "return:cancel").Result()
		require.NoError(t, err)

		late := func() string {
			answer, err := redisdb.Run(t.Context(), rdb, redisdb.Call{
				Script: before,
				Keys:   []string{bucket + ":product:" + r.id, bucket + ":done:" + r.id + ":return/o/cancel", redisdb.EventsKey(bucket)},
				Args:   []any{r.id, "o", fingerprintIn(t, noted), product.MaxStock, 3600, "S", 2},
			})[0].Text()
			require.NoError(t, err)
			return answer
		}
		require.Equal(t, "DONE", late())
		r.stock(product.Stock{OnHand: 5, Adjusted: 5, Committed: 2, Restocked: 2})

		// Nor does that note keep a later order with the same id from a return of its own.
		require.Equal(t, product.HoldMade, r.hold(r.second, 1, line("S", 2)))
		require.Equal(t, product.HoldStateCommitted, r.commit(r.second))
		units, err := r.store.Restock(t.Context(), r.second, r.id, "cancel", all)
		require.NoError(t, err)
		require.Equal(t, map[string]int64{"S": 2}, units)
		require.Equal(t, "DONE", late())
		r.stock(product.Stock{OnHand: 5, Adjusted: 5, Committed: 4, Restocked: 4})
	})
}

// fingerprintIn is the request's fingerprint in a hold's record of a return.
func fingerprintIn(t *testing.T, noted string) string {
	t.Helper()
	var n struct{ Fingerprint string }
	require.NoError(t, json.Unmarshal([]byte(noted), &n))
	return n.Fingerprint
}
