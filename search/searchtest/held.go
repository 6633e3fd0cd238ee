package searchtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

// heldOrdersAreFound: orders that are on hold are found, wherever they are, and so are all others.
func heldOrdersAreFound(t *testing.T, x search.Index) {
	held := func(o *order.Order) {
		o.Fulfilment.Hold(order.Brake{At: day(2), Actor: "command:watch", Note: "call the buyer"})
	}
	all := []search.Order{
		shipped(t, "plain"), shipped(t, "held", held), shipped(t, "packed", packs(t, order.Package{ID: "a"}), held),
		shipped(t, "sent", packs(t, order.Package{ID: "b"})),
		shipped(t, "over", held, func(o *order.Order) { o.ClosedAt = day(3) }),
	}
	put(t, x, search.Batch{Orders: all})
	for name, c := range map[string]struct {
		q    search.OrderQuery
		want []string
	}{
		"on hold":        {search.OrderQuery{OnHold: new(true)}, []string{"held", "packed", "over"}},
		"on hold, open":  {search.OrderQuery{OnHold: new(true), Closed: new(false)}, []string{"held", "packed"}},
		"not on hold":    {search.OrderQuery{OnHold: new(false)}, []string{"plain", "sent"}},
		"packed on hold": {search.OrderQuery{OnHold: new(true), Packed: true}, []string{"packed"}},
	} {
		t.Run(name, func(t *testing.T) {
			page := list(t, x, c.q)
			require.ElementsMatch(t, c.want, orderIDs(page))
			require.EqualValues(t, len(c.want), page.Total)
			c.q.Limit = new(1)
			require.ElementsMatch(t, c.want, turnOrders(t, x, c.q, nothing))
		})
	}
	for _, want := range all {
		got, err := x.GetOrder(t.Context(), want.ID)
		require.NoError(t, err)
		requireOrder(t, want, got)
		older := got
		older.IsOnHold = !older.IsOnHold
		requireOrder(t, want, older.Refiled())
	}
}
