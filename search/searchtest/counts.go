package searchtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

// ordersAreCounted: by their status, and those of the last hours, in hours of UTC without gaps.
func ordersAreCounted(t *testing.T, x search.Index) {
	now := day(5).Truncate(time.Hour).Add(17*time.Minute + 3*time.Second)
	count := func(q search.OrderCountQuery) search.OrderCounts {
		t.Helper()
		counts, err := x.CountOrders(t.Context(), q)
		require.NoError(t, err)
		return counts
	}
	empty := count(search.OrderCountQuery{Now: now})
	require.Equal(t, search.OrderCountQuery{Now: now}.Counts(), empty)
	require.Len(t, empty.Hours, search.DefaultCountHours)

	hour := now.Truncate(time.Hour)
	var all []search.Order
	for i, o := range []struct {
		at     time.Time
		status order.Status
	}{
		{now, order.StatusAwaitingPayment},
		{hour, order.StatusPaid},
		{hour.Add(-time.Millisecond), order.StatusPaid},
		{hour.Add(-time.Hour), order.StatusCancelled},
		{hour.Add(-time.Hour), order.StatusPaid},
		{hour.Add(-2 * time.Hour).Add(-time.Millisecond), order.StatusPaid},
		{hour.Add(time.Hour).Add(-time.Millisecond), order.StatusReserving},
		{hour.Add(time.Hour), order.StatusReserving},
		{now.Add(-1000 * time.Hour), "status_to_come"},
	} {
		all = append(all, placed(fmt.Sprint("o-", i), "ada", o.at, o.status))
	}
	put(t, x, search.Batch{Orders: all})
	want := search.OrderCounts{
		Total: 9,
		Statuses: map[order.Status]int64{
			order.StatusAwaitingPayment: 1, order.StatusPaid: 4, order.StatusCancelled: 1, order.StatusReserving: 2, "status_to_come": 1,
		},
		Hours: []search.HourCount{
			{From: hour.Add(-2 * time.Hour), Statuses: map[order.Status]int64{}},
			{From: hour.Add(-time.Hour), Placed: 3, Statuses: map[order.Status]int64{order.StatusPaid: 2, order.StatusCancelled: 1}},
			{From: hour, Placed: 3, Statuses: map[order.Status]int64{order.StatusAwaitingPayment: 1, order.StatusPaid: 1, order.StatusReserving: 1}},
		},
	}
	require.Equal(t, want, count(search.OrderCountQuery{Hours: new(3), Now: now}))
	require.Equal(t, want, count(search.OrderCountQuery{Hours: new(3), Now: now.In(time.FixedZone("", 5*3600+1800))}), "UTC's hours")
	require.Equal(t, want.Hours[2:], count(search.OrderCountQuery{Hours: new(1), Now: now}).Hours)
	require.Len(t, count(search.OrderCountQuery{Hours: new(search.MaxCountHours), Now: now}).Hours, search.MaxCountHours)

	o := all[0]
	o.Revision, o.Status = 50, order.StatusPaid
	put(t, x, search.Batch{Orders: []search.Order{o}})
	want.Statuses[order.StatusPaid]++
	delete(want.Statuses, order.StatusAwaitingPayment)
	want.Hours[2].Statuses = map[order.Status]int64{order.StatusPaid: 2, order.StatusReserving: 1}
	require.Equal(t, want, count(search.OrderCountQuery{Hours: new(3), Now: now}), "by what they are now")

	for _, hours := range []int{0, -1, search.MaxCountHours + 1} {
		_, err := x.CountOrders(t.Context(), search.OrderCountQuery{Hours: new(hours), Now: now})
		requireInvalid(t, err, "hours")
	}
}
