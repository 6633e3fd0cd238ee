package searchtest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// happened is an event of a product of the shop.
func happened(id, product string, version int64, what string, change ...func(*search.Event)) search.Event {
	e := search.Event{ID: id, ProductID: product, Type: what, Version: version, At: day(0).Add(time.Duration(version) * time.Second)}
	for _, c := range change {
		c(&e)
	}
	return e
}

func forOrder(id string) func(*search.Event) { return func(e *search.Event) { e.OrderID = id } }

// history is what happened to two products, in the order of arrival.
func history() []search.Event {
	return []search.Event{
		happened("17-1000-0", "mug", 1, "ProductPut", func(e *search.Event) {
			e.Actor, e.Status, e.Listing = "ada", "listed", 1
			e.Prices = json.RawMessage(`{"m": 9007199254740993, "l": 1200}`)
			e.Stock = json.RawMessage(`[{"sku": "m", "onHand": 3, "held": 0}, {"sku": "l", "onHand": 0, "held": 0}]`)
		}),
		happened("17-1001-0", "mug", 2, "Reserved", forOrder(a001)),
		happened("3-1001-0", "fan", 1, "ProductPut"),
		happened("17-1002-0", "mug", 3, "Reserved", forOrder(a002)),
		happened("17-1002-1", "mug", 3, "Committed", forOrder(a001)),
		happened("17-1002-2", "mug", 10, "Adjusted", func(e *search.Event) { e.Actor, e.Reason = "zuse", "counted <twice> & 小心" }),
		happened("17-1003-0", "mug", 9, "Released", forOrder(a002)),
	}
}

func listEvents(t *testing.T, x search.Index, q search.EventQuery) search.EventPage {
	t.Helper()
	page, err := x.ListEvents(t.Context(), q)
	require.NoError(t, err, "%+v", q)
	return page
}

func eventIDs(page search.EventPage) []string {
	out := []string{}
	for _, e := range page.Items {
		out = append(out, e.ID)
	}
	return out
}

func eventsAreListed(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Events: history()})
	for name, c := range map[string]struct {
		q    search.EventQuery
		want []string
	}{
		"all, by version and id": {
			search.EventQuery{ProductID: "mug"},
			[]string{"17-1002-2", "17-1003-0", "17-1002-1", "17-1002-0", "17-1001-0", "17-1000-0"},
		},
		"of another product":  {search.EventQuery{ProductID: "fan"}, []string{"3-1001-0"}},
		"of nothing":          {search.EventQuery{ProductID: "nobody-sells-this"}, []string{}},
		"of a beginning":      {search.EventQuery{ProductID: "mu"}, []string{}},
		"of a type":           {search.EventQuery{ProductID: "mug", Types: []string{"Reserved"}}, []string{"17-1002-0", "17-1001-0"}},
		"of one of two types": {search.EventQuery{ProductID: "mug", Types: []string{"Adjusted", "ProductPut"}}, []string{"17-1002-2", "17-1000-0"}},
		"of a type to come":   {search.EventQuery{ProductID: "mug", Types: []string{"Painted"}}, []string{}},
		"of no such type":     {search.EventQuery{ProductID: "mug", Types: []string{"reserved"}}, []string{}},
		"of an order":         {search.EventQuery{ProductID: "mug", OrderID: a001}, []string{"17-1002-1", "17-1001-0"}},
		"of an order's type":  {search.EventQuery{ProductID: "mug", OrderID: a001, Types: []string{"Committed"}}, []string{"17-1002-1"}},
		"of no such order":    {search.EventQuery{ProductID: "fan", OrderID: a001}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			page := listEvents(t, x, c.q)
			require.Equal(t, c.want, eventIDs(page))
			require.Empty(t, page.NextCursor)
		})
	}
	t.Run("whole", func(t *testing.T) {
		for _, e := range history() {
			page := listEvents(t, x, search.EventQuery{ProductID: e.ProductID})
			i := slices.Index(eventIDs(page), e.ID)
			requireEvent(t, e, page.Items[i])
		}
	})
}

// eventsAreKeptOnce checks that an event which is stored already changes nothing, whatever
// its content; one of an older version that arrives late is stored.
func eventsAreKeptOnce(t *testing.T, x search.Index) {
	first := happened("17-5-0", "mug", 5, "Reserved", forOrder("o"))
	other := happened("17-5-0", "mug", 6, "Released")
	late := happened("17-4-0", "mug", 4, "Reserved")
	results, err := x.Put(t.Context(), search.Batch{Events: []search.Event{first, first, other}})
	require.NoError(t, err)
	require.Equal(t, []search.Outcome{search.OutcomeStored, search.OutcomeIgnored, search.OutcomeIgnored}, outcomes(results.Events), "also within one batch")
	results, err = x.Put(t.Context(), search.Batch{Events: []search.Event{late, other, first}})
	require.NoError(t, err)
	require.Equal(t, []search.Result{
		{ID: "17-4-0", Outcome: search.OutcomeStored},
		{ID: "17-5-0", Outcome: search.OutcomeIgnored},
		{ID: "17-5-0", Outcome: search.OutcomeIgnored},
	}, results.Events)
	bad := []search.Event{{ID: "bad"}, happened("worse", "a/b", 1, "Reserved"), happened("worst", "mug", 0, "Reserved")}
	results, err = x.Put(t.Context(), search.Batch{Events: append(bad, happened("17-6-0", "mug", 6, "Put"))})
	require.NoError(t, err)
	require.Equal(t, []search.Outcome{search.OutcomePoisoned, search.OutcomePoisoned, search.OutcomePoisoned, search.OutcomeStored}, outcomes(results.Events))
	require.Contains(t, results.Events[1].Reason, "productId: ")
	require.Len(t, results.Poisoned(), 3)
	refresh(t, x)
	page := listEvents(t, x, search.EventQuery{ProductID: "mug"})
	require.Equal(t, []string{"17-6-0", "17-5-0", "17-4-0"}, eventIDs(page))
	requireEvent(t, first, page.Items[1])
}
