package records_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// Mend replaces exactly what was seen, whatever its version, and all of it or nothing.
func TestMendReplacesOnlyWhatWasSeen(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		right := order.Record{
			OrderID: id, Version: 4, Doc: []byte(`"right"`), Status: "paid", CustomerID: "c", PlacedAt: time.UnixMilli(1000),
			Payments: map[string][]byte{"p1": []byte("1"), "p2": []byte("2")},
		}
		mend := func(seen, now order.Record) bool {
			t.Helper()
			done, err := store.Mend(ctx, seen, now)
			require.NoError(t, err)
			return done
		}
		stored := func(version int64, doc string, payments map[string][]byte) {
			t.Helper()
			gotDoc, gotVersion, _, err := store.Get(ctx, id)
			require.NoError(t, err)
			require.Equal(t, version, gotVersion)
			require.Equal(t, doc, string(gotDoc))
			got, err := store.Payments(ctx, id)
			require.NoError(t, err)
			require.Equal(t, payments, got)
		}
		nothing := order.Record{}
		require.True(t, mend(nothing, right), "lost, all of it")
		all := map[string][]byte{"payment:p1": []byte("1"), "payment:p2": []byte("2")}
		stored(4, `"right"`, all)
		require.Equal(t, []string{"order.changed 4"}, eventsOf(ctx, t, rdb, id))
		require.False(t, mend(nothing, right), "it is there by now")

		// The same version with another document, and an older payment.
		wrong := order.Record{Version: 4, Doc: []byte(`"wrong"`), Payments: map[string][]byte{"p1": []byte("0"), "p2": []byte("2")}}
		damage := func() {
			require.NoError(t, rdb.HSet(ctx, redisdb.Bucket(id)+":order:"+id, "doc", wrong.Doc).Err())
			require.NoError(t, rdb.HSet(ctx, redisdb.Bucket(id)+":payments:"+id, "payment:p1", "0").Err())
		}
		damage()
		for _, seen := range []order.Record{
			{Version: 3, Doc: wrong.Doc, Payments: wrong.Payments},
			{Version: 4, Doc: right.Doc, Payments: wrong.Payments},
			{Version: 4, Doc: wrong.Doc, Payments: right.Payments},
			{Version: 4, Doc: wrong.Doc},
		} {
			require.False(t, mend(seen, right), "%+v", seen)
			stored(4, `"wrong"`, map[string][]byte{"payment:p1": []byte("0"), "payment:p2": []byte("2")})
		}
		require.True(t, mend(wrong, right))
		stored(4, `"right"`, all)

		// Only payments: the document stays, and need not be what was seen.
		damage()
		paymentsAlone := right
		paymentsAlone.Version = 0
		require.True(t, mend(order.Record{Payments: wrong.Payments}, paymentsAlone))
		stored(4, `"wrong"`, all)
		require.True(t, mend(order.Record{Payments: right.Payments}, paymentsAlone), "nothing to do")
		require.Equal(t, []string{"order.changed 4", "order.changed 4", "payments.changed 4"}, eventsOf(ctx, t, rdb, id),
			"what changed nothing made no event")

		_, err := store.Mend(ctx, nothing, order.Record{OrderID: "a:b", Version: 1})
		require.Error(t, err)
	})
}

func TestMendRefundReplacesOnlyWhatWasSeen(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		mend := func(seen, now string) bool {
			t.Helper()
			done, err := store.MendRefund(ctx, id, "p", "full", []byte(seen), []byte(now))
			require.NoError(t, err)
			return done
		}
		require.False(t, mend("due", "paid"), "nothing is there")
		require.True(t, mend("", "due"))
		require.False(t, mend("", "due"))
		require.True(t, mend("due", "paid"))
		all, err := store.Payments(ctx, id)
		require.NoError(t, err)
		require.Equal(t, map[string][]byte{"refund:p/full": []byte("paid")}, all)
		require.Equal(t, []string{"payments.changed 0", "payments.changed 0"}, eventsOf(ctx, t, rdb, id))
	})
}
