package records_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// Whatever is written, the revision grows with each change and with nothing else, and a
// read shows exactly what was written.
func TestTheRevisionGrowsWithEachChange(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		rapid.Check(t, func(r *rapid.T) {
			ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
			last := order.Stored{OrderID: id}
			for range rapid.IntRange(1, 12).Draw(r, "writes") {
				value := rapid.SampledFrom([]string{`{"a":1}`, `{"a":2}`}).Draw(r, "value")
				begun := time.Now().Add(-time.Second).UnixMilli()
				mended := false
				switch rapid.SampledFrom([]string{"put", "refund", "mend"}).Draw(r, "kind") {
				case "put":
					require.NoError(t, store.Put(ctx, order.Record{
						OrderID: id, Version: rapid.Int64Range(1, 6).Draw(r, "version"), Doc: []byte(value), Status: "s",
						Payments: map[string][]byte{"p": []byte(value)},
					}))
				case "refund":
					require.NoError(t, store.PutRefund(ctx, id, "p", "r", []byte(value)))
				case "mend":
					done, err := store.Mend(ctx, order.Record{Version: last.Version, Doc: last.Doc}, order.Record{
						OrderID: id, Version: rapid.Int64Range(1, 6).Draw(r, "version"), Doc: []byte(value),
					})
					require.NoError(t, err)
					mended = true
					require.True(t, done)
				}
				all, err := store.ReadMany(ctx, []string{id, redistest.ID("nobody")})
				require.NoError(t, err)
				now := all[0]
				require.NoError(t, now.Err)
				require.Equal(t, order.Stored{OrderID: all[1].OrderID}, all[1])
				if now.Revision == last.Revision {
					last.Revision = now.Revision
					require.Equal(t, last, now, "no revision, no change")
					continue
				}
				require.Greater(t, now.Revision, last.Revision)
				require.GreaterOrEqual(t, now.Revision, begun)
				require.True(t, mended || now.Version != last.Version || !assert.ObjectsAreEqual(last.Payments, now.Payments),
					"what is mended counts as changed")
				payments, err := store.Payments(ctx, id)
				require.NoError(t, err)
				require.Len(t, payments, len(now.Payments))
				require.NotContains(t, payments, "rev")
				last = now
			}
		})
	})
}

func TestAnOrderThatCantBeReadIsItsOwnAffair(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), records.New(rdb)
		damage := map[string]func(key, payments string){
			"fine":        func(string, string) {},
			"no hash":     func(key, _ string) { replace(t, rdb, key) },
			"no payments": func(_, payments string) { replace(t, rdb, payments) },
			"no document": func(key, _ string) { require.NoError(t, rdb.HDel(ctx, key, "doc").Err()) },
			"no version":  func(key, _ string) { require.NoError(t, rdb.HSet(ctx, key, "version", "x").Err()) },
		}
		ids, names := []string{}, []string{}
		for name, harm := range damage {
			id := redistest.ID("order")
			ids, names = append(ids, id), append(names, name)
			require.NoError(t, store.Put(ctx, order.Record{
				OrderID: id, Version: 1, Doc: []byte(`{}`), Payments: map[string][]byte{"p": []byte(`{}`)},
			}))
			harm(redisdb.Bucket(id)+":order:"+id, redisdb.Bucket(id)+":payments:"+id)
		}
		all, err := store.ReadMany(ctx, ids)
		require.NoError(t, err)
		for i, st := range all {
			require.Equal(t, ids[i], st.OrderID)
			require.Equal(t, names[i] == "fine", st.Err == nil, "%s: %v", names[i], st.Err)
		}
		all, err = store.ReadMany(ctx, nil)
		require.NoError(t, err)
		require.Empty(t, all)
	})
}

func replace(t *testing.T, rdb redis.UniversalClient, key string) {
	t.Helper()
	require.NoError(t, rdb.Set(t.Context(), key, "x", 0).Err())
}

func TestForgetOnlyWhatWasSeen(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		read := func() order.Stored {
			t.Helper()
			all, err := store.ReadMany(ctx, []string{id})
			require.NoError(t, err)
			return all[0]
		}
		forget := func(revision int64) bool {
			t.Helper()
			done, err := store.Forget(ctx, id, revision)
			require.NoError(t, err)
			return done
		}
		before, err := records.Forgotten(ctx, rdb)
		require.NoError(t, err)
		refund, err := json.Marshal(order.Refund{ID: "r"})
		require.NoError(t, err)
		require.NoError(t, store.Put(ctx, order.Record{OrderID: id, Version: 3, Status: order.StatusDelivered, Doc: []byte(`{}`)}))
		seen := read()
		require.NoError(t, store.PutRefund(ctx, id, "p", "r", refund))
		require.False(t, forget(seen.Revision), "a refund came meanwhile")
		require.False(t, forget(seen.Revision+1<<40))
		seen = read()
		require.True(t, seen.Found)
		require.Len(t, seen.Payments, 1)
		older := func(below int64) order.Stored {
			all, err := store.ReadOlder(ctx, []string{id}, below)
			require.NoError(t, err)
			return all[0]
		}
		require.Equal(t, seen, older(seen.Revision+1))
		require.Equal(t, order.Stored{OrderID: id, Revision: seen.Revision}, older(seen.Revision))
		require.True(t, forget(seen.Revision))
		require.False(t, forget(seen.Revision), "it is gone")
		require.Equal(t, order.Stored{OrderID: id}, read())
		for stored, err := range store.StoredIDs(ctx) {
			require.NoError(t, err)
			require.NotEqual(t, id, stored)
		}

		require.Eventually(t, func() bool { return time.Now().UnixMilli() > seen.Revision+1 }, time.Second, time.Millisecond)
		require.NoError(t, store.PutRefund(ctx, id, "p", "r", refund), "a late one")
		late := read()
		require.False(t, late.Found)
		require.GreaterOrEqual(t, late.Revision, seen.Revision)
		walked := 0
		for stored, err := range store.StoredIDs(ctx) {
			require.NoError(t, err)
			if stored == id {
				walked++
			}
		}
		require.Equal(t, 1, walked, "payments alone are seen too")
		require.True(t, forget(late.Revision))
		after, err := records.Forgotten(ctx, rdb)
		require.NoError(t, err)
		require.Equal(t, before[order.StatusDelivered]+1, after[order.StatusDelivered], "an order counts, payments alone don't")
		_, err = store.Forget(ctx, id, 0)
		require.Error(t, err)
		_, err = store.Forget(ctx, "a:b", 1)
		require.Error(t, err)
	})
}

// Documents from before revisions existed have the lowest one.
func TestDocumentsWithoutRevision(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		require.NoError(t, rdb.HSet(ctx, redisdb.Bucket(id)+":order:"+id, "version", 4, "doc", "{}").Err())
		all, err := store.ReadMany(ctx, []string{id})
		require.NoError(t, err)
		require.Equal(t, order.Stored{OrderID: id, Found: true, Version: 4, Revision: 1, Doc: []byte(`{}`)}, all[0])
		done, err := store.Forget(ctx, id, 1)
		require.NoError(t, err)
		require.True(t, done)
	})
}
