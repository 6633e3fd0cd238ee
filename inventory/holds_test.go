package inventory_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// Ten holds, five of them with one deadline, are read two at a time, while those that were
// read end.
func TestPagesOfHoldsSkipNoneWhenEarlierOnesEnd(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		id := redistest.ID("shirt")
		_, _, err := store.Put(ctx, id, shirt(100, 0), nil)
		require.NoError(t, err)
		start := time.UnixMilli(1_800_000_000_000)
		var want []product.LiveHold
		for i := range 10 {
			r := request(id, string(rune('a'+i)), 1, line("S", 1))
			r.Deadline = start.Add(time.Duration(min(i, 5)) * time.Second)
			_, err := store.Hold(ctx, []product.HoldRequest{r})
			require.NoError(t, err)
			want = append(want, product.LiveHold{ProductID: id, OrderID: r.OrderID, Listing: 1, Deadline: r.Deadline})
		}
		var got []product.LiveHold
		for cursor := ""; ; {
			page, next, err := store.HoldsOf(ctx, id, cursor, 2)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), 2)
			got = append(got, page...)
			for _, h := range page {
				_, err := store.Release(ctx, product.Holder{OrderID: h.OrderID}, 1, []string{id}, "test")
				require.NoError(t, err)
			}
			if next == "" {
				break
			}
			cursor = next
		}
		require.Equal(t, want, got)
	})
}

func TestOverdueHoldsOfAllProducts(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		// Long ago, so that the holds of other tests are not overdue then.
		now := time.UnixMilli(time.Now().UnixNano() % 1_000_000_000)
		var want []product.LiveHold
		for i := range 5 {
			id := redistest.ID("shirt")
			_, _, err := store.Put(ctx, id, shirt(1, 0), nil)
			require.NoError(t, err)
			r := request(id, "o", 1, line("S", 1))
			r.Deadline = now.Add(time.Duration(i-4) * time.Millisecond) // the last one is not yet overdue
			_, err = store.Hold(ctx, []product.HoldRequest{r})
			require.NoError(t, err)
			t.Cleanup(func() { _, _ = store.Release(t.Context(), product.Holder{OrderID: "o"}, 1, []string{id}, "test") })
			want = append(want, product.LiveHold{ProductID: id, OrderID: "o", Listing: 1, Deadline: r.Deadline})
		}
		require.Equal(t, byBucket(want[:4]), byBucket(mine(overdue(t, store, now, 100), want)))
		require.Equal(t, byBucket(want[:4]), byBucket(mine(overdue(t, store, now, 1), want)), "page by page")
		_, err := store.Overdue(ctx, now, map[int]string{64: ""}, 1)
		require.Error(t, err)
		anew, err := store.Overdue(ctx, now, map[int]string{3: "nothing"}, 1)
		require.NoError(t, err)
		start, err := store.Overdue(ctx, now, map[int]string{3: ""}, 1)
		require.NoError(t, err)
		require.Equal(t, start, anew, "a cursor of another version begins anew")
	})
}

// damages leaves a hold in each of three buckets, and damages the hold in the first bucket
// and the list of the second one.
func damages(t *testing.T, rdb redis.UniversalClient, store *inventory.Store, deadline time.Time) (ids []string) {
	t.Helper()
	seen := map[string]bool{}
	for len(ids) < 3 {
		id := redistest.ID("shirt")
		if seen[redisdb.Bucket(id)] {
			continue
		}
		seen[redisdb.Bucket(id)] = true
		_, _, err := store.Put(t.Context(), id, shirt(1, 0), nil)
		require.NoError(t, err)
		r := request(id, "o", 1, line("S", 1))
		r.Deadline = deadline
		_, err = store.Hold(t.Context(), []product.HoldRequest{r})
		require.NoError(t, err)
		ids = append(ids, id)
	}
	for _, key := range []string{redisdb.Bucket(ids[0]) + ":hold:" + ids[0] + ":o", redisdb.Bucket(ids[1]) + ":deadlines"} {
		require.EqualValues(t, 1, rdb.Exists(t.Context(), key).Val(), key)
		require.NoError(t, rdb.Set(t.Context(), key, "damaged", 0).Err())
		t.Cleanup(func() { require.NoError(t, rdb.Del(context.WithoutCancel(t.Context()), key).Err()) }) // other tests share the server
	}
	return ids
}

func pageOf(pages map[int]product.HoldPage, productID string) product.HoldPage {
	return pages[slices.Index(redisdb.AllBuckets(), redisdb.Bucket(productID))]
}

func allBuckets(store *inventory.Store) map[int]string {
	behind := map[int]string{}
	for b := range store.Buckets() {
		behind[b] = ""
	}
	return behind
}

func TestADamagedKeySpoilsNoOtherBucketsOverdueHolds(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		store, now := inventory.New(rdb), time.Now()
		ids := damages(t, rdb, store, now.Add(-time.Hour))
		pages, err := store.Overdue(t.Context(), now, allBuckets(store), 10)
		require.NoError(t, err)
		require.Len(t, pages, store.Buckets())
		for b, page := range pages {
			if b == slices.Index(redisdb.AllBuckets(), redisdb.Bucket(ids[1])) {
				require.ErrorContains(t, page.Err, "WRONGTYPE")
				continue
			}
			require.NoError(t, page.Err)
		}
		for _, id := range []string{ids[0], ids[2]} {
			require.Len(t, pageOf(pages, id).Holds, 1)
			require.Equal(t, id, pageOf(pages, id).Holds[0].ProductID)
		}
		listed, _, err := store.HoldsOf(t.Context(), ids[0], "", 10)
		require.NoError(t, err)
		require.Len(t, listed, 1, "who has to end it finds it")
	})
}

// One master of two is down.
func TestTheMastersThatAnswerShowTheirOverdueHolds(t *testing.T) {
	up, away := miniredis.RunT(t), miniredis.RunT(t)
	rdb := redis.NewClusterClient(&redis.ClusterOptions{ClusterSlots: func(context.Context) ([]redis.ClusterSlot, error) {
		return []redis.ClusterSlot{
			{Start: 0, End: 8191, Nodes: []redis.ClusterNode{{Addr: up.Addr()}}},
			{Start: 8192, End: 16383, Nodes: []redis.ClusterNode{{Addr: away.Addr()}}},
		}, nil
	}})
	defer func() { _ = rdb.Close() }()
	store, now := inventory.New(rdb), time.Now()
	var ids []string
	for range 40 {
		id := redistest.ID("shirt")
		_, _, err := store.Put(t.Context(), id, shirt(1, 0), nil)
		require.NoError(t, err)
		r := request(id, "o", 1, line("S", 1))
		r.Deadline = now.Add(-time.Hour)
		_, err = store.Hold(t.Context(), []product.HoldRequest{r})
		require.NoError(t, err)
		ids = append(ids, id)
	}
	away.Close()
	pages, err := store.Overdue(t.Context(), now, allBuckets(store), 100)
	require.NoError(t, err)
	seen, unread := 0, 0
	for _, id := range ids {
		page := pageOf(pages, id)
		if page.Err != nil {
			unread++
			continue
		}
		require.True(t, slices.ContainsFunc(page.Holds, func(h product.LiveHold) bool { return h.ProductID == id }))
		seen++
	}
	require.NotZero(t, seen)
	require.NotZero(t, unread)
}

// overdue reads all pages of all buckets.
func overdue(t *testing.T, store *inventory.Store, before time.Time, limit int) (all []product.LiveHold) {
	t.Helper()
	behind := allBuckets(store)
	for len(behind) > 0 {
		pages, err := store.Overdue(t.Context(), before, behind, limit)
		require.NoError(t, err)
		require.Len(t, pages, len(behind))
		for b, page := range pages {
			all = append(all, page.Holds...)
			require.LessOrEqual(t, len(page.Holds), limit)
			if behind[b] = page.Next; page.Next == "" {
				delete(behind, b)
			}
		}
	}
	return all
}

func byBucket(holds []product.LiveHold) map[string][]product.LiveHold {
	by := map[string][]product.LiveHold{}
	for _, h := range holds {
		by[redisdb.Bucket(h.ProductID)] = append(by[redisdb.Bucket(h.ProductID)], h)
	}
	return by
}

// mine leaves out the holds of other tests on the same server.
func mine(got, want []product.LiveHold) []product.LiveHold {
	return slices.DeleteFunc(got, func(h product.LiveHold) bool {
		return !slices.ContainsFunc(want, func(w product.LiveHold) bool { return w.ProductID == h.ProductID })
	})
}

func TestWalksOverProductsAndHolds(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		products, holds := map[string]int{}, map[inventory.HoldID]int{}
		for i := range 30 {
			id := redistest.ID("walk")
			_, _, err := store.Put(ctx, id, shirt(3, 0), nil)
			require.NoError(t, err)
			_, err = store.Hold(ctx, []product.HoldRequest{request(id, "o", 1, line("S", 1))})
			require.NoError(t, err)
			if i%2 == 0 {
				_, err = store.Commit(ctx, product.Holder{OrderID: "o"}, []string{id})
				require.NoError(t, err)
			}
			products[id], holds[inventory.HoldID{ProductID: id, OrderID: "o"}] = 0, 0
		}
		for id, err := range store.ProductIDs(ctx) {
			require.NoError(t, err)
			if n, ok := products[id]; ok {
				products[id] = n + 1
			}
		}
		for id, err := range store.HoldIDs(ctx) {
			require.NoError(t, err)
			if n, ok := holds[id]; ok {
				holds[id] = n + 1
			}
		}
		for id, n := range products {
			require.Equal(t, 1, n, id)
		}
		for id, n := range holds {
			require.Equal(t, 1, n, id)
		}
	})
}
