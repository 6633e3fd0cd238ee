package searchtest

import (
	"encoding/json"
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
		"by a reference":        {search.OrderQuery{ExternalReference: "SO 1/ä"}, []string{c005, a001}},
		"by half a reference":   {search.OrderQuery{ExternalReference: "SO 1"}, []string{}},
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

func ordersByChange(t *testing.T, x search.Index) {
	updated := search.OrderSortUpdated
	for name, c := range map[string]struct {
		q    search.OrderQuery
		want []string
	}{
		"all":            {search.OrderQuery{Sort: updated}, []string{a002, b003, b004, c005, a001}},
		"since":          {search.OrderQuery{Sort: updated, UpdatedSince: day(3)}, []string{b004, c005, a001}},
		"just after":     {search.OrderQuery{Sort: updated, UpdatedSince: day(3).Add(time.Microsecond)}, []string{c005, a001}},
		"newest since":   {search.OrderQuery{Sort: search.OrderSortNewest, UpdatedSince: day(3)}, []string{c005, b004, a001}},
		"of a customer":  {search.OrderQuery{Sort: updated, CustomerID: "ada"}, []string{a002, a001}},
		"since too late": {search.OrderQuery{UpdatedSince: day(9)}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			page := list(t, x, c.q)
			require.Equal(t, c.want, orderIDs(page))
			require.EqualValues(t, len(c.want), page.Total)
			c.q.Limit = new(1)
			require.Equal(t, c.want, append([]string{}, turnOrders(t, x, c.q, nothing)...))
		})
	}
}

// updatedPagesMissNothing: orders change while another system reads all of them by their
// change. It sees each of them, and those that changed once more.
func updatedPagesMissNothing(t *testing.T, x search.Index) {
	var many []search.Order
	for i := range 20 {
		many = append(many, placed(fmt.Sprintf("o-%02d", i), "ada", day(1), order.StatusReserving, changed(day(i/5))))
	}
	put(t, x, search.Batch{Orders: many})
	seen := turnOrders(t, x, search.OrderQuery{Sort: search.OrderSortUpdated, Limit: new(3)}, func(page int) {
		if page > 3 {
			return
		}
		o := many[page] // it was read, and moves behind all others
		o.Revision, o.UpdatedAt = 20, day(20+page)
		put(t, x, search.Batch{Orders: []search.Order{o}})
	})
	var want []string
	for _, o := range many {
		want = append(want, o.ID)
	}
	require.Equal(t, append(want, "o-01", "o-02", "o-03"), seen)
}

// paymentStatusIsTheSummarys: an order is found by the payment status that its summary shows.
func paymentStatusIsTheSummarys(t *testing.T, x search.Index) {
	const amount = 1000
	refund := func(payment, provider string, status order.RefundStatus, amount int64) []byte {
		doc, err := json.Marshal(order.Refund{PaymentID: payment, Provider: provider, Status: status, Amount: amount})
		require.NoError(t, err)
		return doc
	}
	payments := map[string]map[string][]byte{
		"untouched": nil,
		"due":       {"refund:p/1": refund("p", "bank", order.RefundDue, amount)},
		"part":      {"refund:p/1": refund("p", "bank", order.RefundPaid, 300), "refund:p/2": refund("p", "bank", order.RefundFailed, 700)},
		"in-two":    {"refund:p/1": refund("p", "bank", order.RefundPaid, 300), "refund:p/2": refund("p", "bank", order.RefundSettled, 700)},
		"of-others": {"refund:q/1": refund("q", "bank", order.RefundPaid, amount), "refund:p/1": refund("p", "other", order.RefundPaid, amount)},
	}
	statuses := []order.PaymentStatus{order.PaymentNone, order.PaymentPending, order.PaymentPaid, order.PaymentPartiallyRefunded, order.PaymentRefunded}
	shown := map[order.PaymentStatus][]string{}
	var batch search.Batch
	for _, status := range statuses[:3] {
		for name, docs := range payments {
			o := order.Order{
				ID: string(status) + "-" + name, Version: 1, CustomerID: "ada", Status: order.StatusPaid, PlacedAt: day(1), UpdatedAt: day(1),
				Amounts: map[string]int64{order.AmountPaid: amount}, Payment: order.Payment{Status: status, ID: "p", Provider: "bank"},
			}
			doc, err := json.Marshal(o)
			require.NoError(t, err)
			d := search.FromOrder(o, doc, 7, docs)
			batch.Orders = append(batch.Orders, d)
			settled, err := d.Settled()
			require.NoError(t, err)
			is := settled.Summary().Payment.Status
			shown[is] = append(shown[is], o.ID)
		}
	}
	put(t, x, batch)
	for _, status := range statuses {
		require.NotEmpty(t, shown[status])
		page := list(t, x, search.OrderQuery{PaymentStatus: []order.PaymentStatus{status}})
		require.ElementsMatch(t, shown[status], orderIDs(page), status)
	}
	back := []order.PaymentStatus{order.PaymentPartiallyRefunded, order.PaymentRefunded, "to_come"}
	require.ElementsMatch(t, []string{"paid-part", "paid-in-two"}, orderIDs(list(t, x, search.OrderQuery{PaymentStatus: back})))
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
