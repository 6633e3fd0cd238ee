package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/saga"
)

type fields = map[string]any

// goods is a gateway with a paid order of two lines, of 3 and 2 units.
type goods struct {
	*gateway
	id string
}

func newGoods(t *testing.T, changes ...func(*api.Config)) goods {
	t.Helper()
	g := asking(t, append([]func(*api.Config){func(c *api.Config) { c.ReturnWindow = time.Hour }}, changes...)...)
	g.sell(t, 100)
	body := fields{
		"lines":   []line{{"productId": "mug", "quantity": 3}, {"productId": "mug", "quantity": 2}},
		"address": home("Hamburg", "DE"),
	}
	a := g.do(call{method: http.MethodPost, path: "/v1/orders", body: body}.as(t, "ada", api.RoleCustomer))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	o := a.order(t)
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-"+o.ID[:8], o.Amounts[order.AmountTotal])).status)
	return goods{g, o.ID}
}

func home(city, country string) fields {
	return fields{"recipient": "Ada", "line1": "1 Harbour Street", "city": city, "country": country}
}

func units(lineID string, n int64) []line { return []line{{"lineId": lineID, "quantity": n}} }

// staff makes a call about the order as a member of staff.
func (g goods) staff(method, path string, body any, header ...http.Header) answer {
	k := call{method: method, path: "/v1/orders/" + g.id + path, body: body}
	for _, h := range header {
		k.header = h
	}
	if method == http.MethodPatch {
		k.header = http.Header{"Content-Type": {mergePatch}}
	}
	return g.do(k.as(g.t, "eve", api.RoleOperator))
}

func (g goods) must(status int, a answer) answer {
	g.t.Helper()
	require.Equal(g.t, status, a.status, "%s", a.body)
	return a
}

func (g goods) pack(name string, body any) answer {
	return g.staff(http.MethodPost, "/packages", body, key(name))
}

func (g goods) packed(name string, items []line) order.Package {
	g.t.Helper()
	return packageIn(g.t, g.must(http.StatusCreated, g.pack(name, fields{"items": items})))
}

func packageIn(t testing.TB, a answer) order.Package {
	t.Helper()
	var p order.Package
	require.NoError(t, json.Unmarshal(a.body, &p))
	return p
}

func (g goods) show() order.Order {
	g.t.Helper()
	return g.must(http.StatusOK, g.staff(http.MethodGet, "", nil)).order(g.t)
}

func event(id, node string, at time.Time) fields {
	return fields{"id": id, "node": node, "occurredAt": at.UTC().Format(time.RFC3339)}
}

func TestAnOrderGoesOutInTwoPackages(t *testing.T) {
	g := newGoods(t)
	require.Equal(t, order.StatusAwaitingShipment, g.show().Status)
	first := g.must(http.StatusCreated, g.pack("k-1", fields{
		"items": append(units("1", 1), units("1", 1)...), "carrier": "sandbox", "service": "express", "courier": "Post",
		"trackingNumbers": []string{"ex 12-34", "EX1234", "ex.99.88"}, "estimatedDelivery": "2026-12-01T12:00:00+01:00",
	}))
	p := packageIn(t, first)
	require.Equal(t, []order.LineUnits{{LineID: "1", Quantity: 2}}, p.Items)
	require.Equal(t, []string{"EX1234", "EX9988"}, p.TrackingNumbers)
	require.Equal(t, "/v1/orders/"+g.id+"/packages/"+p.ID, first.header.Get("Location"))
	require.Equal(t, "Hamburg", p.Address.City)

	second := packageIn(t, g.must(http.StatusCreated, g.pack("k-2", fields{
		"items": append(units("1", 1), units("2", 2)...), "node": "left_warehouse",
	})))
	require.Equal(t, order.NodeLeftWarehouse, second.Node())
	o := g.show()
	require.Equal(t, order.StatusPacked, o.Status)
	require.Equal(t, order.NodePacked, o.At)

	now := time.Now()
	a := g.must(http.StatusOK, g.staff(http.MethodPost, "/packages/"+p.ID+"/events", fields{"events": []fields{
		event("e-2", "delivered", now), event("e-1", "in_transit", now.Add(-time.Hour)),
	}}))
	require.Equal(t, order.StatusLeftWarehouse, a.order(t).Status)
	e := a.order(t).Package(p.ID).Events[0]
	require.Equal(t, "e-1", e.ID)
	require.Equal(t, "eve", e.Actor)
	require.WithinDuration(t, now, e.RecordedAt, time.Minute, "stamped by the gateway")

	a = g.must(http.StatusOK, g.staff(http.MethodPost, "/deliver", nil))
	require.Equal(t, order.StatusDelivered, a.order(t).Status)
	require.False(t, a.order(t).ReturnBy.IsZero())
}

func TestARepeatedPackIsTheSamePackage(t *testing.T) {
	g := newGoods(t)
	body := fields{"items": units("1", 3)}
	first := g.must(http.StatusCreated, g.pack("k", body))
	again := g.must(http.StatusCreated, g.pack("k", body))
	require.Equal(t, string(first.body), string(again.body))
	g.saga(g.id, func(s *fakeSaga) { s.answers = nil }) // another run of the workflow
	require.Equal(t, string(first.body), string(g.must(http.StatusCreated, g.pack("k", body)).body))
	for _, forget := range []bool{false, true} {
		if forget {
			g.saga(g.id, func(s *fakeSaga) { s.answers = nil })
		}
		other := g.pack("k", fields{"items": units("2", 1)})
		require.Equal(t, "/problems/idempotency-mismatch", other.problem(t).Type)
		require.Equal(t, http.StatusUnprocessableEntity, other.status)
	}
	require.Len(t, g.show().Packages, 1)
}

func TestAPackageIsCorrectedAndUndoneUntilItLeaves(t *testing.T) {
	g := newGoods(t)
	p := g.packed("k", units("1", 2))
	path := "/packages/" + p.ID
	patched := packageIn(t, g.must(http.StatusOK, g.staff(http.MethodPatch, path, fields{"items": units("1", 3), "trackingNumbers": []string{"ex 1234"}})))
	require.Equal(t, int64(3), patched.Items[0].Quantity)
	require.Equal(t, []string{"EX1234"}, patched.TrackingNumbers)
	patched = packageIn(t, g.must(http.StatusOK, g.staff(http.MethodPatch, path, `{"trackingNumbers":null,"carrier":null}`)))
	require.Empty(t, patched.TrackingNumbers)
	require.Equal(t, "/problems/over-packed", g.staff(http.MethodPatch, path, fields{"items": units("1", 4)}).problem(t).Type)
	g.must(http.StatusNoContent, g.staff(http.MethodDelete, path, nil))
	require.NotEmpty(t, g.show().Package(p.ID).RemovedAt)

	left := g.packed("k-2", units("1", 1))
	g.must(http.StatusOK, g.staff(http.MethodPost, "/packages/"+left.ID+"/events", fields{"events": []fields{event("e", "left_warehouse", time.Now())}}))
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		var body any
		if method == http.MethodPatch {
			body = fields{"service": "slow"}
		}
		require.Equal(t, "/problems/package-left", g.staff(method, "/packages/"+left.ID, body).problem(t).Type)
	}
	g.must(http.StatusOK, g.staff(http.MethodPost, "/packages/"+left.ID+"/strike", fields{"eventId": "e", "note": "wrong parcel"}))
	require.Equal(t, order.NodePacked, g.show().Package(left.ID).Node())
	require.Equal(t, "/problems/unknown-event", g.staff(http.MethodPost, "/packages/"+left.ID+"/strike", fields{"eventId": "never"}).problem(t).Type)
}

func TestEventsThatTheOrderDoesNotShowYetAreAccepted(t *testing.T) {
	g := newGoods(t)
	p := g.packed("k", units("1", 1))
	g.temporal.set(func(f *fakeTemporal) { f.stuck = true })
	a := g.staff(http.MethodPost, "/packages/"+p.ID+"/events", fields{"events": []fields{event("e", "delivered", time.Now())}})
	require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	g.temporal.set(func(f *fakeTemporal) { f.stuck, f.maxSignals = false, 0 })
	a = g.staff(http.MethodPost, "/packages/"+p.ID+"/events", fields{"events": []fields{event("e-2", "delivered", time.Now())}})
	require.Equal(t, "/problems/limit-reached", a.problem(t).Type)
	require.Equal(t, "/problems/unknown-package", g.staff(http.MethodPost, "/packages/none/events",
		fields{"events": []fields{event("e", "delivered", time.Now())}}).problem(t).Type)
}

func TestALostPackageIsSettledOnce(t *testing.T) {
	g := newGoods(t)
	p := g.packed("k", units("1", 1))
	resolve := func(name, action string) answer {
		return g.staff(http.MethodPost, "/packages/"+p.ID+"/resolve", fields{"action": action, "note": "called them"}, key(name))
	}
	require.Equal(t, "/problems/nothing-to-resolve", resolve("k-0", "found").problem(t).Type)
	lost := fields{"id": "e", "mark": "lost", "occurredAt": time.Now().UTC().Format(time.RFC3339), "detail": "not on the truck"}
	g.must(http.StatusOK, g.staff(http.MethodPost, "/packages/"+p.ID+"/events", fields{"events": []fields{lost}}))
	a := g.must(http.StatusOK, resolve("k-1", "refund"))
	require.Equal(t, order.ResolveRefund, a.order(t).Package(p.ID).Resolution.Action)
	require.NotContains(t, string(a.body), "fingerprint")
	g.must(http.StatusOK, resolve("k-1", "refund"))
	require.Equal(t, "/problems/idempotency-mismatch", resolve("k-1", "reship").problem(t).Type)
	require.Equal(t, "/problems/nothing-to-resolve", resolve("k-2", "reship").problem(t).Type)

	g.saga(g.id, func(s *fakeSaga) {
		s.changes = &saga.Answer{Verdict: saga.VerdictNoStock, Shortages: []order.Shortage{{ProductID: "mug", Requested: 1, Reason: "insufficient_stock"}}}
	})
	short := resolve("k-3", "reship")
	require.Equal(t, "/problems/insufficient-stock", short.problem(t).Type)
	require.Len(t, short.problem(t).Shortages, 1)
}

func TestAnOrderOnHoldIsNotPacked(t *testing.T) {
	g := newGoods(t)
	a := g.must(http.StatusOK, g.staff(http.MethodPost, "/hold", fields{"note": "looks odd"}))
	require.Equal(t, "looks odd", a.order(t).Brake.Note)
	require.Equal(t, order.StatusPaid, a.order(t).Status)
	require.Equal(t, "/problems/order-on-hold", g.pack("k", fields{"items": units("1", 1)}).problem(t).Type)
	require.Nil(t, g.must(http.StatusOK, g.staff(http.MethodPost, "/release", nil)).order(t).Brake)
	g.packed("k-2", units("1", 1))
}

func TestUnitsThatAreNotPackedAreCancelled(t *testing.T) {
	g := newGoods(t)
	g.packed("k", units("1", 1))
	cancel := func(name string, body any) answer { return g.staff(http.MethodPost, "/cancel", body, key(name)) }
	require.Equal(t, "/problems/idempotency-key-required", g.staff(http.MethodPost, "/cancel", fields{"lines": units("1", 1)}).problem(t).Type)
	for _, body := range []any{fields{"lines": append(units("1", 3), units("2", 1)...)}, nil} {
		name := fmt.Sprint("k-", body != nil)
		packed := cancel(name, body).problem(t)
		require.Equal(t, "/problems/units-packed", packed.Type)
		require.Equal(t, []order.UnitsShort{{LineID: "1", Requested: 3, Open: 2}}, packed.Lines)
	}
	a := g.must(http.StatusOK, cancel("k-1", fields{"lines": units("1", 2), "reason": "inventory"}))
	require.Equal(t, int64(2), a.order(t).Lines[0].Removed)
	g.must(http.StatusOK, cancel("k-1", fields{"lines": units("1", 2), "reason": "inventory"}))
	require.Equal(t, "/problems/idempotency-mismatch", cancel("k-1", fields{"lines": units("2", 1)}).problem(t).Type)
	require.Equal(t, int64(2), g.show().Lines[0].Removed)
}

// A key that cancelled a part can't cancel the whole order, whatever can be read of the order: its saga
// knows. Once it has closed, its document says so.
func TestAPartsKeyCancelsNothingElse(t *testing.T) {
	g := newGoods(t)
	cancel := func(name string, body any) answer { return g.staff(http.MethodPost, "/cancel", body, key(name)) }
	g.must(http.StatusOK, cancel("part", fields{"lines": units("1", 3)}))
	g.redis.SetError("LOADING")
	require.Equal(t, "/problems/idempotency-mismatch", cancel("part", nil).problem(t).Type)
	g.redis.SetError("")
	require.Empty(t, g.show().ClosedAt)
	require.Zero(t, g.show().Lines[1].Removed)

	g.must(http.StatusOK, cancel("rest", fields{"lines": units("2", 2)}))
	require.Equal(t, order.StatusCancelled, g.show().Status)
	for range 2 {
		require.Equal(t, "/problems/idempotency-mismatch", cancel("rest", nil).problem(t).Type)
		g.must(http.StatusOK, cancel("whole", nil))
		g.forgotten()
	}
}

func TestAnotherCancellationUnderAKeyIsRefused(t *testing.T) {
	g := newGoods(t)
	cancel := func(reason string) answer {
		return g.staff(http.MethodPost, "/cancel", fields{"reason": reason}, key("k"))
	}
	g.must(http.StatusOK, cancel("fraud"))
	g.must(http.StatusOK, cancel("fraud"))
	require.Equal(t, "/problems/idempotency-mismatch", cancel("inventory").problem(t).Type)
}

func TestAnAddressChangesWhileThePackagesAllowIt(t *testing.T) {
	g := newGoods(t)
	p := g.packed("k", units("1", 1))
	put := func(role api.Role, body fields, header http.Header) answer {
		return g.do(call{method: http.MethodPut, path: "/v1/orders/" + g.id + "/address", body: body, header: header}.as(t, "ada", role))
	}
	read := g.do(call{method: http.MethodGet, path: "/v1/orders/" + g.id}.as(t, "ada", api.RoleCustomer))
	tag := http.Header{"If-Match": {read.header.Get("ETag")}}
	a := g.must(http.StatusOK, put(api.RoleCustomer, fields{"address": home("Berlin", "DE")}, tag))
	require.Equal(t, order.AddressApplied, a.order(t).Package(p.ID).AddressChange)
	require.Equal(t, "Berlin", a.order(t).Address.City)
	require.Equal(t, "Hamburg", a.order(t).Addresses[0].Address.City)

	stale := put(api.RoleCustomer, fields{"address": home("Kiel", "DE")}, tag)
	require.Equal(t, http.StatusPreconditionFailed, stale.status)
	require.Equal(t, "/problems/stale", stale.problem(t).Type)
	g.must(http.StatusOK, put(api.RoleCustomer, fields{"address": home("Kiel", "DE")}, http.Header{"If-Match": {"*"}}))

	abroad := fields{"address": home("Paris", "FR")}
	require.Equal(t, "/problems/address-other-region", put(api.RoleSupport, abroad, nil).problem(t).Type)
	abroad["override"] = true
	require.Equal(t, "note", put(api.RoleSupport, abroad, nil).problem(t).Errors[0].Path)
	abroad["note"] = "the buyer pays the difference"
	require.Equal(t, "override", put(api.RoleCustomer, abroad, nil).problem(t).Errors[0].Path)
	g.must(http.StatusOK, put(api.RoleSupport, abroad, nil))
	g.must(http.StatusOK, g.staff(http.MethodPost, "/deliver", nil))
	require.Equal(t, "/problems/order-delivered", put(api.RoleSupport, fields{"address": home("Lyon", "FR")}, nil).problem(t).Type)
}

// A country's code is stored as ISO 3166-1 writes it, and its orders are found as they were sent.
func TestACountryIsStoredAsACode(t *testing.T) {
	g := asking(t)
	g.sell(t, 100)
	place := func(country string) answer {
		body := fields{"lines": []line{{"productId": "mug", "quantity": 1}}, "address": home("Hamburg", country)}
		return g.do(call{method: http.MethodPost, path: "/v1/orders", body: body, header: key(fmt.Sprintf("k-%x", country))}.as(t, "ada", api.RoleCustomer))
	}
	for given, stored := range map[string]string{"de": "DE", "De ": "DE", "DE": "DE", "Germany": "Germany"} {
		a := place(given)
		require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
		require.Equal(t, stored, a.order(t).Address.Country)
		require.Equal(t, a.order(t).ID, place(given).order(t).ID)
	}
	paid := newGoods(t)
	put := call{method: http.MethodPut, path: "/v1/orders/" + paid.id + "/address", body: fields{"address": home("Kiel", " de")}}
	a := paid.must(http.StatusOK, paid.do(put.as(t, "ada", api.RoleCustomer)))
	require.Equal(t, "DE", a.order(t).Address.Country)
}

func TestAMessagesIDIsForOneContent(t *testing.T) {
	g := newGoods(t)
	p := g.packed("k", units("1", 1))
	at := time.Now().Add(-time.Hour)
	report := func(events ...fields) answer {
		return g.staff(http.MethodPost, "/packages/"+p.ID+"/events", fields{"events": events})
	}
	g.must(http.StatusOK, report(event("e", "in_transit", at)))
	g.must(http.StatusOK, report(event("e", "in_transit", at), event("e", "in_transit", at)))
	for _, other := range []fields{
		event("e", "delivered", at), event("e", "in_transit", at.Add(time.Second)),
		{"id": "e", "mark": "lost", "occurredAt": at.UTC().Format(time.RFC3339)},
		{"id": "e", "node": "in_transit", "occurredAt": at.UTC().Format(time.RFC3339), "detail": "at the depot"},
	} {
		require.Equal(t, "/problems/idempotency-mismatch", report(event("f", "delivered", at), other).problem(t).Type)
	}
	g.must(http.StatusOK, g.staff(http.MethodPost, "/packages/"+p.ID+"/strike", fields{"eventId": "e"}))
	g.must(http.StatusOK, report(event("e", "in_transit", at)))
	require.Equal(t, "/problems/idempotency-mismatch", report(event("e", "delivered", at)).problem(t).Type, "it was struck, and stays so")
	require.Equal(t, order.NodePacked, g.show().Package(p.ID).Node())
	both := report(event("g", "delivered", at), event("g", "in_transit", at)).problem(t)
	require.Equal(t, "events[1].id", both.Errors[0].Path)
}

func TestAReturnIsOpenedDecidedAndReceived(t *testing.T) {
	g := newGoods(t)
	open := func(role api.Role, name string, body fields) answer {
		return g.do(call{method: http.MethodPost, path: "/v1/orders/" + g.id + "/returns", body: body, header: key(name)}.as(t, "ada", role))
	}
	asked := fields{"lines": []fields{{"lineId": "1", "quantity": 1, "reason": "too small"}}}
	require.Equal(t, "/problems/over-returned", open(api.RoleCustomer, "k-0", asked).problem(t).Type, "nothing is delivered")
	g.must(http.StatusOK, g.staff(http.MethodPost, "/deliver", nil))
	first := g.must(http.StatusCreated, open(api.RoleCustomer, "k-1", asked))
	var r order.Return
	require.NoError(t, json.Unmarshal(first.body, &r))
	require.Equal(t, order.ReturnRequested, r.Status)
	require.Equal(t, string(first.body), string(open(api.RoleCustomer, "k-1", asked).body))
	require.Equal(t, "/problems/idempotency-mismatch", open(api.RoleCustomer, "k-1", fields{"lines": units("1", 2)}).problem(t).Type)
	require.Equal(t, []order.UnitsShort{{LineID: "2", Requested: 3, Open: 2}}, open(api.RoleCustomer, "k-2", fields{"lines": units("2", 3)}).problem(t).Lines)
	require.Equal(t, "approve", open(api.RoleCustomer, "k-3", fields{"lines": units("2", 1), "approve": true}).problem(t).Errors[0].Path)

	path := "/returns/" + r.ID
	receive := func(name, condition string, n int64) answer {
		return g.staff(http.MethodPost, path+"/receive", fields{"lines": []fields{{"lineId": "1", "quantity": n, "condition": condition}}}, key(name))
	}
	require.Equal(t, "/problems/return-not-approved", receive("k-0", "restock", 1).problem(t).Type)
	g.must(http.StatusOK, g.staff(http.MethodPost, path+"/approve", fields{"note": "fine"}))
	require.Equal(t, "/problems/over-returned", receive("k-1", "restock", 2).problem(t).Type)
	a := g.must(http.StatusOK, receive("k-2", "restock", 1))
	require.NotContains(t, strings.ToLower(string(a.body)), "fingerprint")
	require.Equal(t, string(a.body), string(receive("k-2", "restock", 1).body))
	require.Equal(t, "/problems/idempotency-mismatch", receive("k-2", "damaged", 1).problem(t).Type)
	require.Equal(t, "/problems/return-over", receive("k-3", "damaged", 1).problem(t).Type)
	require.Equal(t, "/problems/return-over", g.staff(http.MethodPost, path+"/decline", nil).problem(t).Type)
	require.Equal(t, "/problems/unknown-return", g.staff(http.MethodPost, "/returns/none/decline", nil).problem(t).Type)
	var approved order.Return
	require.NoError(t, json.Unmarshal(g.must(http.StatusCreated, open(api.RoleSupport, "k-4", fields{"lines": units("2", 1), "approve": true})).body, &approved))
	require.Equal(t, order.ReturnApproved, approved.Status)
}

func TestAShopWithoutAReturnWindowTakesNothingBack(t *testing.T) {
	g := newGoods(t, func(c *api.Config) { c.ReturnWindow = 0 })
	p := g.packed("k", append(units("1", 3), units("2", 2)...))
	g.must(http.StatusOK, g.staff(http.MethodPost, "/deliver", nil))
	require.NotEmpty(t, g.show().ClosedAt)
	for _, a := range []answer{
		g.staff(http.MethodPost, "/returns", fields{"lines": units("1", 1)}, key("k")),
		g.pack("k-2", fields{"items": units("1", 1)}),
		g.staff(http.MethodPost, "/packages/"+p.ID+"/events", fields{"events": []fields{event("e", "delivered", time.Now())}}),
		g.staff(http.MethodPost, "/hold", nil),
	} {
		require.Equal(t, "/problems/order-closed", a.problem(t).Type)
	}
	require.Equal(t, http.StatusCreated, g.pack("k", fields{"items": append(units("1", 3), units("2", 2)...)}).status, "its own answer")
	g.temporal.set(func(f *fakeTemporal) { delete(f.sagas, "order/"+g.id) }) // Temporal has forgotten it
	require.Equal(t, "/problems/order-closed", g.pack("k-3", fields{"items": units("1", 1)}).problem(t).Type)
}

func TestAnAlertIsDismissed(t *testing.T) {
	g := newGoods(t)
	p := g.packed("k", units("1", 1))
	g.must(http.StatusOK, g.staff(http.MethodPost, "/packages/"+p.ID+"/events", fields{"events": []fields{event("e", "in_transit", time.Now().Add(time.Hour))}}))
	alerts := g.show().Alerts
	require.Len(t, alerts, 1)
	g.must(http.StatusOK, g.staff(http.MethodPost, "/alerts/"+alerts[0].ID+"/dismiss", nil))
	require.Empty(t, g.show().Alerts)
	require.Equal(t, "/problems/unknown-alert", g.staff(http.MethodPost, "/alerts/none/dismiss", nil).problem(t).Type)
}

func TestEveryVerdictHasItsProblem(t *testing.T) {
	g := newGoods(t)
	for verdict, kind := range map[saga.Verdict]string{
		saga.VerdictOnHold: "order-on-hold", saga.VerdictPackageLeft: "package-left", saga.VerdictLimit: "limit-reached",
		saga.VerdictUnresolved: "package-unresolved", saga.VerdictResolved: "nothing-to-resolve", saga.VerdictReturned: "units-returned", saga.VerdictDelivered: "order-delivered",
		saga.VerdictOtherRegion: "address-other-region", saga.VerdictChanged: "stale", saga.VerdictWindowOver: "return-window-over",
		saga.VerdictReturnOver: "return-over", saga.VerdictNotApproved: "return-not-approved", saga.VerdictKeyReused: "idempotency-mismatch",
		saga.VerdictUnsupported: "order-too-old", saga.VerdictUnits: "over-packed", saga.VerdictNotPaid: "order-not-paid",
		saga.VerdictTooLateClosed: "order-closed", saga.VerdictEnding: "order-ending", saga.VerdictTooManyAttempts: "too-many-attempts",
		saga.VerdictNoStock: "insufficient-stock",
	} {
		g.saga(g.id, func(s *fakeSaga) { s.changes = &saga.Answer{Verdict: verdict, Detail: "says why"} })
		require.Equal(t, "/problems/"+kind, g.pack("k-"+kind, fields{"items": units("1", 1)}).problem(t).Type)
	}
}
