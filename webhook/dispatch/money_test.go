package dispatch

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/webhook"
)

var began = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func attempt(kind order.PaymentEventType, after time.Duration) order.Attempt {
	return order.Attempt{
		PaymentID: "p", Provider: "sandbox", Type: kind, Amount: 700, Currency: "EUR", OccurredAt: began.Add(after),
		Taken: kind == order.PaymentSucceeded,
	}
}

// pays takes an order's document to a status, with its payments.
func (s *shop) pays(id string, version int64, status order.Status, attempts ...order.Attempt) {
	s.t.Helper()
	require.NoError(s.t, s.docs.Put(s.t.Context(), record(s.t, id, version, status, attempts...)))
}

func record(t *testing.T, id string, version int64, status order.Status, attempts ...order.Attempt) order.Record {
	t.Helper()
	payments := map[string]order.Attempt{}
	for _, a := range attempts {
		payments[a.Key()] = a
	}
	r, err := order.NewRecord(&order.Order{
		ID: id, Version: version, CustomerID: "ada", Status: status, Currency: "EUR", Amounts: map[string]int64{order.AmountTotal: 700},
		PlacedAt: time.UnixMilli(1_790_000_000_000),
	}, payments)
	require.NoError(t, err)
	return r
}

// refunds records a refund as it reaches one status after another.
func (s *shop) refunds(r order.Refund, statuses ...order.RefundStatus) order.Refund {
	s.t.Helper()
	for _, status := range statuses {
		r.Version++
		r.Status = status
		s.putRefund(r)
		s.putRefund(r) // an activity that is repeated
	}
	return r
}

func (s *shop) putRefund(r order.Refund) {
	s.t.Helper()
	doc, err := json.Marshal(r)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.PutRefund(s.t.Context(), r.OrderID, r.PaymentID, r.ID, doc))
}

func (s *shop) disputes(d order.Dispute) {
	s.t.Helper()
	doc, err := json.Marshal(d)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.PutDispute(s.t.Context(), d.OrderID, d.Provider, d.ID, doc))
}

func aRefund(id string) order.Refund {
	return order.Refund{
		ID: id, PaymentID: "p", OrderID: "o", Provider: "sandbox", Amount: 300, Currency: "EUR", Reason: order.RefundRequested,
		DueAt: began, PaymentAmount: 700, Actor: "eve-of-support", Note: "a scratch", Detail: "what the bank said", Fingerprint: "f",
		ProviderID: "re_1",
	}
}

func decided(r order.Refund, after time.Duration) order.Refund {
	r.Decide(order.RefundDecision{Choice: "refund", Actor: "eve-of-support", At: began.Add(after), Key: "key-of-eve"})
	return r
}

// everything makes every event happen, and returns how often each does.
func (s *shop) everything() map[string]int {
	s.put("mug", product.StatusListed)
	require.NoError(s.t, s.stock.Delist(s.t.Context(), "mug", 1))
	s.pays("o", 1, order.StatusAwaitingPayment, attempt(order.PaymentCreated, 0))
	s.pays("o", 2, order.StatusAwaitingPayment, attempt(order.PaymentFailed, time.Second))
	s.pays("o", 3, order.StatusAwaitingPayment, attempt(order.PaymentFailed, 2*time.Second))
	s.pays("o", 4, order.StatusPaid, attempt(order.PaymentSucceeded, 3*time.Second))
	s.pays("o", 5, order.StatusDelivered, attempt(order.PaymentSucceeded, 3*time.Second))
	for status, kind := range map[order.Status]order.PaymentEventType{
		order.StatusExpired: order.PaymentDeclined, order.StatusCancelled: order.PaymentEnded, order.StatusRejected: order.PaymentCreated,
	} {
		s.pays(string(status), 1, status, attempt(kind, 0))
	}
	r := s.refunds(aRefund("a"), order.RefundDue, order.RefundDue, order.RefundPending, order.RefundPaid, order.RefundFailed)
	r = s.refunds(decided(r, time.Hour), order.RefundDue, order.RefundPending, order.RefundFailed)
	s.refunds(decided(r, 2*time.Hour), order.RefundSettled)
	s.refunds(aRefund("b"), order.RefundCase, order.RefundAssigned)
	s.refunds(aRefund("c"), order.RefundNotOwed)
	s.refunds(aRefund("d"), order.RefundTooLarge)
	for id, status := range map[string]order.RefundStatus{"part": order.RefundDue, "nothing": order.RefundTooLarge} {
		short := aRefund(id)
		short.Shortfall = 100
		s.refunds(short, status, status) // the alert is about its first record
	}
	d := order.Dispute{
		ID: "dp", Provider: "sandbox", PaymentID: "p", OrderID: "o", Amount: 700, Currency: "EUR", Reason: "fraudulent",
		Status: order.DisputeNeedsResponse, OccurredAt: began, Version: 1,
	}
	s.disputes(d)
	d.Version, d.DismissedAt, d.DismissedBy = 2, began, "eve-of-support"
	s.disputes(d)
	d.Version, d.DismissedAt, d.DismissedBy = 3, time.Time{}, ""
	d.Status, d.OccurredAt = order.DisputeUnderReview, began.Add(time.Second)
	s.disputes(d)
	d.Version, d.Status, d.OccurredAt = 4, order.DisputeWon, began.Add(time.Minute)
	s.disputes(d)
	want := map[string]int{
		webhook.OrderPlaced: 1, webhook.OrderPaid: 1, webhook.OrderDelivered: 1, webhook.OrderExpired: 1,
		webhook.OrderCancelled: 1, webhook.OrderRejected: 1,
		webhook.PaymentFailed: 2, webhook.PaymentSucceeded: 1, webhook.PaymentRefused: 1, webhook.PaymentCancelled: 1,
		webhook.PaymentDisputed: 1, webhook.PaymentDisputeUpdated: 1, webhook.PaymentDisputeClosed: 1,
		webhook.RefundDue: 3, webhook.RefundPending: 2, webhook.OrderAlertRaised: 2, webhook.RefundPaid: 1, webhook.RefundFailed: 2, webhook.RefundSettled: 1,
		webhook.RefundNeedsDecision: 1, webhook.RefundAssigned: 1,
		webhook.StockChanged: 1, webhook.ProductListed: 1, webhook.ProductDelisted: 1,
	}
	for eventType, n := range s.fulfils() {
		want[eventType] += n
	}
	return want
}

func TestEveryChangeOfMoneyIsToldOnce(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		all, refunds := s.register(), s.register("refund.*")
		s.run()
		want := s.everything()
		s.settled()
		require.Equal(t, want, s.office.types(all))
		require.ElementsMatch(t, webhook.Types(), slices.Collect(maps.Keys(want)), "every type")
		maps.DeleteFunc(want, func(eventType string, _ int) bool { return !webhook.Matches([]string{"refund.*"}, eventType) })
		require.Equal(t, want, s.office.types(refunds))
	})
}

// Refunds are on record beside the order's document, which doesn't count them.
func TestAnOrdersEventCountsWhatWentBack(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		s.register(webhook.OrderDelivered)
		r, err := order.NewRecord(&order.Order{
			ID: "o", Version: 1, CustomerID: "ada", Status: order.StatusDelivered, Currency: "EUR", PlacedAt: began,
			Amounts: map[string]int64{order.AmountTotal: 700, order.AmountPaid: 700, order.AmountRefunded: 0},
			Payment: order.Payment{Status: order.PaymentPaid, Provider: "sandbox", ID: "p"},
		}, nil)
		require.NoError(t, err)
		s.refunds(aRefund("a"), order.RefundPaid)
		require.NoError(t, s.docs.Put(t.Context(), r))
		s.run()
		s.settled()
		require.Equal(t, map[string]any{
			order.AmountTotal: 700.0, order.AmountPaid: 700.0, order.AmountRefunded: 300.0,
		}, data(t, s.office.of(t, webhook.OrderDelivered))["amounts"])
	})
}

// A dispute that was won may be reopened, and end again.
func TestEachClosingOfADisputeIsToldOnce(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		all := s.register()
		s.run()
		for i, status := range []order.DisputeStatus{
			order.DisputeNeedsResponse, order.DisputeWon, order.DisputeNeedsResponse, order.DisputeWon,
		} {
			d := order.Dispute{
				ID: "dp", Provider: "sandbox", PaymentID: "p", OrderID: "o", Amount: 700, Currency: "EUR", Status: status,
				OccurredAt: began.Add(time.Duration(i) * time.Hour), Version: int64(i + 1),
			}
			s.disputes(d)
			s.disputes(d)
		}
		s.settled()
		require.Equal(t, map[string]int{
			webhook.PaymentDisputed: 1, webhook.PaymentDisputeUpdated: 1, webhook.PaymentDisputeClosed: 2,
		}, s.office.types(all))
	})
}

// Merchants' endpoints may belong to third parties: they get what the contract says,
// without names of staff and without what staff noted.
func TestWhatIsToldIsWhatTheContractSaysAndNoMore(t *testing.T) {
	s := newShop(t, redistest.Real(t))
	require.NoError(t, s.rdb.FlushAll(t.Context()).Err())
	s.register()
	s.run()
	s.everything()
	s.settled()
	contract, err := openapi3.NewLoader().LoadFromData(openapi.Contract())
	require.NoError(t, err)
	documented := map[string]bool{webhook.Test: true}
	for name := range contract.Webhooks {
		documented[name] = true
	}
	require.Len(t, documented, len(webhook.Types())+1)
	for _, d := range s.office.started {
		require.True(t, documented[d.Event.Type], d.Event.Type)
		schema := contract.Webhooks[d.Event.Type].Post.RequestBody.Value.Content["application/json"].Schema.Value
		var body map[string]any
		require.NoError(t, json.Unmarshal(d.Event.Body, &body))
		require.NoError(t, schema.VisitJSON(body), "%s", d.Event.Body)
		data, _ := body["data"].(map[string]any)
		for field := range data {
			require.Contains(t, schema.Properties["data"].Value.Properties, field, "%s", d.Event.Body)
		}
		for _, secret := range []string{"eve-of-support", "scratch", "bank", "key-of-eve", "ingerprint"} {
			require.NotContains(t, string(d.Event.Body), secret)
		}
	}
	paid := data(t, s.office.of(t, webhook.RefundPaid))
	require.Equal(t, "paid", paid["status"], "as it was, and not as it is")
	require.Positive(t, paid["revision"])
	succeeded := data(t, s.office.of(t, webhook.PaymentSucceeded))
	require.Equal(t, "o", succeeded["orderId"])
	require.Equal(t, true, succeeded["taken"])
}

// After a restore of an older copy the workflows or a repair write again what they have
// written since. It is published again, as the same events.
func TestWhatIsWrittenAgainAfterARestoreIsTheSameEvent(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := newShop(t, rdb), t.Context()
		endpoint := s.register()
		s.run()
		s.pays("o", 1, order.StatusAwaitingPayment, attempt(order.PaymentCreated, 0))
		bucket := redisdb.Bucket("o")
		keys := []string{bucket + ":order:o", bucket + ":payments:o"}
		copies := make([]map[string]string, len(keys))
		for i, key := range keys {
			copies[i] = rdb.HGetAll(ctx, key).Val()
		}
		restore := func() {
			for i, key := range keys {
				require.NoError(t, rdb.Del(ctx, key).Err())
				require.NoError(t, rdb.HSet(ctx, key, copies[i]).Err())
			}
		}
		refund := aRefund("a")
		story := func() {
			s.pays("o", 2, order.StatusPaid, attempt(order.PaymentSucceeded, time.Second))
			s.refunds(refund, order.RefundDue, order.RefundPaid)
			s.settled()
		}
		story()
		before := s.asked()
		restore()
		story()
		require.Greater(t, s.asked(), before, "they were published again")
		restore()
		repaired := refund
		repaired.Status, repaired.Version = order.RefundPaid, 7
		s.putRefund(repaired)
		seen, err := s.docs.ReadMany(ctx, []string{"o"})
		require.NoError(t, err)
		was := order.Record{OrderID: "o", Version: seen[0].Version, Doc: seen[0].Doc, Payments: map[string][]byte{"sandbox:p": seen[0].Payments["payment:sandbox:p"]}}
		mended, err := s.docs.Mend(ctx, was, record(t, "o", 9, order.StatusPaid, attempt(order.PaymentSucceeded, time.Second)))
		require.NoError(t, err)
		require.True(t, mended)
		s.settled()
		require.Equal(t, map[string]int{
			webhook.OrderPlaced: 1, webhook.OrderPaid: 1, webhook.PaymentSucceeded: 1, webhook.RefundDue: 1, webhook.RefundPaid: 1,
		}, s.office.types(endpoint))
	})
}

func (s *shop) asked() int {
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	return s.office.asked
}

// Unreadable documents don't hold up the rest of their entry.
func TestADamagedPaymentHoldsUpNobody(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		endpoint := s.register()
		s.run()
		r := record(t, "o", 1, order.StatusPaid, attempt(order.PaymentSucceeded, 0))
		r.Payments["sandbox:q"] = []byte("{")
		require.NoError(t, s.docs.Put(t.Context(), r))
		s.settled()
		require.Equal(t, map[string]int{webhook.OrderPaid: 1, webhook.PaymentSucceeded: 1}, s.office.types(endpoint))
	})
}
