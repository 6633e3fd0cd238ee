package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/carrier"
	parcels "holdfast/carrier/sandbox"
	"holdfast/order"
	"holdfast/saga"
)

// parcelNumber is the tracking number of most tests.
const parcelNumber = "1Z999AA10123456784"

// paidWithPackage is a paid order whose document shows a package, which has the tracking number. The
// fake saga packs nothing.
func (g *gateway) paidWithPackage(number string) order.Order {
	g.t.Helper()
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(g.t)
	require.Equal(g.t, http.StatusNoContent, g.callback(success(o.ID, "pay-"+o.ID, 1000)).status)
	o = g.temporal.sagas[saga.OrderWorkflowID(o.ID)].order
	p, err := json.Marshal(order.Package{ID: "p1", TrackingNumbers: []string{number}, CreatedAt: time.Now()})
	require.NoError(g.t, err)
	gone, err := json.Marshal(order.Package{ID: "p0", CreatedAt: time.Now(), RemovedAt: time.Now()})
	require.NoError(g.t, err)
	doc, err := json.Marshal(o)
	require.NoError(g.t, err)
	require.NoError(g.t, g.docs.Put(g.t.Context(), order.Record{
		OrderID: o.ID, CustomerID: o.CustomerID, Status: o.Status, PlacedAt: o.PlacedAt, Version: o.Version + 1, Doc: doc,
		Packages: map[string][]byte{"p1": p, "p0": gone},
	}))
	g.own(o.ID, number)
	return o
}

// own gives the number to the order's package p1, as its worker does.
func (g *gateway) own(orderID, number string) []carrier.Owned {
	g.t.Helper()
	all, err := g.tracking.Own(g.t.Context(), carrier.Owner{OrderID: orderID, PackageID: "p1", CreatedAt: time.Now()}, false,
		carrier.Number{Adapter: parcels.Name, Number: number})
	require.NoError(g.t, err)
	return all
}

func transit(id string) order.PackageEvent {
	return order.PackageEvent{ID: id, Node: order.NodeInTransit, OccurredAt: time.Now().Add(-time.Minute).UTC().Truncate(time.Second), Detail: "on its way"}
}

// parcel is the sandbox carrier's message.
func (g *gateway) parcel(number string, events ...order.PackageEvent) call {
	g.t.Helper()
	body, err := parcels.Write(number, events)
	require.NoError(g.t, err)
	h, err := g.carrier.Sign("msg-1", time.Now(), body)
	require.NoError(g.t, err)
	return call{method: http.MethodPost, path: "/v1/carriers/sandbox/callbacks", header: h, body: body}
}

func (g *gateway) scansOf(orderID string) (all []saga.Scan) {
	g.temporal.set(func(f *fakeTemporal) { all = slices.Clone(f.sagas[saga.OrderWorkflowID(orderID)].scans) })
	return all
}

type scanPage struct {
	Items []struct {
		ID, Carrier, TrackingNumber, Node, Mark, Detail string
		OccurredAt, Since                               time.Time
	}
	NextCursor string
}

func (g *gateway) unmatched() (page scanPage) {
	g.t.Helper()
	a := g.get("/v1/carriers/unmatched?limit=100")
	require.Equal(g.t, http.StatusOK, a.status, "%s", a.body)
	require.NoError(g.t, json.Unmarshal(a.body, &page))
	return page
}

func TestAScanReachesTheOrdersOfItsNumberOnce(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 10)
	first, second := g.paidWithPackage(parcelNumber), g.paidWithPackage(parcelNumber) // they share a parcel
	e := transit("e1")
	for range 3 {
		require.Equal(t, http.StatusNoContent, g.do(g.parcel("1z 999 aa1-0123456784", e)).status)
	}
	// Another gateway gets it, too, and this one was restarted.
	again, err := api.New(g.config())
	require.NoError(t, err)
	g.server = again
	require.Equal(t, http.StatusNoContent, g.do(g.parcel(parcelNumber, e)).status)
	for _, o := range []order.Order{first, second} {
		got := g.scansOf(o.ID)
		require.Len(t, got, 1)
		require.False(t, got[0].Event.RecordedAt.IsZero())
		got[0].Event.RecordedAt = time.Time{}
		e.Actor = "carrier:sandbox"
		require.Equal(t, saga.Scan{PackageID: "p1", Event: e, Carrier: "sandbox", TrackingNumber: parcelNumber}, got[0])
	}
	require.Empty(t, g.unmatched().Items)
}

func TestAScanOfAnUnknownNumberWaitsForItsPackage(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 10)
	lost := transit("e2")
	lost.Node, lost.Mark = 0, order.MarkLost
	for range 2 {
		require.Equal(t, http.StatusNoContent, g.do(g.parcel(parcelNumber, transit("e1"), lost)).status)
	}
	waiting := g.unmatched().Items
	require.Len(t, waiting, 2)
	nodes := map[string]string{}
	for _, w := range waiting {
		require.Equal(t, "sandbox", w.Carrier)
		require.Equal(t, parcelNumber, w.TrackingNumber)
		require.Equal(t, "on its way", w.Detail)
		require.WithinDuration(t, time.Now(), w.Since, time.Minute)
		nodes[w.Node] = w.Mark
	}
	require.Equal(t, map[string]string{"in_transit": "", "": "lost"}, nodes)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	require.Len(t, g.own(o.ID, parcelNumber)[0].Scans, 2)
}

func TestAScanOfAClosedOrderWaits(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 10)
	o := g.paidWithPackage(parcelNumber)
	g.temporal.set(func(f *fakeTemporal) { f.sagas[saga.OrderWorkflowID(o.ID)].closed = true })
	for range 2 {
		require.Equal(t, http.StatusNoContent, g.do(g.parcel(parcelNumber, transit("e1"))).status)
		require.Len(t, g.unmatched().Items, 1)
	}
	full := g.paidWithPackage("FULL0001")
	g.temporal.set(func(f *fakeTemporal) { f.maxSignals = 1 })
	require.Equal(t, http.StatusNoContent, g.do(g.parcel("FULL0001", transit("e9"))).status)
	require.Len(t, g.unmatched().Items, 2, "its workflow takes no more")
	require.Empty(t, g.scansOf(full.ID))
}

// Each of these is answered with a problem, and nothing has changed.
func TestACallbackThatTheCarrierDidNotSendIsRefused(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 10)
	g.paidWithPackage(parcelNumber)
	good := g.parcel(parcelNumber, transit("e1"))
	body, _ := good.body.([]byte)
	signed := func(body string, at time.Time) call {
		h, err := g.carrier.Sign("msg-1", at, []byte(body))
		require.NoError(t, err)
		return call{method: http.MethodPost, path: good.path, header: h, body: []byte(body)}
	}
	with := func(change func(*call)) call {
		k := good
		k.header, k.body = good.header.Clone(), bytes.Clone(body)
		change(&k)
		return k
	}
	scan := func(fields string) string {
		return `{"type":"tracking.updated","data":{"trackingNumber":"` + parcelNumber + `","scans":[{"id":"e1",` + fields + `}]}}`
	}
	before := g.state()
	for name, row := range map[string]struct {
		call    call
		status  int
		problem string
	}{
		"unknown carrier":       {with(func(k *call) { k.path = "/v1/carriers/pigeon/callbacks" }), 404, "unknown-carrier"},
		"not set up here":       {with(func(k *call) { k.path = "/v1/carriers/easypost/callbacks" }), 404, "unknown-carrier"},
		"no signature":          {with(func(k *call) { k.header.Del("Webhook-Signature") }), 401, "bad-signature"},
		"forged":                {with(func(k *call) { k.body = bytes.Replace(body, []byte("in_transit"), []byte("delivered"), 1) }), 401, "bad-signature"},
		"replayed later":        {signed(string(body), time.Now().Add(-time.Hour)), 401, "stale-timestamp"},
		"not JSON":              {signed("{", time.Now()), 400, "malformed-callback"},
		"no tracking number":    {signed(`{"type":"tracking.updated","data":{"scans":[{}]}}`, time.Now()), 400, "malformed-callback"},
		"an unknown node":       {signed(scan(`"node":"beamed","occurredAt":"2026-03-01T10:00:00Z"`), time.Now()), 400, "malformed-callback"},
		"at no time":            {signed(scan(`"node":"in_transit"`), time.Now()), 400, "malformed-callback"},
		"in ten thousand years": {signed(scan(`"node":"in_transit","occurredAt":"9999-12-31T23:59:59-10:00"`), time.Now()), 400, "malformed-callback"},
		"too long":              {signed(scan(`"detail":"`+string(bytes.Repeat([]byte("x"), 64<<10))+`"`), time.Now()), 413, "body-too-large"},
	} {
		a := g.do(row.call)
		require.Equal(t, row.status, a.status, "%s: %s", name, a.body)
		require.Equal(t, "/problems/"+row.problem, a.problem(t).Type, name)
		require.NotContains(t, string(a.body), "whsec_")
	}
	require.JSONEq(t, before, g.state())
	require.Equal(t, http.StatusNoContent, g.do(signed(`{"type":"account.updated"}`, time.Now())).status, "it says nothing")
	require.JSONEq(t, before, g.state())
}

func TestACarriersCallbackNeedsNoLoopbackName(t *testing.T) {
	g := newGateway(t)
	k := g.parcel(parcelNumber, transit("e1"))
	k.host = "tunnel.example"
	require.Equal(t, http.StatusNoContent, g.do(k).status)
}

func TestACarrierIsAskedToRepeatWhatCouldNotBeStored(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 10)
	o := g.paidWithPackage(parcelNumber)
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	a := g.do(g.parcel(parcelNumber, transit("e1")))
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Equal(t, "/problems/temporal-unavailable", a.problem(t).Type)
	require.Empty(t, g.unmatched().Items)
	g.temporal.set(func(f *fakeTemporal) { f.down = false })
	g.redis.SetError("LOADING")
	a = g.do(g.parcel(parcelNumber, transit("e1")))
	require.Equal(t, "/problems/carriers-unavailable", a.problem(t).Type)
	require.Equal(t, "2", a.header.Get("Retry-After"))
	a = g.get("/v1/carriers/unmatched")
	require.Equal(t, "/problems/carriers-unavailable", a.problem(t).Type)
	g.redis.SetError("")
	require.Equal(t, http.StatusNoContent, g.do(g.parcel(parcelNumber, transit("e1"))).status)
	require.Len(t, g.scansOf(o.ID), 1)
}

// Late, repeated, out of order, by two gateways at once, with Temporal away at times, and before and
// after the packages have their numbers: each order gets each scan of its number once.
func TestAThousandScans(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 1000)
	other, err := api.New(g.config())
	require.NoError(t, err)
	draw := rand.New(rand.NewPCG(7, 7))
	type parcel struct {
		number string
		orders []order.Order
		events []order.PackageEvent
	}
	var (
		all   []parcel
		calls []call
	)
	for i := range 20 {
		p := parcel{number: fmt.Sprintf("PARCEL%04d", i)}
		for range 1 + i%3 {
			p.orders = append(p.orders, g.paidWithPackage(p.number))
		}
		for n := range 8 {
			p.events = append(p.events, transit(fmt.Sprintf("e-%d-%d", i, n)))
		}
		for range 50 {
			from := draw.IntN(len(p.events))
			calls = append(calls, g.parcel(p.number, p.events[from:min(len(p.events), from+1+draw.IntN(3))]...))
		}
		for _, e := range p.events { // each comes in the end
			calls = append(calls, g.parcel(p.number, e))
		}
		all = append(all, p)
	}
	draw.Shuffle(len(calls)-len(all)*8, func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
	servers := []*api.Server{g.server, other}
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed []call
		odd    []int
	)
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < len(calls); i += 8 {
				if i%97 == 0 {
					g.temporal.set(func(f *fakeTemporal) { f.down = true })
				}
				w := httptest.NewRecorder()
				servers[i%2].Handler().ServeHTTP(w, calls[i].request(t.Context(), t))
				status := w.Code
				if i%97 == 0 {
					g.temporal.set(func(f *fakeTemporal) { f.down = false })
				}
				mu.Lock()
				switch status {
				case http.StatusNoContent:
				case http.StatusServiceUnavailable:
					failed = append(failed, calls[i])
				default:
					odd = append(odd, status)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Empty(t, odd)
	require.NotEmpty(t, failed, "Temporal was never away")
	for _, k := range failed {
		require.Equal(t, http.StatusNoContent, g.do(k).status)
	}
	for _, p := range all {
		for _, o := range p.orders {
			got := map[string]int{}
			for _, s := range g.scansOf(o.ID) {
				got[s.Event.ID]++
				require.Equal(t, p.number, s.TrackingNumber)
			}
			for _, e := range p.events {
				require.Equal(t, 1, got[e.ID], "%s of %s", e.ID, o.ID)
			}
			require.Len(t, got, len(p.events))
		}
	}
	require.Empty(t, g.unmatched().Items)
}

func TestAScanIsAssignedToAPackage(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 10)
	o, other := g.paidWithPackage("OTHER0001"), g.paidWithPackage("OTHER0002")
	old := transit("of/last-year")
	old.OccurredAt = old.OccurredAt.Add(-300 * 24 * time.Hour)
	require.Equal(t, http.StatusNoContent, g.do(g.parcel(parcelNumber, old)).status)
	waiting := g.unmatched().Items
	require.Len(t, waiting, 1)
	path := "/v1/carriers/unmatched/" + waiting[0].ID + "/assign"
	to := func(o order.Order, pkg string) map[string]string {
		return map[string]string{"orderId": o.ID, "packageId": pkg}
	}
	for name, row := range map[string]struct {
		path    string
		body    any
		status  int
		problem string
	}{
		"unknown order":    {path, map[string]string{"orderId": "none", "packageId": "p1"}, 404, "unknown-order"},
		"unknown package":  {path, to(o, "p2"), 404, "unknown-package"},
		"removed package":  {path, to(o, "p0"), 404, "unknown-package"},
		"no package":       {path, map[string]string{"orderId": o.ID}, 422, "invalid-values"},
		"no id":            {path, map[string]string{"orderId": "a b", "packageId": "p1"}, 422, "invalid-values"},
		"unknown field":    {path, map[string]string{"orderId": o.ID, "packageId": "p1", "note": "x"}, 400, "malformed-request"},
		"unknown scan":     {"/v1/carriers/unmatched/c2FuZGJveDoxWjk5OTkvZQ/assign", to(o, "p1"), 404, "unknown-scan"},
		"nonsense":         {"/v1/carriers/unmatched/x/assign", to(o, "p1"), 404, "unknown-scan"},
		"no id of a scan":  {"/v1/carriers/unmatched/a.b/assign", to(o, "p1"), 400, "malformed-request"},
		"of a long number": {"/v1/carriers/unmatched/" + string(bytes.Repeat([]byte("x"), 501)) + "/assign", to(o, "p1"), 400, "malformed-request"},
	} {
		a := g.postOnce("k-0", row.path, row.body)
		require.Equal(t, row.status, a.status, "%s: %s", name, a.body)
		require.Equal(t, "/problems/"+row.problem, a.problem(t).Type, name)
		require.Len(t, g.unmatched().Items, 1, name)
	}
	g.temporal.set(func(f *fakeTemporal) { f.down = true })
	require.Equal(t, http.StatusServiceUnavailable, g.postOnce("k-1", path, to(o, "p1")).status)
	g.temporal.set(func(f *fakeTemporal) { f.down = false })
	require.Equal(t, "/problems/scan-taken", g.postOnce("k-2", path, to(other, "p1")).problem(t).Type, "it may be there")
	for _, k := range []string{"k-1", "k-1", "k-3"} {
		require.Equal(t, http.StatusNoContent, g.postOnce(k, path, to(o, "p1")).status)
	}
	require.Equal(t, http.StatusNoContent, g.post(path, to(o, "p1")).status)
	a := g.postOnce("k-1", path, to(other, "p1"))
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Equal(t, "/problems/idempotency-mismatch", a.problem(t).Type)
	got := g.scansOf(o.ID)
	require.Len(t, got, 1)
	require.True(t, got[0].Assigned)
	require.Equal(t, "p1", got[0].PackageID)
	require.Equal(t, old.ID, got[0].Event.ID)
	require.Equal(t, "operator", got[0].Event.Actor)
	require.False(t, got[0].Event.RecordedAt.IsZero())
	require.Empty(t, g.unmatched().Items)
	require.Empty(t, g.scansOf(other.ID))
	g.temporal.set(func(f *fakeTemporal) { f.sagas[saga.OrderWorkflowID(o.ID)].closed = true })
	require.Equal(t, http.StatusNoContent, g.postOnce("k-1", path, to(o, "p1")).status, "a repeated call has its first answer")
}

func TestAScanThatAClosedOrderDoesNotTakeWaitsAgain(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 10)
	closed, open := g.paidWithPackage("OTHER0001"), g.paidWithPackage("OTHER0002")
	require.Equal(t, http.StatusNoContent, g.do(g.parcel(parcelNumber, transit("e1"))).status)
	g.temporal.set(func(f *fakeTemporal) { f.sagas[saga.OrderWorkflowID(closed.ID)].closed = true })
	path := "/v1/carriers/unmatched/" + g.unmatched().Items[0].ID + "/assign"
	a := g.post(path, map[string]string{"orderId": closed.ID, "packageId": "p1"})
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "/problems/order-closed", a.problem(t).Type)
	require.Len(t, g.unmatched().Items, 1)
	require.Equal(t, http.StatusNoContent, g.post(path, map[string]string{"orderId": open.ID, "packageId": "p1"}).status)
	require.Len(t, g.scansOf(open.ID), 1)
}

func TestScansThatWaitAreReadInPages(t *testing.T) {
	g := newGateway(t)
	want := 0
	for i := range 15 {
		require.Equal(t, http.StatusNoContent, g.do(g.parcel(fmt.Sprintf("PAGES%03d", i), transit("a"), transit("b"), transit("c"))).status)
		want += 3
	}
	seen := map[string]bool{}
	for cursor, pages := "", 0; ; pages++ {
		require.Less(t, pages, 10)
		var page scanPage
		a := g.get("/v1/carriers/unmatched?limit=7&cursor=" + cursor)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.NoError(t, json.Unmarshal(a.body, &page))
		require.LessOrEqual(t, len(page.Items), 7)
		for _, item := range page.Items {
			require.False(t, seen[item.ID])
			seen[item.ID] = true
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	require.Len(t, seen, want)
	for _, bad := range []string{"?limit=0", "?limit=101", "?cursor=x", "?cursor=eyJzIjoic2NhbnMiLCJ0IjoiZUEifQ"} {
		require.Equal(t, http.StatusBadRequest, g.get("/v1/carriers/unmatched"+bad).status, bad)
	}
}

func TestAStoppingGatewayNotesWhatItHasPassedOn(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 10)
	o := g.paidWithPackage(parcelNumber)
	require.Equal(t, http.StatusNoContent, g.do(g.parcel(parcelNumber, transit("e1"))).status)
	require.NoError(t, g.tracking.Flush(t.Context()))
	met, err := g.tracking.Scans(t.Context(), parcels.Name, []carrier.Scan{{TrackingNumber: parcelNumber, Event: transit("e1")}})
	require.NoError(t, err)
	require.Empty(t, met[0].Owners)
	require.Len(t, g.scansOf(o.ID), 1)
}
