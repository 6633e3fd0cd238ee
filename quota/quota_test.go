package quota_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/quota"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// of is an order that was placed at a time of its own.
func of(orderID string) product.Holder {
	return product.Holder{OrderID: orderID, PlacedAt: time.UnixMilli(1_800_000_000_000)}
}

// member is its name in the set.
func member(orderID string) string { return orderID + "/1800000000000" }

func claim(t testing.TB, rdb redis.UniversalClient, customer, orderID string, limit int64, deadline time.Time) bool {
	t.Helper()
	ok, err := quota.Claimed(redisdb.Run(t.Context(), rdb,
		quota.Claim(customer, limit, of(orderID), deadline))[0])
	require.NoError(t, err)
	return ok
}

func leave(t testing.TB, rdb redis.UniversalClient, customer, orderID string) {
	t.Helper()
	require.NoError(t, redisdb.Run(t.Context(), rdb, quota.Leave(customer, of(orderID), order.StatusCancelled))[0].Err())
}

func count(t testing.TB, rdb redis.UniversalClient, customer string) order.OpenOrders {
	t.Helper()
	open, err := quota.Counted(redisdb.Run(t.Context(), rdb, quota.Count(customer))[0])
	require.NoError(t, err)
	return open
}

func TestPlacesAreTakenAndGivenUp(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer := redistest.ID("c")
		soon := time.Now().Add(time.Minute).Truncate(time.Millisecond)
		later := soon.Add(time.Minute)
		require.Equal(t, order.OpenOrders{}, count(t, rdb, customer))
		require.True(t, claim(t, rdb, customer, "o1", 2, later))
		require.True(t, claim(t, rdb, customer, "o2", 2, soon))
		require.False(t, claim(t, rdb, customer, "o3", 2, later))
		require.True(t, claim(t, rdb, customer, "o1", 2, later), "who has a place keeps it")
		require.True(t, claim(t, rdb, customer, "o1", 1, later), "also where the limit is lower by now")
		require.True(t, claim(t, rdb, redistest.ID("c"), "o3", 2, later), "another customer has his own")
		open := count(t, rdb, customer)
		require.Equal(t, int64(2), open.Count)
		require.True(t, open.Until.Equal(soon), "%s, not %s", open.Until, soon)

		leave(t, rdb, customer, "o2")
		leave(t, rdb, customer, "o2")
		require.True(t, claim(t, rdb, customer, "o3", 2, later))
		require.False(t, claim(t, rdb, customer, "o4", 2, later))
	})
}

// A step that gives up a place may be lost: the place expires a minute after the deadline,
// and not before.
func TestAPlaceThatNobodyGaveUpStopsCounting(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer := redistest.ID("c")
		require.True(t, claim(t, rdb, customer, "lost", 1, time.Now().Add(-61*time.Second)))
		require.Zero(t, count(t, rdb, customer).Count)
		require.True(t, claim(t, rdb, customer, "next", 1, time.Now().Add(-30*time.Second)))
		require.Equal(t, int64(1), count(t, rdb, customer).Count, "an order that ends right now still holds its stock")
		require.False(t, claim(t, rdb, customer, "third", 1, time.Now().Add(time.Minute)))
	})
}

func TestAnOrderThatEndsLateKeepsItsPlace(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer, store := redistest.ID("c"), quota.New(rdb)
		until := time.Now().Add(5 * time.Minute).Truncate(time.Millisecond)
		require.True(t, claim(t, rdb, customer, "stuck", 1, time.Now().Add(-50*time.Second)))
		require.NoError(t, store.Extend(t.Context(), customer, of("stuck"), until))
		require.NoError(t, store.Extend(t.Context(), customer, of("stuck"), until.Add(-time.Minute)), "never earlier")
		require.False(t, claim(t, rdb, customer, "next", 1, until))
		require.True(t, count(t, rdb, customer).Until.Equal(until))
		leave(t, rdb, customer, "stuck")
		require.True(t, claim(t, rdb, customer, "next", 1, until))
		require.Error(t, store.Extend(t.Context(), "a:b", of("o"), until))
	})
}

// A message of an order that is in flight when the order ends arrives after it: the claim
// of a hold that was thought lost, or the extension of an attempt that timed out.
func TestALateMessageTakesNoPlaceForAnOrderThatLeft(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer, store := redistest.ID("c"), quota.New(rdb)
		deadline := time.Now().Add(time.Minute)
		require.True(t, claim(t, rdb, customer, "stuck", 1, deadline))
		leave(t, rdb, customer, "stuck")
		require.NoError(t, store.Extend(t.Context(), customer, of("stuck"), time.Now().Add(4*time.Minute)))
		require.Zero(t, count(t, rdb, customer).Count, "the extension is late")
		require.True(t, claim(t, rdb, customer, "stuck", 1, deadline))
		require.Zero(t, count(t, rdb, customer).Count, "the claim is late")

		leave(t, rdb, customer, "claims-later")
		require.True(t, claim(t, rdb, customer, "claims-later", 1, deadline))
		require.Zero(t, count(t, rdb, customer).Count, "it had no place when it ended")

		require.True(t, claim(t, rdb, customer, "next", 1, deadline), "marks are no places")
		require.False(t, claim(t, rdb, customer, "third", 1, deadline))
		require.Equal(t, int64(1), count(t, rdb, customer).Count)
	})
}

// Temporal was restored, or the order deleted, and its id is used again: a late message of
// the earlier order doesn't take the later one's place, and its mark doesn't give one for
// free.
func TestOrdersOfOneIDHavePlacesOfTheirOwn(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer, deadline := redistest.ID("c"), time.Now().Add(time.Minute)
		later := product.Holder{OrderID: "o", PlacedAt: of("o").PlacedAt.Add(time.Hour)}
		require.True(t, claim(t, rdb, customer, "o", 1, deadline))
		leave(t, rdb, customer, "o")
		again, err := quota.Claimed(redisdb.Run(t.Context(), rdb,
			quota.Claim(customer, 1, later, deadline))[0])
		require.NoError(t, err)
		require.True(t, again)
		require.Equal(t, int64(1), count(t, rdb, customer).Count, "the mark is another order's")
		leave(t, rdb, customer, "o")
		require.Equal(t, int64(1), count(t, rdb, customer).Count, "it was another order that ended")
		require.NoError(t, redisdb.Run(t.Context(), rdb, quota.Leave(customer, later, order.StatusPaid))[0].Err())
		require.Zero(t, count(t, rdb, customer).Count)
	})
}

// A worker of an earlier version claimed the place, by the order's id alone.
func TestAPlaceOfAnEarlierVersionIsGivenUp(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer := redistest.ID("c")
		_, err := quota.Claimed(redisdb.Run(t.Context(), rdb, quota.Claim(
			customer, 1, product.Holder{OrderID: "o"}, time.Now().Add(time.Minute)))[0])
		require.NoError(t, err)
		gone, err := redisdb.Run(t.Context(), rdb, quota.Leave(customer, of("o"), order.StatusPaid))[0].Int()
		require.NoError(t, err)
		require.Equal(t, 1, gone)
		require.Zero(t, count(t, rdb, customer).Count)
	})
}

// A paid order that never had a place, as in a shop without the limit, costs no memory.
func TestAPaidOrderWithoutAPlaceLeavesNoMark(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer := redistest.ID("c")
		require.NoError(t, redisdb.Run(t.Context(), rdb, quota.Leave(customer, of("paid"), order.StatusPaid))[0].Err())
		require.Zero(t, rdb.Exists(t.Context(), redisdb.Bucket(customer)+":open:"+customer).Val())
	})
}

// Marks outlive every message that may arrive for their order, and no longer.
func TestMarksGoOnceNothingCanComeForThem(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer, store := redistest.ID("c"), quota.New(rdb)
		key := redisdb.Bucket(customer) + ":open:" + customer
		deadline := time.Now().Add(time.Hour)
		require.True(t, claim(t, rdb, customer, "early", 1, deadline))
		leave(t, rdb, customer, "early")
		until := time.UnixMilli(-int64(rdb.ZScore(t.Context(), key, member("early")).Val()))
		require.WithinRange(t, until, deadline.Add(time.Minute), deadline.Add(10*time.Minute))
		require.Greater(t, rdb.PTTL(t.Context(), key).Val(), time.Hour, "the set lives as long as its marks")

		gone := float64(-time.Now().Add(-time.Second).UnixMilli())
		require.NoError(t, rdb.ZAdd(t.Context(), key, redis.Z{Member: "old", Score: gone}).Err())
		require.True(t, claim(t, rdb, customer, "next", 1, deadline))
		require.ErrorIs(t, rdb.ZScore(t.Context(), key, "old").Err(), redis.Nil)

		require.NoError(t, store.Extend(t.Context(), customer, of("other"), time.Now().Add(24*time.Hour)))
		kept := time.UnixMilli(int64(rdb.ZScore(t.Context(), key, member("other")).Val()))
		require.WithinRange(t, kept, time.Now().Add(4*time.Minute), time.Now().Add(quota.Extension), "no longer than a mark stands")
	})
}

// The set of a customer who doesn't come back is freed with its last order.
func TestASetLeavesWithItsLastOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer := redistest.ID("c")
		require.True(t, claim(t, rdb, customer, "long", 5, time.Now().Add(time.Hour)))
		require.True(t, claim(t, rdb, customer, "short", 5, time.Now().Add(time.Minute)))
		ttl, err := rdb.PTTL(t.Context(), redisdb.Bucket(customer)+":open:"+customer).Result()
		require.NoError(t, err)
		require.InDelta(t, time.Hour+time.Minute, ttl, float64(10*time.Second))
	})
}

func TestOfAThousandAtOnceNoMoreThanTheLimitGetAPlace(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		customer, deadline := redistest.ID("c"), time.Now().Add(time.Minute)
		var got atomic.Int64
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				ok, err := quota.Claimed(redisdb.Run(t.Context(), rdb,
					quota.Claim(customer, 20, of(fmt.Sprint("o", i)), deadline))[0])
				if err != nil {
					t.Error(err)
				}
				if ok {
					got.Add(1)
				}
			})
		}
		all.Wait()
		require.Equal(t, int64(20), got.Load())
		require.Equal(t, int64(20), count(t, rdb, customer).Count)
	})
}
