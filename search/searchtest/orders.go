package searchtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/search"
)

// The ids of the shop's orders, the newest first.
const (
	c005 = "0193aaaa-7b1a-7000-8000-00000000c005"
	b004 = "0192f3c4-7b1a-7000-8000-00000000b004"
	b003 = "0192f3c4-7b1a-7000-8000-00000000b003"
	a002 = "0192f3c4-7b1a-7000-8000-00000000a002"
	a001 = "0192f3c4-7b1a-7000-8000-00000000a001"
)

func ordersAreListed(t *testing.T, x search.Index) {
	for name, c := range map[string]struct {
		q    search.OrderQuery
		want []string
	}{
		"all":                   {search.OrderQuery{}, []string{c005, b004, b003, a002, a001}},
		"of a customer":         {search.OrderQuery{CustomerID: "ada"}, []string{a002, a001}},
		"of nobody":             {search.OrderQuery{CustomerID: "ad"}, []string{}},
		"in a status":           {search.OrderQuery{Status: []order.Status{order.StatusPaid}}, []string{a002}},
		"in one of two":         {search.OrderQuery{Status: []order.Status{order.StatusPaid, order.StatusCancelled}}, []string{b003, a002}},
		"in a status to come":   {search.OrderQuery{Status: []order.Status{"packed"}}, []string{}},
		"with a product":        {search.OrderQuery{ProductID: "mug"}, []string{c005, a002, a001}},
		"from":                  {search.OrderQuery{From: day(3)}, []string{c005, b004}},
		"just after":            {search.OrderQuery{From: day(3).Add(time.Millisecond)}, []string{c005}},
		"to":                    {search.OrderQuery{To: day(1)}, []string{a001}},
		"to, included":          {search.OrderQuery{To: day(1).Add(time.Millisecond)}, []string{a002, a001}},
		"between":               {search.OrderQuery{From: day(1), To: day(3)}, []string{b003, a002}},
		"in another zone":       {search.OrderQuery{From: day(3).In(time.FixedZone("", 7200))}, []string{c005, b004}},
		"by an id":              {search.OrderQuery{Q: b003}, []string{b003}},
		"by an id in capitals":  {search.OrderQuery{Q: "0193AAAA-7B1A-7000-8000-00000000C005"}, []string{c005}},
		"by its beginning":      {search.OrderQuery{Q: "0193aa"}, []string{c005}},
		"by its beginning, cut": {search.OrderQuery{Q: "0192f3c4-7b1a-7"}, []string{b004, b003, a002, a001}},
		"by a title":            {search.OrderQuery{Q: "headphones"}, []string{a002}},
		"by two titles":         {search.OrderQuery{Q: "mug headphones"}, []string{a002}},
		"by a model number":     {search.OrderQuery{Q: "ladc52"}, []string{b003}},
		"by who gets it":        {search.OrderQuery{Q: "konrad zuse"}, []string{b003}},
		"by a street":           {search.OrderQuery{Q: "Methfesselstrasse 7"}, []string{b003}},
		"by a postal code":      {search.OrderQuery{Q: "SW1Y 4JH"}, []string{c005, a002, a001}},
		"by a Chinese name":     {search.OrderQuery{Q: "小明"}, []string{b004}},
		"by a Chinese street":   {search.OrderQuery{Q: "世纪大道"}, []string{b004}},
		"all words":             {search.OrderQuery{Q: "konrad lovelace"}, []string{}},
		"no typos here":         {search.OrderQuery{Q: "headfones"}, []string{}},
		"no pattern":            {search.OrderQuery{Q: "*"}, []string{}},
		"all filters together": {
			search.OrderQuery{CustomerID: "ada", Status: []order.Status{order.StatusPaid}, ProductID: "mug", From: day(0), To: day(9), Q: "london"},
			[]string{a002},
		},
		"one that fails": {search.OrderQuery{CustomerID: "zuse", Q: "lovelace"}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			page := list(t, x, c.q)
			require.Equal(t, c.want, orderIDs(page))
			require.EqualValues(t, len(c.want), page.Total)
			require.Empty(t, page.NextCursor)
		})
	}
	t.Run("whole", func(t *testing.T) {
		page := list(t, x, search.OrderQuery{Q: b004})
		requireOrder(t, orders()[3], page.Items[0])
	})
}

func orderPages(t *testing.T, x search.Index) {
	q := search.OrderQuery{Limit: new(2)}
	require.Equal(t, []string{c005, b004, b003, a002, a001}, turnOrders(t, x, q, nothing))
	q.CustomerID, q.Limit = "ada", new(1)
	require.Equal(t, []string{a002, a001}, turnOrders(t, x, q, nothing))
	first := list(t, x, q)
	require.EqualValues(t, 2, first.Total)
}

func turnOrders(t *testing.T, x search.Index, q search.OrderQuery, between func(page int)) []string {
	t.Helper()
	var all []string
	for n := 1; ; n++ {
		require.Less(t, n, 1000, "the pages don't end")
		page := list(t, x, q)
		all = append(all, orderIDs(page)...)
		if page.NextCursor == "" {
			return all
		}
		require.Len(t, page.Items, q.PageSize())
		q.Cursor = page.NextCursor
		between(n)
	}
}

// orderPagesWhilePlacing adds newer orders and changes statuses while pages are read;
// several orders share a millisecond.
func orderPagesWhilePlacing(t *testing.T, x search.Index) {
	var many []search.Order
	for i := range 30 {
		many = append(many, placed(fmt.Sprintf("o-%02d", i), "ada", day(i/10), order.StatusReserving))
	}
	put(t, x, search.Batch{Orders: many})
	want := turnOrders(t, x, search.OrderQuery{Limit: new(100)}, nothing)
	require.Equal(t, "o-29", want[0])
	require.Equal(t, "o-00", want[29])
	got := turnOrders(t, x, search.OrderQuery{Limit: new(4)}, func(page int) {
		batch := search.Batch{Orders: []search.Order{placed(fmt.Sprintf("new-%02d", page), "ada", day(20+page), order.StatusReserving)}}
		for _, o := range many {
			o.Revision, o.Status, o.UpdatedAt = int64(10+page), order.StatusAwaitingPayment, day(30+page)
			batch.Orders = append(batch.Orders, o)
		}
		put(t, x, batch)
	})
	require.Equal(t, want, got)
}
