package coupons_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestCountersThatMovedSinceTheyWereSeenAreNotMended(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		f := newFixture(t, rdb, 5, 2)
		f.claim(f.asks("o1", 1, "ada"))
		f.claim(f.asks("o2", 1, "bea"))
		mend := func(m coupons.Mending) bool {
			m.Code = f.code
			done, err := f.store.Mend(t.Context(), m)
			require.NoError(t, err)
			return done
		}
		seen, now := coupon.Books{Uses: 2, Claimed: 2}, coupon.Books{Uses: 3, Claimed: 1, Committed: 4, Returned: 2}
		for name, other := range map[string]coupon.Books{
			"uses": {Uses: 1, Claimed: 2}, "claimed": {Uses: 2, Claimed: 1}, "committed": {Uses: 2, Claimed: 2, Committed: 1},
			"returned": {Uses: 2, Claimed: 2, Returned: 1},
		} {
			require.False(t, mend(coupons.Mending{Seen: other, Now: now}), name)
		}
		require.False(t, mend(coupons.Mending{Seen: seen, Now: now, Customers: []coupons.CustomerMending{
			{CustomerID: "bea", Seen: 1, Now: 2}, {CustomerID: "ada", Seen: 2, Now: 1},
		}}))
		f.requireBooks(seen)
		require.True(t, mend(coupons.Mending{Seen: seen, Now: now, Customers: []coupons.CustomerMending{
			{CustomerID: "ada", Seen: 1, Now: 2}, {CustomerID: "bea", Seen: 1, Now: 0}, {CustomerID: "eve", Seen: 0, Now: 1},
		}}))
		f.requireBooks(now)
		for customerID, want := range map[string]int64{"ada": 2, "bea": 0, "eve": 1} {
			_, used := f.books(customerID)
			require.Equal(t, want, used, customerID)
		}
		_, err := f.store.Mend(t.Context(), coupons.Mending{Code: f.code, Seen: now, Now: coupon.Books{Uses: 1}})
		require.Error(t, err, "counters that don't add up")
		gone, err := f.store.Mend(t.Context(), coupons.Mending{Code: code(), Seen: now, Now: seen})
		require.NoError(t, err)
		require.False(t, gone, "a coupon that doesn't exist is not created")
	})
}

func TestTheListFollowsAClaim(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		f := newFixture(t, rdb, 5, 0)
		f.claim(f.asks("held", 1, "ada"))
		f.claim(f.asks("used", 1, "ada"))
		f.commit("used", 1, "ada")
		list, damaged := redisdb.Bucket(f.code)+":claims", redis.Z{Score: 1}
		relist := func(orderID string) bool {
			require.NoError(t, rdb.ZRem(t.Context(), list, f.code+"/held").Err())
			damaged.Member = f.code + "/" + orderID
			if orderID != "held" {
				require.NoError(t, rdb.ZAdd(t.Context(), list, damaged).Err())
			}
			listed, err := f.store.Relist(t.Context(), coupons.ClaimID{Code: f.code, OrderID: orderID})
			require.NoError(t, err)
			claims, err := f.store.ReadClaims(t.Context(), []coupons.ClaimID{{Code: f.code, OrderID: orderID}})
			require.NoError(t, err)
			require.Equal(t, listed, claims[0].Listed)
			return listed
		}
		require.False(t, relist("used"))
		require.False(t, relist("none"))
		require.True(t, relist("held"))
		at, err := rdb.ZScore(t.Context(), list, f.code+"/held").Result()
		require.NoError(t, err)
		require.InDelta(t, f.asks("held", 1, "").Deadline.UnixMilli(), at, 0)
	})
}

// An audit reads everything as it is stored.
func TestAnAuditReadsCouponsAsTheyAreStored(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		f := newFixture(t, rdb, 5, 2)
		f.claim(f.asks("o1", 1, "ada"))
		f.commit("o1", 1, "ada")
		f.claim(f.asks("o2", 1, "bea"))
		f.closes("o1")
		var codes, claims, listed, users []string
		for code, err := range f.store.WalkCoupons(t.Context()) {
			require.NoError(t, err)
			if code == f.code {
				codes = append(codes, code)
			}
		}
		for id, err := range f.store.WalkClaims(t.Context()) {
			require.NoError(t, err)
			if id.Code == f.code {
				claims = append(claims, id.OrderID)
			}
		}
		for id, err := range f.store.WalkListed(t.Context()) {
			require.NoError(t, err)
			if id.Code == f.code {
				listed = append(listed, id.OrderID)
			}
		}
		for u, err := range f.store.WalkCustomers(t.Context(), f.code) {
			require.NoError(t, err)
			require.Equal(t, int64(1), u.Count)
			users = append(users, u.CustomerID)
		}
		require.Equal(t, []string{f.code}, codes)
		require.ElementsMatch(t, []string{"o1", "o2"}, claims)
		require.Equal(t, []string{"o2"}, listed)
		require.ElementsMatch(t, []string{"ada", "bea"}, users)

		damage := func(value string) {
			require.NoError(t, rdb.HSet(t.Context(), redisdb.Bucket(f.code)+":coupon:"+f.code, "returned", value).Err())
		}
		damage("x")
		defer damage("0") // other tests list all coupons
		require.NoError(t, rdb.HSet(t.Context(), redisdb.Bucket(f.code)+":coupon-customers:"+f.code, "ada", "x").Err())
		require.NoError(t, rdb.HSet(t.Context(), redisdb.Bucket(f.code)+":claim:"+f.code+":o2", "try", "x").Err())
		snap, err := f.store.Snapshot(t.Context(), f.code, []string{"o2", "o1", "o3"}, []string{"eve", "ada"})
		require.NoError(t, err)
		require.Contains(t, snap.Unreadable, `"x"`)
		require.Equal(t, coupon.Books{Uses: 2, Claimed: 1, Committed: 1}, snap.Books)
		require.Equal(t, []string{"o2"}, snap.Listed)
		require.Equal(t, coupons.Uses{CustomerID: "eve"}, snap.Customers[0])
		require.NotEmpty(t, snap.Customers[1].Unreadable)
		states := make([]product.HoldState, len(snap.Claims))
		for i, c := range snap.Claims {
			states[i] = c.State
		}
		require.Equal(t, []product.HoldState{product.HoldStateHeld, product.HoldStateCommitted, product.HoldStateNone}, states)
		require.NotEmpty(t, snap.Claims[0].Unreadable)
		require.Positive(t, snap.Claims[1].Expires)
		none, err := f.store.ReadBooks(t.Context(), []string{strings.ToUpper(redistest.ID("none")), f.code})
		require.NoError(t, err)
		require.False(t, none[0].Found)
		require.True(t, none[1].Found)
	})
}
