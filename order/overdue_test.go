package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

// goods is a paid order of two units of one line.
func goods(paidAt time.Time) order.Order {
	o := order.Order{
		ID: "o", Status: order.StatusPaid, Payment: order.Payment{Status: order.PaymentPaid, PaidAt: paidAt},
		Lines: []order.Line{{ID: "1", ProductID: "mug", Quantity: 2}},
	}
	o.Fulfil(paidAt)
	return o
}

func TestAnOrderWaitsToBePackedSinceItsPayment(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := goods(at)
	unit := []order.LineUnits{{LineID: "1", Quantity: 1}}
	require.Equal(t, at, o.WaitsSince(order.OverdueNotPacked))
	require.NoError(t, o.Pack(order.Package{ID: "a", Items: unit, CreatedAt: at}))
	require.Equal(t, at, o.WaitsSince(order.OverdueNotPacked), "one unit is left")
	require.NoError(t, o.Pack(order.Package{ID: "b", Items: unit, CreatedAt: at}))
	require.Zero(t, o.WaitsSince(order.OverdueNotPacked))
	require.NoError(t, o.RemovePackage("b", at))
	require.Equal(t, at, o.WaitsSince(order.OverdueNotPacked))
	require.NoError(t, o.CancelUnits(order.Removal{Lines: unit}))
	require.Zero(t, o.WaitsSince(order.OverdueNotPacked), "nothing is left to pack")

	old := order.Order{Status: order.StatusPaid, Payment: order.Payment{PaidAt: at}}
	require.Equal(t, at, old.WaitsSince(order.OverdueNotPacked), "an order of before there were packages")
	old.Status = order.StatusDelivered
	require.Zero(t, old.WaitsSince(order.OverdueNotPacked))
	require.Zero(t, (&order.Order{Status: order.StatusAwaitingPayment}).WaitsSince(order.OverdueNotPacked))
}

func TestTheQuietestPackageSaysSinceWhenThereIsNoNews(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return at.AddDate(0, 0, n) }
	o := goods(at)
	require.Zero(t, o.WaitsSince(order.OverdueNoNews))
	for i, id := range []string{"a", "b"} {
		require.NoError(t, o.Pack(order.Package{ID: id, Items: []order.LineUnits{{LineID: "1", Quantity: 1}}, CreatedAt: day(i)}))
	}
	hears := func(id string, e order.PackageEvent, on int) {
		t.Helper()
		e.ID, e.OccurredAt, e.RecordedAt = id+day(on).String(), at, day(on)
		require.Equal(t, order.TakenNew, o.Report(id, e, day(on)))
	}
	require.Equal(t, day(0), o.WaitsSince(order.OverdueNoNews), "since it was packed")
	hears("a", order.PackageEvent{Node: order.NodeInTransit}, 5)
	require.Equal(t, day(1), o.WaitsSince(order.OverdueNoNews))
	hears("b", order.PackageEvent{Mark: order.MarkDelayed}, 7)
	require.Equal(t, day(5), o.WaitsSince(order.OverdueNoNews), "a mark is news")
	hears("a", order.PackageEvent{Mark: order.MarkLost}, 8)
	require.Equal(t, day(7), o.WaitsSince(order.OverdueNoNews), "a lost package has an alert already")
	hears("b", order.PackageEvent{Node: order.NodeDelivered}, 9)
	require.Zero(t, o.WaitsSince(order.OverdueNoNews))
}
