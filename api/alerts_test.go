package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/saga"
)

// short records a refund of the order's payment for which less was left than it should have been.
func (g goods) short() {
	g.t.Helper()
	o := g.show()
	r := order.RefundOfPart(success(o.ID, o.Payment.ID, 1000), order.RefundReturned, "r-1", 400)
	r.Provider, r.Status, r.DueAt, r.Version = "sandbox", order.RefundPaid, time.Now(), 1
	r.FitPart(300)
	doc, err := json.Marshal(r)
	require.NoError(g.t, err)
	require.NoError(g.t, g.docs.PutRefund(g.t.Context(), o.ID, r.PaymentID, r.ID, doc))
}

// disputed records a dispute of the order's payment, and has its workflow wait.
func (g goods) disputed() {
	g.t.Helper()
	d := order.Dispute{
		ID: "dp_1", Provider: "sandbox", PaymentID: "p-" + g.id[:8], OrderID: g.id, Amount: 900, Currency: "EUR",
		Status: order.DisputeNeedsResponse, OccurredAt: time.Now(), Version: 1,
	}
	doc, err := json.Marshal(d)
	require.NoError(g.t, err)
	require.NoError(g.t, g.docs.PutDispute(g.t.Context(), g.id, d.Provider, d.ID, doc))
	g.temporal.set(func(f *fakeTemporal) { f.disputes[saga.DisputeWorkflowID(d.Provider, d.ID)] = &d })
}

// alert returns the only alert that the order shows.
func (g goods) alert() order.Alert {
	g.t.Helper()
	all := g.shown().Alerts
	require.Len(g.t, all, 1)
	return all[0]
}

// beside is what staff are shown of what stands beside an order, which may have no goods.
type beside struct {
	Alerts  []order.Alert  `json:"alerts"`
	Amounts map[string]int `json:"amounts"`
}

func (g goods) shown() (o beside) {
	g.t.Helper()
	require.NoError(g.t, json.Unmarshal(g.must(http.StatusOK, g.staff(http.MethodGet, "", nil)).body, &o))
	return o
}

func (g goods) dismiss(alertID string) answer {
	return g.staff(http.MethodPost, "/alerts/"+alertID+"/dismiss", nil)
}

// close ends the order's return window.
func (g goods) close() {
	g.t.Helper()
	g.must(http.StatusOK, g.staff(http.MethodPost, "/deliver", nil))
	g.temporal.set(func(f *fakeTemporal) {
		s := f.sagas["order/"+g.id]
		s.placement.ReturnWindow = -time.Hour
		f.comesToItsEnd(s)
		require.NoError(g.t, f.record(context.Background(), s))
	})
	require.NotEmpty(g.t, g.show().ClosedAt)
}

// forgotten lets Temporal forget the order, and gone moves it out of Redis as well.
func (g goods) forgotten() {
	g.temporal.set(func(f *fakeTemporal) { delete(f.sagas, "order/"+g.id) })
}

func (g goods) gone() {
	g.t.Helper()
	stored, err := g.docs.ReadMany(g.t.Context(), []string{g.id})
	require.NoError(g.t, err)
	d := window{gateway: g.gateway, t: g.t}.viewOf(g.id)
	g.index.set(func(f *fakeIndex) { f.orders = append(f.orders, d) })
	left, err := g.docs.Forget(g.t.Context(), g.id, stored[0].Revision)
	require.NoError(g.t, err)
	require.True(g.t, left)
}

// An alert about an order's money stands and is dismissed beside it, whatever became of the order.
func TestAShortfallStandsUntilItIsDismissed(t *testing.T) {
	for name, until := range map[string]func(g goods){
		"open":                               func(goods) {},
		"closed":                             goods.close,
		"forgotten by Temporal":              func(g goods) { g.close(); g.forgotten() },
		"only in the view":                   func(g goods) { g.close(); g.gone(); g.forgotten() },
		"in the view, and known to Temporal": func(g goods) { g.close(); g.gone() },
	} {
		t.Run(name, func(t *testing.T) {
			g := newGoods(t)
			g.short()
			until(g)
			before := g.shown()
			a := g.alert()
			require.Equal(t, order.RuleRefundShortfall, a.Rule)
			require.Equal(t, "100 of 400 EUR could not be refunded", a.Detail)
			require.Equal(t, 300, before.Amounts["refunded"])
			own := g.do(call{method: http.MethodGet, path: "/v1/orders/" + g.id}.as(t, "ada", api.RoleCustomer))
			require.NotContains(t, string(own.body), "alert")
			require.NotContains(t, string(own.body), "shortfall")

			for range 3 { // once more after somebody else did
				require.NotContains(t, string(g.must(http.StatusOK, g.dismiss(a.ID)).body), `"alerts"`)
			}
			require.Empty(t, g.shown().Alerts)
			require.Equal(t, before.Amounts, g.shown().Amounts)
			docs, err := g.docs.Payments(t.Context(), g.id)
			require.NoError(t, err)
			money, err := order.ReadPayments(docs)
			require.NoError(t, err)
			require.Len(t, money.Dismissals, 1)
			require.Equal(t, "eve", money.Dismissals[0].Actor)
			require.WithinDuration(t, time.Now(), money.Dismissals[0].At, time.Minute)
			require.Equal(t, "/problems/unknown-alert", g.dismiss("none").problem(t).Type)
		})
	}
}

// A dispute is dismissed as such, by those who may dismiss disputes.
func TestADisputeIsAnAlertUntilItIsDismissed(t *testing.T) {
	g := newGoods(t)
	g.disputed()
	a := g.alert()
	require.Equal(t, order.Alert{Rule: order.RuleDisputed, ID: a.ID, Detail: "needs_response: 900 EUR"}, a)
	path := "/v1/orders/" + g.id + "/alerts/" + a.ID + "/dismiss"
	as := func(role api.Role) answer { return g.do(call{method: http.MethodPost, path: path}.as(t, "eve", role)) }
	require.Equal(t, http.StatusForbidden, as(api.RoleFulfilment).status)
	require.NotEmpty(t, g.shown().Alerts)
	g.must(http.StatusOK, as(api.RoleSupport))
	require.Empty(t, g.shown().Alerts)
	g.temporal.set(func(f *fakeTemporal) { clear(f.disputes) })
	g.must(http.StatusOK, as(api.RoleSupport)) // it was dismissed before
}

func TestADisputeOfAnUnpaidOrderIsShownOnceItIsClosed(t *testing.T) {
	g := newGoods(t)
	o := g.do(orderCall(basketOf("")).as(t, "ada", api.RoleCustomer)).order(t)
	unpaid := goods{g.gateway, o.ID}
	unpaid.must(http.StatusOK, unpaid.staff(http.MethodPost, "/cancel", nil))
	unpaid.disputed()
	unpaid.must(http.StatusOK, unpaid.dismiss(unpaid.alert().ID))
	require.Empty(t, unpaid.shown().Alerts)
}

// Nothing but this takes an alert of its own off an order that has closed: its saga has ended.
func TestAClosedOrdersOwnAlertIsDismissedBesideIt(t *testing.T) {
	g := newGoods(t)
	p := g.packed("k", append(units("1", 3), units("2", 2)...))
	ahead := fields{"events": []fields{event("e", "in_transit", time.Now().Add(time.Hour))}}
	g.must(http.StatusOK, g.staff(http.MethodPost, "/packages/"+p.ID+"/events", ahead))
	g.close()
	a := g.alert()
	require.Equal(t, order.RuleClockAhead, a.Rule)
	g.must(http.StatusOK, g.dismiss(a.ID))
	require.Empty(t, g.shown().Alerts)
	g.must(http.StatusOK, g.dismiss(a.ID))
}
