package records_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestAnOlderDocumentNeverReplacesANewerOne(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		_, _, found, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.False(t, found)
		version, err := store.Version(ctx, id)
		require.NoError(t, err)
		require.Zero(t, version)

		require.NoError(t, store.PutRefund(ctx, id, "p0", "r1", []byte(`{"due":1}`)), "before the order's document")
		_, _, found, err = store.Get(ctx, id)
		require.NoError(t, err)
		require.False(t, found, "a refund alone is no document")

		put := func(version int64, doc string, payments map[string][]byte) {
			require.NoError(t, store.Put(ctx, order.Record{
				OrderID: id, Version: version, Doc: []byte(doc), Status: "paid", CustomerID: "c", Payments: payments,
			}))
		}
		put(2, `{"n":2}`, map[string][]byte{"p1": []byte(`{"paid":1}`)})
		put(1, `{"n":1}`, map[string][]byte{"p2": []byte(`{"paid":2}`)}) // late, and so is its message about a payment
		put(2, `{"n":9}`, nil)
		doc, version, found, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, int64(2), version)
		require.JSONEq(t, `{"n":2}`, string(doc))
		version, err = store.Version(ctx, id)
		require.NoError(t, err)
		require.Equal(t, int64(2), version)
		payments, err := store.Payments(ctx, id)
		require.NoError(t, err)
		require.Equal(t, map[string][]byte{
			"refund:p0/r1": []byte(`{"due":1}`), "payment:p1": []byte(`{"paid":1}`),
		}, payments)
		require.Error(t, store.Put(ctx, order.Record{OrderID: id}), "version 0")
		require.Error(t, store.Put(ctx, order.Record{OrderID: "a:b", Version: 1}))
	})
}

// An Idempotency-Key that is used again after Temporal has forgotten its order creates a
// new order under the same id, whose versions start again.
func TestALaterPlacementReplacesAnEarlierOne(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		put := func(placed time.Time, version int64, doc string) {
			t.Helper()
			require.NoError(t, store.Put(ctx, order.Record{OrderID: id, Version: version, PlacedAt: placed, Doc: []byte(doc)}))
		}
		put(first, 5, `"old, delivered"`)
		put(first.AddDate(0, 2, 0), 2, `"new, held"`)
		put(first, 6, `"a late write of the old one"`)

		doc, version, _, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, int64(2), version)
		require.JSONEq(t, `"new, held"`, string(doc))
	})
}

func TestGetManyAnswersInTheOrderOfTheIDs(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), records.New(rdb)
		var ids []string
		for i := range 20 {
			id := redistest.ID("order")
			ids = append(ids, id)
			if i%3 > 0 {
				require.NoError(t, store.Put(ctx, order.Record{OrderID: id, Version: int64(i), Doc: []byte(strconv.Itoa(i))}))
			}
		}
		docs, err := store.GetMany(ctx, ids)
		require.NoError(t, err)
		for i, d := range docs {
			want := records.Document{OrderID: ids[i]}
			if i%3 > 0 {
				want = records.Document{OrderID: ids[i], Found: true, Version: int64(i), Doc: []byte(strconv.Itoa(i))}
			}
			require.Equal(t, want, d)
		}
		docs, err = store.GetMany(ctx, nil)
		require.NoError(t, err)
		require.Empty(t, docs)

		walked := map[string]int{}
		for id, err := range store.OrderIDs(ctx) {
			require.NoError(t, err)
			walked[id]++
		}
		for i, id := range ids {
			require.Equal(t, min(i%3, 1), walked[id], "a walk sees each order that has a document, once")
		}
	})
}

// A finished refund stays finished, whatever arrives late about it. Another one with its
// name, of a payment that arrived when the first was forgotten, is due at another time.
func TestARefundThatIsOverStaysSo(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		refund := func(s order.RefundStatus, due int) []byte {
			return fmt.Appendf(nil, `{"id":"full","status":%q,"dueAt":"2026-11-21T10:%02d:00Z"}`, s, due)
		}
		put := func(doc []byte) { require.NoError(t, store.PutRefund(ctx, id, "p", "full", doc)) }
		is := func(doc []byte) {
			t.Helper()
			docs, err := store.Payments(ctx, id)
			require.NoError(t, err)
			require.JSONEq(t, string(doc), string(docs["refund:p/full"]))
		}
		for _, over := range order.OverRefunds {
			require.NoError(t, rdb.Del(ctx, redisdb.Bucket(id)+":payments:"+id).Err())
			put(refund(order.RefundDue, 1))
			put(refund(order.RefundFailed, 1))
			put(refund(order.RefundDue, 1))
			is(refund(order.RefundDue, 1))
			put(refund(over, 1))
			for _, late := range []order.RefundStatus{order.RefundDue, order.RefundPending, order.RefundFailed, order.RefundCase} {
				put(refund(late, 1))
				is(refund(over, 1))
			}
			put(refund(order.RefundDue, 2))
			is(refund(order.RefundDue, 2))
		}
		for _, odd := range []string{`1`, `null`, `{}`, `{"status":null}`, `[]`} {
			put([]byte(odd))
			is([]byte(odd))
		}
	})
}

// A refund may reach the same status again, and money that was paid out may come back:
// among records with versions the later version stays, whatever they say.
func TestALateRecordOfARefundReplacesNoNewerOne(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		record := func(s order.RefundStatus, version int64) []byte {
			doc, err := json.Marshal(order.Refund{
				ID: "full", PaymentID: "p", OrderID: id, Status: s, Version: version, DueAt: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
			})
			require.NoError(t, err)
			return doc
		}
		put := func(doc []byte) { require.NoError(t, store.PutRefund(ctx, id, "p", "full", doc)) }
		story := []order.RefundStatus{
			order.RefundDue, order.RefundFailed, order.RefundDue, order.RefundPending, order.RefundPaid, order.RefundFailed, order.RefundSettled,
		}
		put(record(order.RefundPaid, 0)) // from before versions existed
		for i, status := range story {
			now := record(status, int64(i)+1)
			put(now)
			for late := range i {
				put(record(story[late], int64(late)+1))
			}
			docs, err := store.Payments(ctx, id)
			require.NoError(t, err)
			require.JSONEq(t, string(now), string(docs["refund:p/full"]), "%s, version %d", status, i+1)
		}
	})
}

// In any sequence of writes the newest document wins, the last write of each payment wins,
// and there is one event for each write that changed something.
func TestAnySequenceOfWrites(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		rapid.Check(t, func(r *rapid.T) {
			ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
			var version int64
			var doc string
			payments, events := map[string][]byte{}, []string{}
			for range rapid.IntRange(1, 12).Draw(r, "writes") {
				value := rapid.SampledFrom([]string{`{"a":1}`, `{"a":2}`}).Draw(r, "value")
				payment := rapid.SampledFrom([]string{"p1", "p2"}).Draw(r, "payment")
				kind := ""
				if rapid.Bool().Draw(r, "refund") {
					require.NoError(t, store.PutRefund(ctx, id, payment, "r", []byte(value)))
					kind = upsert(payments, "refund:"+payment+"/r", value)
				} else {
					rec := order.Record{
						OrderID: id, Version: rapid.Int64Range(1, 6).Draw(r, "version"), Doc: []byte(value), Status: "s", CustomerID: "c",
						Payments: map[string][]byte{payment: []byte(value)},
					}
					require.NoError(t, store.Put(ctx, rec))
					if rec.Version >= version { // an older message contains nothing new about a payment either
						kind = upsert(payments, "payment:"+payment, value)
					}
					if rec.Version > version {
						version, doc, kind = rec.Version, value, "order.changed"
					}
				}
				if kind != "" {
					events = append(events, kind+" "+strconv.FormatInt(version, 10))
				}
				gotDoc, gotVersion, found, err := store.Get(ctx, id)
				require.NoError(t, err)
				require.Equal(t, version > 0, found)
				require.Equal(t, version, gotVersion)
				require.Equal(t, doc, string(gotDoc))
				gotPayments, err := store.Payments(ctx, id)
				require.NoError(t, err)
				require.Equal(t, payments, gotPayments)
				require.Equal(t, events, eventsOf(ctx, t, rdb, id))
			}
		})
	})
}

func upsert(m map[string][]byte, field, value string) (kind string) {
	if string(m[field]) == value {
		return ""
	}
	m[field] = []byte(value)
	return "payments.changed"
}

func eventsOf(ctx context.Context, t *testing.T, rdb redis.UniversalClient, id string) []string {
	t.Helper()
	entries, err := rdb.XRange(ctx, redisdb.EventsKey(redisdb.Bucket(id)), "-", "+").Result()
	require.NoError(t, err)
	events := []string{}
	for _, e := range entries {
		if e.Values["id"] == id {
			events = append(events, e.Values["type"].(string)+" "+e.Values["version"].(string))
		}
	}
	return events
}

// A write about a requested payment has no version, and may have been in flight for long:
// by then the payment may have succeeded.
func TestThatAPaymentWasAskedForNeverReplacesWhatCameOfIt(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store, id := t.Context(), records.New(rdb), redistest.ID("order")
		const asked, again, paid = `{"type":"payment.created"}`, `{"type":"payment.created","n":2}`, `{"type":"payment.succeeded"}`
		on := func(want string) {
			t.Helper()
			all, err := store.Payments(ctx, id)
			require.NoError(t, err)
			require.Equal(t, map[string][]byte{"payment:p": []byte(want)}, all)
		}
		ask := func(doc string) { require.NoError(t, store.PutAsked(ctx, id, map[string][]byte{"p": []byte(doc)})) }
		ask(asked)
		on(asked)
		ask(again)
		on(again)
		require.NoError(t, store.Put(ctx, order.Record{
			OrderID: id, Version: 3, Doc: []byte(`{}`), Status: "paid", CustomerID: "c", Payments: map[string][]byte{"p": []byte(paid)},
		}))
		before, err := store.ReadMany(ctx, []string{id})
		require.NoError(t, err)
		ask(asked)
		on(paid)
		after, err := store.ReadMany(ctx, []string{id})
		require.NoError(t, err)
		require.Equal(t, before[0].Revision, after[0].Revision)
	})
}
