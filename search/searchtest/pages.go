package searchtest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// sorts are all ways to sort, with and without sold-out products last.
func sorts(q string) []search.ProductQuery {
	var all []search.ProductQuery
	for _, s := range []search.Sort{search.SortRelevance, search.SortPrice, search.SortPriceDescending, search.SortNewest, search.SortName} {
		all = append(all, search.ProductQuery{Q: q, Sort: s}, search.ProductQuery{Q: q, Sort: s, SoldOutInPlace: true})
	}
	return all
}

func titled(q search.ProductQuery) string {
	return fmt.Sprintf("%s by %s, sold out in place %t", q.Q, q.Sort, q.SoldOutInPlace)
}

// turn reads page after page; between is called after each.
func turn(t *testing.T, x search.Index, q search.ProductQuery, between func(page int)) []search.ProductHit {
	t.Helper()
	var all []search.ProductHit
	for n := 1; ; n++ {
		require.Less(t, n, 1000, "the pages don't end")
		page := find(t, x, q)
		require.LessOrEqual(t, len(page.Items), q.PageSize())
		all = append(all, page.Items...)
		if page.NextCursor == "" {
			return all
		}
		require.Len(t, page.Items, q.PageSize(), "only the last page is short")
		q.Cursor = page.NextCursor
		between(n)
	}
}

func idsOf(hits []search.ProductHit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.ID)
	}
	return out
}

func nothing(int) {}

func pagesShowEachOnce(t *testing.T, x search.Index) {
	for _, text := range []string{"", "headphones", "hedphones", "a", "wired headphones", "headphones zzzzzzzz kids"} {
		for _, q := range sorts(text) {
			t.Run(titled(q), func(t *testing.T) {
				q.Limit = new(100)
				whole := find(t, x, q)
				require.Empty(t, whole.NextCursor)
				for _, size := range []int{1, 2, 7} {
					q.Limit = new(size)
					hits := turn(t, x, q, nothing)
					require.Equal(t, idsOf(whole.Items), idsOf(hits), "pages of %d", size)
				}
			})
		}
	}
	t.Run("a page of the exact size is the last", func(t *testing.T) {
		page := find(t, x, search.ProductQuery{Q: "headphones", Limit: new(3)})
		require.Len(t, page.Items, 3)
		require.Empty(t, page.NextCursor)
	})
	t.Run("every page tells the same of the whole", func(t *testing.T) {
		first := find(t, x, search.ProductQuery{Q: "headphones", Limit: new(1)})
		second := find(t, x, search.ProductQuery{Q: "headphones", Limit: new(1), Cursor: first.NextCursor})
		require.Equal(t, first.Total, second.Total)
		require.Equal(t, first.Facets, second.Facets)
	})
	t.Run("the limit may change", func(t *testing.T) {
		first := find(t, x, search.ProductQuery{Q: "headphones", Sort: search.SortPrice, Limit: new(1)})
		rest := find(t, x, search.ProductQuery{Q: "headphones", Sort: search.SortPrice, Limit: new(5), Cursor: first.NextCursor})
		require.Equal(t, []string{"hp-wireless", "hp-kids"}, ids(rest))
	})
	t.Run("twenty where nobody says", func(t *testing.T) {
		require.Len(t, find(t, x, search.ProductQuery{}).Items, search.DefaultLimit)
	})
}

// pagesWhileStockMoves changes quantities, without any product selling out or coming back.
func pagesWhileStockMoves(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Products: crowd(60)})
	version := int64(10)
	for _, q := range append(sorts("lamp"), sorts("lamp zzzzzzzz")...) {
		t.Run(titled(q), func(t *testing.T) {
			q.Limit = new(100)
			want := ids(find(t, x, q))
			q.Limit = new(7)
			hits := turn(t, x, q, func(int) {
				version++
				moved := crowd(60)
				for i := range moved {
					moved[i].Version = version
					moved[i].UpdatedAt = day(int(version))
					if moved[i].Available > 0 {
						moved[i].Available = 1 + (moved[i].Available+version)%50
					}
				}
				put(t, x, search.Batch{Products: moved})
			})
			require.Equal(t, want, idsOf(hits))
		})
	}
}

// pagesWhileGoodsComeAndGo adds and removes other matching products; those that stay are
// shown once each, in order.
func pagesWhileGoodsComeAndGo(t *testing.T, x search.Index) {
	stay := crowd(40)
	put(t, x, search.Batch{Products: stay})
	more, version := 0, int64(10)
	for _, q := range sorts("lamp") {
		t.Run(titled(q), func(t *testing.T) {
			q.Limit = new(100)
			before := ids(find(t, x, q))
			want := slices.DeleteFunc(before, func(id string) bool { return id[:5] != "lamp-" })
			q.Limit = new(6)
			seen := map[string]int{}
			var order []string
			for _, h := range turn(t, x, q, func(int) {
				version++
				more++
				lately := item(fmt.Sprintf("late-%03d", more), "Lamp", "Lumo", "Lamps", int64(900+more*10), int64(more%3), created(more))
				gone := item(fmt.Sprintf("late-%03d", more-2), "Vase", "Lumo", "Vases", 900, 1)
				gone.Version = 11
				batch := search.Batch{Products: []search.Product{lately}}
				if more > 2 {
					batch.Products = append(batch.Products, gone)
				}
				put(t, x, batch)
			}) {
				seen[h.ID]++
				if h.ID[:5] == "lamp-" {
					order = append(order, h.ID)
				}
			}
			require.Equal(t, want, order)
			for id, n := range seen {
				require.Equal(t, 1, n, id)
			}
		})
	}
}

// tolerantPagesStayTolerant checks that the second page continues the first, even if an
// exact match appears in between.
func tolerantPagesStayTolerant(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Products: crowd(9)})
	q := search.ProductQuery{Q: "raeding", Limit: new(4), SoldOutInPlace: true}
	hits := turn(t, x, q, func(page int) {
		put(t, x, search.Batch{Products: []search.Product{
			item(fmt.Sprintf("exact-%d", page), "Raeding Brothers' Clock", "Raeding", "Clocks", 5000, 3),
		}})
	})
	got := slices.DeleteFunc(idsOf(hits), func(id string) bool { return id[:5] != "lamp-" })
	require.Len(t, got, 9)
	require.False(t, find(t, x, q).Tolerant, "a new search finds the exact ones")
}

// somePagesStaySome checks that pages with some of the words continue as they began, even
// if in between so many products have all of them that a new search would show only those.
func somePagesStaySome(t *testing.T, x search.Index) {
	lamps := crowd(30)
	for i := range lamps[:9] {
		lamps[i].Title = "Reading Lamp, bendable"
	}
	put(t, x, search.Batch{Products: lamps})
	for round, q := range sorts("bendable lamp") {
		t.Run(titled(q), func(t *testing.T) {
			late := func(n int, title, category string, version int64) search.Product {
				p := item(fmt.Sprintf("late-%d-%d", round, n), title, "Lumo", category, 900, 3)
				p.Version = version
				return p
			}
			q.Limit = new(100)
			want := ids(find(t, x, q))
			require.Len(t, want, 30)
			q.Limit = new(7)
			more := 0
			hits := turn(t, x, q, func(int) {
				var batch search.Batch
				for range 7 {
					more++
					batch.Products = append(batch.Products, late(more, "Bendable Lamp", "Lamps", 1))
				}
				put(t, x, batch)
			})
			got := slices.DeleteFunc(idsOf(hits), func(id string) bool { return id[:5] != "lamp-" })
			require.Equal(t, want, got)
			var gone search.Batch
			for n := range more {
				gone.Products = append(gone.Products, late(n+1, "Vase", "Vases", 2))
			}
			put(t, x, gone)
		})
	}
}

// foreignCursors checks that a cursor belongs to its query.
func foreignCursors(t *testing.T, x search.Index) {
	q := search.ProductQuery{Q: "headphones", Sort: search.SortPrice, Limit: new(1)}
	given := find(t, x, q).NextCursor
	require.NotEmpty(t, given)
	o := search.OrderQuery{CustomerID: "ada", Limit: new(1)}
	givenOrders := list(t, x, o).NextCursor
	require.NotEmpty(t, givenOrders)
	at := q
	at.Cursor = given
	keys, err := at.After()
	require.NoError(t, err)
	madeUp := slices.Repeat([]string{"made up"}, len(keys))
	for name, other := range map[string]search.ProductQuery{
		"other words":   {Q: "television", Sort: search.SortPrice, Cursor: given},
		"other sort":    {Q: "headphones", Sort: search.SortName, Cursor: given},
		"other filter":  {Q: "headphones", Sort: search.SortPrice, Brand: []string{"Sonavo"}, Cursor: given},
		"other flag":    {Q: "headphones", Sort: search.SortPrice, SoldOutInPlace: true, Cursor: given},
		"of orders":     {Q: "headphones", Sort: search.SortPrice, Cursor: givenOrders},
		"cut":           {Q: "headphones", Sort: search.SortPrice, Cursor: given[:len(given)-3]},
		"made up":       {Q: "headphones", Sort: search.SortPrice, Cursor: "abcdefgh"},
		"no base64":     {Q: "headphones", Sort: search.SortPrice, Cursor: "!!"},
		"keys made up":  {Q: "headphones", Sort: search.SortPrice, Cursor: q.CursorAt(madeUp...)},
		"too few keys":  {Q: "headphones", Sort: search.SortPrice, Cursor: q.CursorAt(keys[:len(keys)-1]...)},
		"too many keys": {Q: "headphones", Sort: search.SortPrice, Cursor: q.CursorAt(append(slices.Clone(keys), "1")...)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := x.SearchProducts(t.Context(), other)
			requireInvalid(t, err, "cursor")
		})
	}
	for name, other := range map[string]search.OrderQuery{
		"other customer": {CustomerID: "zuse", Cursor: givenOrders},
		"no customer":    {Cursor: givenOrders},
		"of products":    {CustomerID: "ada", Cursor: given},
		"keys made up":   {CustomerID: "ada", Cursor: o.CursorAt("1")},
	} {
		t.Run("orders: "+name, func(t *testing.T) {
			_, err := x.ListOrders(t.Context(), other)
			requireInvalid(t, err, "cursor")
		})
	}
}
