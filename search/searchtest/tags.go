package searchtest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

// tagsAndReturnsAreFound: orders are found by all of the tags that are asked for, and by the statuses of
// their returns.
func tagsAndReturnsAreFound(t *testing.T, x search.Index) {
	tagged := func(tags ...string) func(*order.Order) {
		return func(o *order.Order) { o.Commands = &order.Commanded{Tags: tags} }
	}
	returned := func(statuses ...order.ReturnStatus) func(*order.Order) {
		return func(o *order.Order) {
			for _, status := range statuses {
				o.Returns = append(o.Returns, order.Return{ID: string(status), Status: status, CreatedAt: day(3), UpdatedAt: day(3)})
			}
		}
	}
	unpaid := order.Order{ID: "unpaid", Version: 1, CustomerID: "ada", Status: order.StatusAwaitingPayment, PlacedAt: day(1), UpdatedAt: day(1)}
	unpaid.Lines = []order.Line{{ID: "1", ProductID: "mug", Quantity: 1}}
	tagged("vip")(&unpaid)
	doc, err := json.Marshal(&unpaid)
	require.NoError(t, err)
	requested, approved, received := order.ReturnRequested, order.ReturnApproved, order.ReturnReceived
	all := []search.Order{
		search.FromOrder(unpaid, doc, 7, nil), shipped(t, "plain"), shipped(t, "vip", tagged("vip", "b2b"), returned(received, requested)),
		shipped(t, "capitals", tagged("VIP")), shipped(t, "longer", tagged("vip-2", "a~b_c.d"), returned(approved, approved)),
	}
	put(t, x, search.Batch{Orders: all})
	for name, c := range map[string]struct {
		q    search.OrderQuery
		want []string
	}{
		"a tag":                 {search.OrderQuery{Tag: []string{"vip"}}, []string{"vip", "unpaid"}},
		"all of several":        {search.OrderQuery{Tag: []string{"vip", "b2b", "vip"}}, []string{"vip"}},
		"not one of several":    {search.OrderQuery{Tag: []string{"vip", "VIP"}}, nil},
		"by case":               {search.OrderQuery{Tag: []string{"VIP"}}, []string{"capitals"}},
		"no part of a tag":      {search.OrderQuery{Tag: []string{"vi"}}, nil},
		"signs":                 {search.OrderQuery{Tag: []string{"a~b_c.d"}}, []string{"longer"}},
		"no tag":                {search.OrderQuery{Tag: []string{"no-such"}}, nil},
		"a return":              {search.OrderQuery{ReturnStatus: []order.ReturnStatus{requested}}, []string{"vip"}},
		"one of two":            {search.OrderQuery{ReturnStatus: []order.ReturnStatus{approved, received}}, []string{"vip", "longer"}},
		"a status to come":      {search.OrderQuery{ReturnStatus: []order.ReturnStatus{"lost"}}, nil},
		"tag and return":        {search.OrderQuery{Tag: []string{"b2b"}, ReturnStatus: []order.ReturnStatus{requested}}, []string{"vip"}},
		"tag, another's return": {search.OrderQuery{Tag: []string{"b2b"}, ReturnStatus: []order.ReturnStatus{approved}}, nil},
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
		requireOrder(t, want, got.Refiled())
	}
}
