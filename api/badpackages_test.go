package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
)

// Whatever is wrong with a change of a paid order is named, and nothing is changed.
func TestBadChangesOfPaidOrdersChangeNothing(t *testing.T) {
	g := newGoods(t)
	p := g.packed("k", units("1", 1))
	const values, malformed = "invalid-values", "malformed-request"
	events := "/packages/" + p.ID + "/events"
	one := func(change fields) fields {
		e := event("e", "in_transit", time.Now())
		for name, v := range change {
			if e[name] = v; v == nil {
				delete(e, name)
			}
		}
		return fields{"events": []fields{e}}
	}
	addressed := func(field, value string) fields {
		a := home("Kiel", "DE")
		a[field] = value
		return fields{"address": a}
	}
	item := func(lineID string, n any) fields { return fields{"items": []fields{{"lineId": lineID, "quantity": n}}} }
	with := func(body fields, name string, v any) fields { body[name] = v; return body }
	many := make([]fields, 101)
	for i := range many {
		many[i] = event("e", "in_transit", time.Now())
	}
	long := strings.Repeat("x", 201)
	before := g.state()
	for _, row := range []struct {
		method, path string
		body         any
		status       int
		kind, field  string
	}{
		{"POST", "/packages", item("1", 3), 409, "over-packed", ""},
		{"POST", "/packages", item("9", 1), 409, "over-packed", ""},
		{"POST", "/packages", fields{"items": []fields{}}, 422, values, "items"},
		{"POST", "/packages", fields{}, 422, values, "items"},
		{"POST", "/packages", item("1", 0), 422, values, "items[0].quantity"},
		{"POST", "/packages", item("1", -1), 422, values, "items[0].quantity"},
		{"POST", "/packages", item("1", 1.5), 400, malformed, "items[0].quantity"},
		{"POST", "/packages", item("a/b", 1), 422, values, "items[0].lineId"},
		{"POST", "/packages", with(item("1", 1), "node", "delivered"), 422, values, "node"},
		{"POST", "/packages", with(item("1", 1), "carrier", "a/b"), 422, values, "carrier"},
		{"POST", "/packages", with(item("1", 1), "service", long), 422, values, "service"},
		{"POST", "/packages", with(item("1", 1), "courier", "two\nlines"), 422, values, "courier"},
		{"POST", "/packages", with(item("1", 1), "trackingNumbers", []string{"1234", "§$%&"}), 422, values, "trackingNumbers[1]"},
		{"POST", "/packages", with(item("1", 1), "trackingNumbers", make([]string, 11)), 422, values, "trackingNumbers"},
		{"POST", "/packages", with(item("1", 1), "estimatedDelivery", "tomorrow"), 400, malformed, "estimatedDelivery"},
		{"POST", "/packages", with(item("1", 1), "estimatedDelivery", "1999-12-31T00:00:00Z"), 422, values, "estimatedDelivery"},
		{"POST", "/packages", with(item("1", 1), "weight", 1), 400, malformed, "weight"},
		{"PATCH", "/packages/" + p.ID, fields{"items": []fields{}}, 422, values, "items"},
		{"PATCH", "/packages/" + p.ID, fields{"trackingNumbers": []string{"!"}}, 422, values, "trackingNumbers[0]"},
		{"PATCH", "/packages/" + p.ID, fields{"node": "delivered"}, 400, malformed, "node"},
		{"PATCH", "/packages/none", fields{"service": "x"}, 404, "unknown-package", ""},
		{"DELETE", "/packages/none", nil, 404, "unknown-package", ""},
		{"POST", events, fields{"events": []fields{}}, 422, values, "events"},
		{"POST", events, fields{"events": many}, 422, values, "events"},
		{"POST", events, one(fields{"node": "moon"}), 422, values, "events[0].node"},
		{"POST", events, one(fields{"node": "packed"}), 422, values, "events[0].node"},
		{"POST", events, one(fields{"node": "paid"}), 422, values, "events[0].node"},
		{"POST", events, one(fields{"node": nil}), 422, values, "events[0].node"},
		{"POST", events, one(fields{"mark": "lost"}), 422, values, "events[0].node"},
		{"POST", events, one(fields{"node": nil, "mark": "eaten"}), 422, values, "events[0].mark"},
		{"POST", events, one(fields{"id": ""}), 422, values, "events[0].id"},
		{"POST", events, one(fields{"occurredAt": nil}), 422, values, "events[0].occurredAt"},
		{"POST", events, one(fields{"occurredAt": "yesterday"}), 400, malformed, "events[0].occurredAt"},
		{"POST", events, one(fields{"occurredAt": time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339)}), 422, values, "events[0].occurredAt"},
		{"POST", events, one(fields{"occurredAt": "1999-01-01T00:00:00Z"}), 422, values, "events[0].occurredAt"},
		{"POST", events, one(fields{"detail": long}), 422, values, "events[0].detail"},
		{"POST", "/packages/none/events", one(nil), 404, "unknown-package", ""},
		{"POST", "/packages/" + p.ID + "/strike", fields{"eventId": "a b"}, 422, values, "eventId"},
		{"POST", "/packages/" + p.ID + "/strike", fields{"eventId": "e"}, 404, "unknown-event", ""},
		{"POST", "/packages/none/strike", fields{"eventId": "e"}, 404, "unknown-package", ""},
		{"POST", "/packages/" + p.ID + "/resolve", fields{"action": "forget"}, 422, values, "action"},
		{"POST", "/packages/none/resolve", fields{"action": "found"}, 404, "unknown-package", ""},
		{"PUT", "/address", fields{}, 422, values, "address.recipient"},
		{"PUT", "/address", addressed("city", ""), 422, values, "address.city"},
		{"PUT", "/address", addressed("line2", long), 422, values, "address.line2"},
		{"PUT", "/address", addressed("recipient", "A\x00"), 422, values, "address.recipient"},
		{"PUT", "/address", addressed("country", "FR"), 409, "address-other-region", ""},
		{"PUT", "/address", addressed("region", "Bavaria"), 409, "address-other-region", ""},
		{"POST", "/hold", fields{"note": long}, 422, values, "note"},
		{"POST", "/release", fields{"note": "a\nb"}, 422, values, "note"},
		{"POST", "/cancel", fields{"lines": []fields{}}, 422, values, "lines"},
		{"POST", "/cancel", fields{"lines": units("1", 0)}, 422, values, "lines[0].quantity"},
		{"POST", "/cancel", fields{"lines": units("1", 3)}, 409, "units-packed", ""},
		{"POST", "/cancel", fields{"lines": append(units("1", 3), units("9", 1)...)}, 422, values, "lines"},
		{"POST", "/returns", fields{}, 422, values, "lines"},
		{"POST", "/returns", fields{"lines": []fields{{"lineId": "1", "quantity": 1, "reason": long}}}, 422, values, "lines[0].reason"},
		{"POST", "/returns", fields{"lines": units("1", 1)}, 409, "over-returned", ""},
		{"POST", "/returns/none/receive", fields{"lines": []fields{}}, 422, values, "lines"},
		{"POST", "/returns/none/receive", fields{"lines": []fields{{"lineId": "1", "quantity": 1, "condition": "eaten"}}}, 422, values, "lines[0].condition"},
		{"POST", "/returns/none/receive", fields{"lines": []fields{{"lineId": "1", "quantity": 1, "condition": "restock"}}}, 404, "unknown-return", ""},
		{"POST", "/returns/none/approve", nil, 404, "unknown-return", ""},
		{"POST", "/alerts/none/dismiss", nil, 404, "unknown-alert", ""},
	} {
		a := g.staff(row.method, row.path, row.body, key("bad"))
		require.Equal(t, row.status, a.status, "%s %s: %s", row.path, row.body, a.body)
		problem := a.problem(t)
		require.Equal(t, "/problems/"+row.kind, problem.Type, "%s %s", row.path, row.body)
		if row.field != "" {
			require.Equal(t, row.field, problem.Errors[0].Path, "%s %s", row.path, row.body)
		}
		require.Equal(t, before, g.state(), "%s %s", row.path, row.body)
	}
	for _, path := range []string{"/packages", "/packages/" + p.ID + "/resolve", "/returns", "/returns/none/receive"} {
		a := g.staff(http.MethodPost, path, fields{})
		require.Equal(t, "/problems/idempotency-key-required", a.problem(t).Type, path)
	}
}

func TestOrdersThatAreNotPaidOrUnknownAreNotPacked(t *testing.T) {
	g := newGoods(t)
	unpaid := g.do(orderCall(basketOf("")).as(t, "ada", api.RoleCustomer)).order(t)
	other := goods{g.gateway, unpaid.ID}
	require.Equal(t, "/problems/order-not-paid", other.pack("k", fields{"items": units("1", 1)}).problem(t).Type)
	require.Equal(t, "/problems/order-not-paid", other.staff(http.MethodPost, "/hold", nil).problem(t).Type)
	unknown := goods{g.gateway, "none"}
	require.Equal(t, "/problems/unknown-order", unknown.pack("k", fields{"items": units("1", 1)}).problem(t).Type)
	require.Equal(t, "/problems/unknown-order", unknown.staff(http.MethodPost, "/packages/p/events",
		fields{"events": []fields{event("e", "delivered", time.Now())}}).problem(t).Type)
	for path, body := range map[string]fields{
		"/address": {"address": home("Kiel", "DE")}, "/returns": {"lines": units("1", 1)}, "/cancel": {"lines": units("1", 1)},
	} {
		method := http.MethodPost
		if path == "/address" {
			method = http.MethodPut
		}
		k := call{method: method, path: "/v1/orders/" + g.id + path, body: body, header: key("k")}
		a := g.do(k.as(t, "bob", api.RoleCustomer))
		require.Equal(t, "/problems/unknown-order", a.problem(t).Type, "another customer's: %s", path)
	}
	require.Equal(t, order.StatusAwaitingShipment, g.show().Status)
}
