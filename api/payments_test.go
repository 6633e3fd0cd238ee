package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/payment"
	"holdfast/saga"
)

func success(orderID, paymentID string, amount int64) order.PaymentEvent {
	return order.PaymentEvent{
		Type: order.PaymentSucceeded, OrderID: orderID, PaymentID: paymentID, Amount: amount, Currency: "EUR",
	}
}

func TestACallbackReachesItsOrder(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	failed := success(o.ID, "p-2", 1000)
	failed.Type = order.PaymentFailed
	for _, e := range []order.PaymentEvent{
		success(o.ID, "p-1", 999), failed, failed, success(o.ID, "p-2", 1000), success(o.ID, "p-2", 1000),
	} {
		a := g.callback(e)
		require.Equal(t, http.StatusNoContent, a.status, "%s", a.body)
		require.Empty(t, a.body)
	}
	require.Len(t, g.temporal.sagas["order/"+o.ID].signals, 3, "the saga judges what it hasn't heard yet")
	require.Equal(t, "sandbox", g.temporal.sagas["order/"+o.ID].signals[0].Provider)
	require.Equal(t, order.StatusAwaitingShipment, g.get("/v1/orders/"+o.ID).order(t).Status)
}

func TestACallbackIsRefusedWhileTemporalIsUnavailable(t *testing.T) {
	g := newGateway(t)
	o := g.paidOrder()
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	a := g.callback(success(o.ID, "p-2", 1000))
	require.Equal(t, http.StatusServiceUnavailable, a.status, "the provider has to send it again")
	require.NotEmpty(t, a.header.Get("Retry-After"))
	g.temporal.set(func(f *fakeTemporal) { f.down = false })
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-2", 1000)).status)
}

// Temporal limits the signals of a workflow. A payment that comes later is refunded once the order
// has ended without it.
func TestAPaymentThatTemporalTakesNoMoreGoesBack(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	g.temporal.set(func(f *fakeTemporal) { f.maxSignals = 0 })
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-1", 1000)).status)
	require.Len(t, g.temporal.starts, 2)
	require.Equal(t, saga.RefundType, g.temporal.starts[1].kind)
	require.Equal(t, "p-1", g.temporal.starts[1].arg.(order.Refund).PaymentID)
}

// Temporal accepts a repeated signal, whether the saga is running or was terminated before it read
// the first one. The money must not be lost because of that.
func TestASuccessThatATerminatedOrderNeverReadGoesBackWhenItIsSentAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		ago       time.Duration
		otherDoor bool
	}{
		"by the gateway that had it": {},
		"by another gateway":         {ago: 11 * time.Second, otherDoor: true},
		"of a clock that is ahead":   {ago: -11 * time.Second, otherDoor: true},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			g.putProduct("mug", 5)
			o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
			e := success(o.ID, "p-1", 1000)
			e.OccurredAt = time.Now().Add(-tt.ago)
			g.temporal.set(func(f *fakeTemporal) { f.stuck = true })
			for range 2 {
				require.Equal(t, http.StatusNoContent, g.callback(e).status)
			}
			require.Len(t, g.temporal.starts, 1, "the order is there to read it")

			g.temporal.set(func(f *fakeTemporal) { f.sagas["order/"+o.ID].endedByHand = true })
			if tt.otherDoor {
				var err error
				g.cfg.Metrics = prometheus.NewRegistry()
				g.server, err = api.New(g.cfg)
				require.NoError(t, err)
			}
			failed := e
			failed.Type = order.PaymentFailed
			require.Equal(t, http.StatusNoContent, g.callback(failed).status)
			require.Len(t, g.temporal.starts, 1, "a failed payment needs no refund")
			g.temporal.set(func(f *fakeTemporal) { f.down = true })
			require.Equal(t, http.StatusServiceUnavailable, g.callback(e).status)
			g.temporal.set(func(f *fakeTemporal) { f.down = false })
			for range 2 {
				require.Equal(t, http.StatusNoContent, g.callback(e).status)
			}
			require.Len(t, g.temporal.starts, 2)
			require.Equal(t, saga.RefundType, g.temporal.starts[1].kind)
			require.Equal(t, order.RefundLate, g.temporal.starts[1].arg.(order.Refund).Reason)
		})
	}
}

// A payment's first message costs one call of Temporal and no more.
func TestTheFirstMessageOfAPaymentAsksForNothing(t *testing.T) {
	g := newGateway(t)
	o := g.paidOrder()
	require.Zero(t, g.temporal.described)
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-2", 1000)).status)
	require.Zero(t, g.temporal.described)
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-2", 1000)).status)
	require.Equal(t, 1, g.temporal.described)
}

func TestMoneyThatComesTooLateGoesBack(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	require.Equal(t, http.StatusOK, g.post("/v1/orders/"+o.ID+"/cancel", nil).status)
	failed := success(o.ID, "p-0", 1000)
	failed.Type = order.PaymentFailed
	require.Equal(t, http.StatusNoContent, g.callback(failed).status)
	require.Len(t, g.temporal.starts, 1, "a failed payment needs no refund")

	for range 2 {
		require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-1", 1000)).status)
	}
	require.Equal(t, http.StatusNoContent, g.callback(success("nobody", "p-2", 500)).status)
	require.Len(t, g.temporal.starts, 3)
	start := g.temporal.starts[1]
	require.Equal(t, saga.RefundWorkflowID("p-1", order.FullRefund("sandbox", o.ID)), start.options.ID)
	require.Equal(t, saga.RefundType, start.kind)
	refund := start.arg.(order.Refund)
	require.Equal(t, int64(1000), refund.Amount)
	require.Equal(t, order.RefundLate, refund.Reason)
	require.Contains(t, start.options.StaticSummary, "10.00 EUR")
	require.Equal(t, "nobody", g.temporal.starts[2].arg.(order.Refund).OrderID)
}

// A provider would retry a rejected callback, and finally stop sending any.
func TestACallbackThatConcernsNoOrderIsTaken(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Providers["talkative"] = talkative{} })
	a := g.do(call{method: http.MethodPost, path: "/v1/payments/callbacks/talkative", body: map[string]string{"type": "payout"}})
	require.Equal(t, http.StatusNoContent, a.status, "%s", a.body)
	require.Empty(t, a.body)
	require.Empty(t, g.temporal.starts)
}

// talkative is a provider that also reports things that aren't payments of orders.
type talkative struct{}

func (talkative) Callback(http.Header, []byte, time.Time) (order.PaymentEvent, error) {
	return order.PaymentEvent{}, fmt.Errorf("%w: payout", payment.ErrIgnored)
}

// Checkout is not supported.
func (talkative) Checkout(context.Context, string) (payment.Checkout, error) {
	return payment.Checkout{}, payment.ErrNoPayment
}

func TestThePaymentsResultIsJoined(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	doc := func(v any) []byte {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		return b
	}
	late, early := success(o.ID, "p-1", 1000), success(o.ID, "p-2", 7)
	late.OccurredAt, early.OccurredAt, late.Provider, early.Provider = at.Add(time.Minute), at, "sandbox", "sandbox"
	stored := g.temporal.sagas["order/"+o.ID].order
	require.NoError(t, g.docs.Put(t.Context(), order.Record{
		OrderID: o.ID, CustomerID: "c-1", Status: stored.Status, Version: stored.Version + 1, Doc: doc(stored),
		PlacedAt: stored.PlacedAt,
		Payments: map[string][]byte{
			"p-1": doc(order.NewAttempt(late, true)), "p-2": doc(order.NewAttempt(early, false)),
		},
	}))
	refund := order.RefundOf(early, order.RefundWrongAmount)
	refund.DueAt = at
	require.NoError(t, g.docs.PutRefund(t.Context(), o.ID, "p-2", refund.ID, doc(refund)))

	a := g.get("/v1/orders/" + o.ID + "/payment")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var r openapi.PaymentResult
	require.NoError(t, json.Unmarshal(a.body, &r))
	require.Equal(t, o.ID, r.OrderID)
	require.Equal(t, string(order.PaymentPending), r.Status)
	require.Equal(t, int64(1000), r.Amounts[order.AmountTotal])
	require.Equal(t, []order.Attempt{order.NewAttempt(early, false), order.NewAttempt(late, true)}, r.Attempts)
	require.Equal(t, []order.Refund{refund}, r.Refunds)
}

// A customer sees a refund, but not the note by staff.
func TestANoteBesideARefundIsTheShopsOwn(t *testing.T) {
	g := asking(t)
	o := order.Order{
		ID: "o-1", Status: order.StatusPaid, Version: 3, CustomerID: "ada", Currency: "EUR", Amounts: map[string]int64{order.AmountPaid: 1000},
		Payment: order.Payment{Status: order.PaymentPaid, Provider: "sandbox", ID: "p-1"},
	}
	doc, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, g.docs.Put(t.Context(), order.Record{OrderID: o.ID, Version: 3, Doc: doc, Status: o.Status, CustomerID: "ada", PlacedAt: o.PlacedAt}))
	refund, err := json.Marshal(order.Refund{
		ID: "r-1", PaymentID: "p-1", OrderID: o.ID, Provider: "sandbox", Amount: 300, Currency: "EUR", Reason: order.RefundRequested,
		Status: order.RefundFailed, Actor: "bob@shop.example", Note: "he complains a lot", Detail: "stripe answers 400",
	})
	require.NoError(t, err)
	require.NoError(t, g.docs.PutRefund(t.Context(), o.ID, "p-1", "r-1", refund))
	get := call{method: http.MethodGet, path: "/v1/orders/o-1/payment"}
	a := g.do(get.as(t, "ada", api.RoleCustomer))
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var shown openapi.PaymentResult
	require.NoError(t, json.Unmarshal(a.body, &shown))
	require.Equal(t, int64(300), shown.Refunds[0].Amount)
	for _, own := range []string{"bob@", "complains", "answers 400"} {
		require.NotContains(t, string(a.body), own)
		require.Contains(t, string(g.do(get.as(t, "bob", api.RoleOperator)).body), own)
	}
}
