package searchtest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

// shipped is an order of two units, paid on day 1, after some changes of its goods.
func shipped(t *testing.T, id string, changes ...func(*order.Order)) search.Order {
	t.Helper()
	o := order.Order{
		ID: id, Version: 1, CustomerID: "ada", Status: order.StatusPaid, PlacedAt: day(1), UpdatedAt: day(1),
		Payment: order.Payment{Status: order.PaymentPaid, PaidAt: day(1)}, Amounts: map[string]int64{order.AmountTotal: 100},
		Lines: []order.Line{{ID: "1", ProductID: "mug", Quantity: 2}},
	}
	o.Fulfil(day(1))
	for _, change := range changes {
		change(&o)
	}
	doc, err := json.Marshal(&o)
	require.NoError(t, err)
	d := search.FromOrder(o, doc, 7, nil)
	require.NoError(t, d.Validate())
	return d
}

func packs(t *testing.T, p order.Package) func(*order.Order) {
	return func(o *order.Order) {
		t.Helper()
		p.Items, p.CreatedAt = []order.LineUnits{{LineID: "1", Quantity: 1}}, day(2)
		require.NoError(t, o.Pack(p))
	}
}

func hears(t *testing.T, packageID string, events ...order.PackageEvent) func(*order.Order) {
	return func(o *order.Order) {
		t.Helper()
		for _, e := range events {
			e.ID, e.RecordedAt = string(e.Mark)+e.Node.String(), e.OccurredAt
			require.Equal(t, order.TakenNew, o.Report(packageID, e, e.RecordedAt))
		}
	}
}

// goodsAreFound: orders are found by their nodes, marks, alerts, packages and by what they wait for.
func goodsAreFound(t *testing.T, x search.Index) {
	unpaid := order.Order{ID: "unpaid", Version: 1, CustomerID: "ada", Status: order.StatusAwaitingPayment, PlacedAt: day(1), UpdatedAt: day(1)}
	unpaid.Lines = []order.Line{{ID: "1", ProductID: "mug", Quantity: 1}}
	unpaidDoc, err := json.Marshal(&unpaid)
	require.NoError(t, err)
	a := order.Package{ID: "a", Carrier: "sandbox", TrackingNumbers: []string{"ex 12-34.56"}}
	b := order.Package{ID: "b", Carrier: "easypost", TrackingNumbers: []string{"EX999", "number that isn't one"}}
	all := []search.Order{
		search.FromOrder(unpaid, unpaidDoc, 7, nil),
		shipped(t, "waiting"),
		shipped(t, "part", packs(t, a), hears(t, "a", order.PackageEvent{Node: order.NodeInTransit, OccurredAt: day(3)})),
		shipped(t, "lost", packs(t, a), packs(t, b),
			hears(t, "a", order.PackageEvent{Node: order.NodeDelivered, OccurredAt: day(4)}),
			hears(t, "b", order.PackageEvent{Node: order.NodeInTransit, OccurredAt: day(3)}, order.PackageEvent{Mark: order.MarkLost, OccurredAt: day(5)})),
		shipped(t, "late", packs(t, b), packs(t, order.Package{ID: "c"}), hears(t, "b", order.PackageEvent{Mark: order.MarkDelayed, OccurredAt: day(6)})),
		shipped(t, "undone", packs(t, b), func(o *order.Order) { require.NoError(t, o.RemovePackage("b", day(2))) }),
		shipped(t, "closed", packs(t, a), packs(t, b), func(o *order.Order) {
			for _, id := range []string{"a", "b"} {
				hears(t, id, order.PackageEvent{Node: order.NodeDelivered, OccurredAt: day(3)})(o)
			}
			o.End(order.ReasonOther, order.ActorSystem, day(9))
		}),
	}
	short := all[len(all)-1]
	short.Payments = map[string]json.RawMessage{"refund:p/r": json.RawMessage(`{"id":"r","paymentId":"p","shortfall":100}`)}
	all[len(all)-1] = short.Refiled()
	put(t, x, search.Batch{Orders: all})
	for name, c := range map[string]struct {
		q    search.OrderQuery
		want []string
	}{
		"before the payment, the status": {search.OrderQuery{Node: []string{"awaiting_payment"}}, []string{"unpaid"}},
		"the furthest of all parts":      {search.OrderQuery{Node: []string{"awaiting_shipment", "in_transit"}}, []string{"waiting", "part", "undone", "lost"}},
		"delivered":                      {search.OrderQuery{Node: []string{"delivered"}}, []string{"closed"}},
		"a node to come":                 {search.OrderQuery{Node: []string{"in_orbit"}}, nil},
		"a mark":                         {search.OrderQuery{Mark: []order.Mark{order.MarkDelayed}}, []string{"late"}},
		"two marks":                      {search.OrderQuery{Mark: []order.Mark{order.MarkLost, order.MarkDelayed, "to_come"}}, []string{"late", "lost"}},
		"an alert":                       {search.OrderQuery{Alert: []order.AlertRule{order.RuleUnresolved}}, []string{"lost"}},
		"an alert about money":           {search.OrderQuery{Alert: []order.AlertRule{order.RuleRefundShortfall}}, []string{"closed"}},
		"no such alert":                  {search.OrderQuery{Alert: []order.AlertRule{"to_come"}}, nil},
		"with packages":                  {search.OrderQuery{Packed: true}, []string{"part", "lost", "late", "closed"}},
		"a package's node":               {search.OrderQuery{PackageNode: []string{"in_transit"}}, []string{"part", "lost"}},
		"a carrier":                      {search.OrderQuery{Carrier: "sandbox"}, []string{"part", "lost", "closed"}},
		"no part of a carrier":           {search.OrderQuery{Carrier: "sand"}, nil},
		"a number":                       {search.OrderQuery{TrackingNumber: "EX123456"}, []string{"part", "lost", "closed"}},
		"a number as people write it":    {search.OrderQuery{TrackingNumber: " ex-9.9 9"}, []string{"lost", "late", "closed"}},
		"what is no number":              {search.OrderQuery{TrackingNumber: "Number that isn't one"}, []string{"lost", "late", "closed"}},
		"closed":                         {search.OrderQuery{Closed: new(true)}, []string{"closed"}},
		"open":                           {search.OrderQuery{Closed: new(false), Node: []string{"delivered", "in_transit"}}, []string{"lost"}},
		"together":                       {search.OrderQuery{Packed: true, Node: []string{"awaiting_shipment"}, Carrier: "sandbox"}, []string{"part"}},

		"not packed, on the last moment": {search.OrderQuery{Overdue: order.OverdueNotPacked, Now: day(3)}, []string{"waiting", "part", "undone"}},
		"not packed, just before":        {search.OrderQuery{Overdue: order.OverdueNotPacked, Now: day(3).Add(-time.Microsecond)}, nil},
		"no news of one":                 {search.OrderQuery{Overdue: order.OverdueNoNews, Now: day(12)}, []string{"late"}},
		"no news of two":                 {search.OrderQuery{Overdue: order.OverdueNoNews, Now: day(13)}, []string{"late", "part"}},
		"no news at present":             {search.OrderQuery{Overdue: order.OverdueNoNews, CustomerID: "ada"}, []string{"late", "part"}},
	} {
		t.Run(name, func(t *testing.T) {
			page := list(t, x, c.q)
			require.ElementsMatch(t, c.want, orderIDs(page))
			require.EqualValues(t, len(c.want), page.Total)
			c.q.Limit = new(1)
			require.ElementsMatch(t, c.want, turnOrders(t, x, c.q, func(int) { c.q.Now = c.q.Now.Add(time.Nanosecond) }))
		})
	}
	for _, want := range all {
		got, err := x.GetOrder(t.Context(), want.ID)
		require.NoError(t, err)
		requireOrder(t, want, got)
		requireOrder(t, want, got.Refiled())
	}
}
