package searchtest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

func turnEvents(t *testing.T, x search.Index, q search.EventQuery, between func(page int)) []string {
	t.Helper()
	var all []string
	for n := 1; ; n++ {
		require.Less(t, n, 1000, "the pages don't end")
		page := listEvents(t, x, q)
		all = append(all, eventIDs(page)...)
		if page.NextCursor == "" {
			return all
		}
		require.Len(t, page.Items, q.PageSize(), "only the last page is short")
		q.Cursor = page.NextCursor
		between(n)
	}
}

// busy is many events of one product, three per version.
func busy(from, n int) []search.Event {
	var many []search.Event
	for i := from; i < from+n; i++ {
		e := happened(fmt.Sprintf("8-%d-0", i), "mug", int64(1+i/3), []string{"Reserved", "Released"}[i%2], forOrder(fmt.Sprintf("o-%d", i%5)))
		many = append(many, e)
	}
	return many
}

func eventPages(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Events: append(busy(100, 30), history()...)})
	for _, q := range []search.EventQuery{
		{ProductID: "mug"}, {ProductID: "mug", Types: []string{"Released"}}, {ProductID: "mug", OrderID: "o-3"},
	} {
		q.Limit = new(100)
		whole := listEvents(t, x, q)
		require.NotEmpty(t, whole.Items)
		require.Empty(t, whole.NextCursor)
		for _, size := range []int{1, 2, 7, len(whole.Items)} {
			q.Limit = new(size)
			require.Equal(t, eventIDs(whole), turnEvents(t, x, q, nothing), "pages of %d", size)
		}
	}
	require.Len(t, listEvents(t, x, search.EventQuery{ProductID: "mug"}).Items, search.DefaultLimit)
}

// eventPagesWhileTheyCome checks that newer events don't move a reader's pages.
func eventPagesWhileTheyCome(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Events: busy(0, 30)})
	want := turnEvents(t, x, search.EventQuery{ProductID: "mug", Limit: new(100)}, nothing)
	require.Len(t, want, 30)
	got := turnEvents(t, x, search.EventQuery{ProductID: "mug", Limit: new(4)}, func(page int) {
		put(t, x, search.Batch{Events: busy(100*page, 5)})
	})
	require.Equal(t, want, got)
}

func foreignEventCursors(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Events: history(), Orders: orders(), Products: goods()})
	q := search.EventQuery{ProductID: "mug", Limit: new(1)}
	given := listEvents(t, x, q).NextCursor
	require.NotEmpty(t, given)
	at := q
	at.Cursor = given
	keys, err := at.After()
	require.NoError(t, err)
	madeUp := slices.Repeat([]string{"made up"}, len(keys))
	for name, other := range map[string]search.EventQuery{
		"other product": {ProductID: "fan", Cursor: given},
		"other type":    {ProductID: "mug", Types: []string{"Reserved"}, Cursor: given},
		"other order":   {ProductID: "mug", OrderID: a001, Cursor: given},
		"of orders":     {ProductID: "mug", Cursor: list(t, x, search.OrderQuery{Limit: new(1)}).NextCursor},
		"of products":   {ProductID: "mug", Cursor: find(t, x, search.ProductQuery{Limit: new(1)}).NextCursor},
		"cut":           {ProductID: "mug", Cursor: given[:len(given)-3]},
		"no base64":     {ProductID: "mug", Cursor: "!!"},
		"keys made up":  {ProductID: "mug", Cursor: q.CursorAt(madeUp...)},
		"too few keys":  {ProductID: "mug", Cursor: q.CursorAt(keys[:len(keys)-1]...)},
		"too many keys": {ProductID: "mug", Cursor: q.CursorAt(append(slices.Clone(keys), "1")...)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.ListEvents(t.Context(), other)
			requireInvalid(t, err, "cursor")
		})
	}
	_, err = x.ListOrders(t.Context(), search.OrderQuery{ProductID: "mug", Cursor: given})
	requireInvalid(t, err, "cursor")
}

// concurrentEvents checks that of several writers of the same events one stores each.
func concurrentEvents(t *testing.T, x search.Index) {
	const writers, events = 4, 60
	stored := make([]int, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for from := 0; from < events; from += 20 {
				results, err := x.Put(t.Context(), search.Batch{Events: busy(from, 20)})
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range results.Events {
					if r.Outcome == search.OutcomeStored {
						stored[w]++
					}
				}
			}
		})
	}
	wg.Wait()
	refresh(t, x)
	sum := 0
	for _, n := range stored {
		sum += n
	}
	require.Equal(t, events, sum)
	require.Len(t, listEvents(t, x, search.EventQuery{ProductID: "mug", Limit: new(100)}).Items, events)
}
