package records_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb/redistest"
)

func TestAnAlertIsDismissedOnceWhateverElseIsStored(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		first := order.Dismissal{AlertID: "a", At: time.UnixMilli(1_795_895_898_291).UTC(), Actor: "eve"}
		again := first
		again.Actor, again.At = "mallory", first.At.Add(time.Hour)
		stored := func() order.Stored {
			all, err := store.ReadMany(ctx, []string{id})
			require.NoError(t, err)
			return all[0]
		}

		require.NoError(t, store.Dismiss(ctx, id, first), "the order itself has left")
		before := stored()
		require.NoError(t, store.Dismiss(ctx, id, again))
		require.Equal(t, before, stored())
		require.Equal(t, []string{"payments.changed 0"}, eventsOf(ctx, t, rdb, id))
		money, err := order.ReadPayments(before.Payments)
		require.NoError(t, err)
		require.Equal(t, order.Payments{Dismissals: []order.Dismissal{first}}, money)

		require.NoError(t, store.Put(ctx, order.Record{OrderID: id, Version: 3, Doc: []byte(`{}`), Status: "paid"}))
		require.NoError(t, store.Dismiss(ctx, id, order.Dismissal{AlertID: "b"}))
		require.Greater(t, stored().Revision, before.Revision, "so that the view takes it")
		require.Equal(t, []string{"payments.changed 0", "order.changed 3", "payments.changed 3"}, eventsOf(ctx, t, rdb, id))
		gone, err := store.Forget(ctx, id, stored().Revision)
		require.NoError(t, err)
		require.True(t, gone)
		require.Empty(t, stored().Payments)
		require.Error(t, store.Dismiss(ctx, "a:b", first))
	})
}

func TestEachAlertIsCountedOnce(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		counted := map[order.AlertRule]int{}
		store := records.New(rdb).CountingAlerts(func(r order.AlertRule) { counted[r]++ })
		ctx, id := t.Context(), redistest.ID("order")
		is := func(want map[order.AlertRule]int) {
			t.Helper()
			require.Equal(t, want, counted)
		}
		put := func(version int64, facts ...order.Fact) {
			t.Helper()
			require.NoError(t, store.Put(ctx, order.Record{OrderID: id, Version: version, Doc: []byte(`{}`), Status: "paid", Facts: facts}))
		}
		alert := order.Fact{ID: "1", Kind: order.FactAlert, Name: string(order.RuleUnresolved)}
		other := order.Fact{ID: "2", Kind: order.FactAlert, Name: string(order.RuleClockAhead)}
		put(2, node("paid"), alert)
		put(2, node("paid"), alert) // after a timeout
		put(3, node("paid"), alert, other, node("alert_raised"))
		put(4, node("paid"), alert)
		put(1, node("paid"), order.Fact{ID: "3", Kind: order.FactAlert, Name: "late"})
		is(map[order.AlertRule]int{order.RuleUnresolved: 1, order.RuleClockAhead: 1})

		clear(counted)
		refund := order.Refund{ID: "r", PaymentID: "p", Shortfall: 100, Status: order.RefundDue, Version: 1}
		encoded := func(v any) []byte {
			doc, err := json.Marshal(v)
			require.NoError(t, err)
			return doc
		}
		st, err := store.ReadMany(ctx, []string{id})
		require.NoError(t, err)
		for range 2 {
			_, err = store.PutRefundAt(ctx, id, "p", "r", encoded(refund), st[0].Revision)
			require.NoError(t, err)
		}
		is(map[order.AlertRule]int{order.RuleRefundShortfall: 1})
		refund.Version, refund.Status = 2, order.RefundPaid
		require.NoError(t, store.PutRefund(ctx, id, "p", "r", encoded(refund)))
		require.NoError(t, store.PutRefund(ctx, id, "p", "whole", encoded(order.Refund{ID: "whole", PaymentID: "p", Version: 1})))
		is(map[order.AlertRule]int{order.RuleRefundShortfall: 1})

		clear(counted)
		d := order.Dispute{ID: "dp", Provider: "sandbox"}
		hear := func(dismissed time.Time) {
			d.DismissedAt = dismissed
			d.Version++
			require.NoError(t, store.PutDispute(ctx, id, d.Provider, d.ID, encoded(d)))
		}
		hear(time.Time{})
		hear(time.Time{})
		is(map[order.AlertRule]int{order.RuleDisputed: 1})
		hear(time.Now())
		hear(time.Time{})
		is(map[order.AlertRule]int{order.RuleDisputed: 2})
	})
}
