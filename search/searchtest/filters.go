package searchtest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/product"
	"holdfast/search"
)

func onlyListedProductsAreShown(t *testing.T, x search.Index) {
	all := find(t, x, search.ProductQuery{Limit: new(100)})
	require.Len(t, all.Items, shown())
	require.EqualValues(t, shown(), all.Total)
	for _, p := range all.Items {
		require.Equal(t, product.StatusListed, p.Status, p.ID)
	}
	for _, q := range []search.ProductQuery{
		{Q: "secret"}, {Q: "recalled"}, {Q: "secrte"}, {Tag: []string{"secret"}}, {Q: "draft"},
	} {
		require.Empty(t, find(t, x, q).Items, "%+v", q)
	}
	require.ElementsMatch(t, []string{"hp-wireless", "hp-studio"}, ids(find(t, x, search.ProductQuery{Q: "delisted wireless"})))
	for _, f := range find(t, x, search.ProductQuery{Q: "wireless"}).Facets.Tag {
		require.NotEqual(t, "secret", f.Value)
	}
	s, err := x.Suggest(t.Context(), search.SuggestQuery{Q: "secr"})
	require.NoError(t, err)
	require.Empty(t, s.Products)
	require.Empty(t, s.Terms)
}

func filtersHoldTogether(t *testing.T, x search.Index) {
	for name, c := range map[string]struct {
		q    search.ProductQuery
		want []string
	}{
		"category":            {search.ProductQuery{Category: []string{"Fans"}}, []string{"fan", "fan-small"}},
		"one of two":          {search.ProductQuery{Category: []string{"Fans", "Headphones"}, InStock: true}, []string{"fan", "fan-small", "hp-studio", "hp-wireless"}},
		"a value twice":       {search.ProductQuery{Category: []string{"Fans", "Fans"}}, []string{"fan", "fan-small"}},
		"other case":          {search.ProductQuery{Category: []string{"fans"}}, []string{}},
		"a part of a value":   {search.ProductQuery{Category: []string{"Living"}}, []string{}},
		"no pattern":          {search.ProductQuery{Brand: []string{"*"}}, []string{}},
		"brand":               {search.ProductQuery{Brand: []string{"Élan"}}, []string{"espresso", "mug"}},
		"brand with a sign":   {search.ProductQuery{Brand: []string{"O'Neil"}}, []string{"poster"}},
		"Chinese brand":       {search.ProductQuery{Brand: []string{"声悦"}}, []string{"zh-headphones"}},
		"tag":                 {search.ProductQuery{Tag: []string{"gift"}}, []string{"espresso", "magnet"}},
		"all together":        {search.ProductQuery{Q: "coffee", Brand: []string{"Élan"}, Tag: []string{"gift"}}, []string{"espresso"}},
		"one that fails":      {search.ProductQuery{Q: "coffee", Brand: []string{"Polar"}}, []string{}},
		"in stock":            {search.ProductQuery{Q: "headphones", InStock: true}, []string{"hp-studio", "hp-wireless"}},
		"from a price":        {search.ProductQuery{Q: "headphones", MinPrice: new(int64(15900))}, []string{"hp-studio", "hp-wireless"}},
		"just above":          {search.ProductQuery{Q: "headphones", MinPrice: new(int64(15901))}, []string{"hp-wireless"}},
		"up to a price":       {search.ProductQuery{Q: "headphones", MaxPrice: new(int64(15900))}, []string{"hp-kids", "hp-studio"}},
		"just below":          {search.ProductQuery{Q: "headphones", MaxPrice: new(int64(15899))}, []string{"hp-kids"}},
		"one price":           {search.ProductQuery{MinPrice: new(int64(300)), MaxPrice: new(int64(300))}, []string{"magnet"}},
		"reaches into it":     {search.ProductQuery{Q: "sofa", MinPrice: new(int64(100000)), MaxPrice: new(int64(110000))}, []string{"sofa"}},
		"between two ranges":  {search.ProductQuery{Q: "sofa", MinPrice: new(int64(120000)), MaxPrice: new(int64(129000))}, []string{}},
		"tolerant and filter": {search.ProductQuery{Q: "hedphones", Brand: []string{"Akord"}}, []string{"hp-studio"}},
	} {
		t.Run(name, func(t *testing.T) {
			page := find(t, x, c.q)
			require.ElementsMatch(t, c.want, ids(page))
			require.EqualValues(t, len(c.want), page.Total)
		})
	}
}

func facetsIgnoreTheirOwnFilter(t *testing.T, x search.Index) {
	plain := find(t, x, search.ProductQuery{Q: "headphones"}).Facets
	require.Equal(t, []search.FacetValue{{Value: "Headphones", Count: 3}}, plain.Category)
	require.Equal(t, []search.FacetValue{{Value: "Sonavo", Count: 2}, {Value: "Akord", Count: 1}}, plain.Brand)
	require.Equal(t, []search.FacetValue{
		{Value: "wired", Count: 2},
		{Value: "bluetooth", Count: 1},
		{Value: "kids", Count: 1},
		{Value: "studio", Count: 1},
		{Value: "travel", Count: 1},
	}, plain.Tag, "the most frequent first, then by value")

	chosen := find(t, x, search.ProductQuery{Q: "headphones", Brand: []string{"Akord"}, Limit: new(1)})
	require.Equal(t, []string{"hp-studio"}, ids(chosen))
	require.Equal(t, plain.Brand, chosen.Facets.Brand, "the brands that else could be chosen")
	require.Equal(t, []search.FacetValue{{Value: "studio", Count: 1}, {Value: "wired", Count: 1}}, chosen.Facets.Tag,
		"but the tags of the chosen brand alone")

	both := find(t, x, search.ProductQuery{Q: "headphones", Brand: []string{"Akord"}, Tag: []string{"kids"}})
	require.Empty(t, both.Items)
	require.Equal(t, []search.FacetValue{{Value: "Sonavo", Count: 1}}, both.Facets.Brand, "with the tag, without the brand")
	require.Equal(t, []search.FacetValue{{Value: "studio", Count: 1}, {Value: "wired", Count: 1}}, both.Facets.Tag)
	require.Empty(t, both.Facets.Category, "with both")

	all := find(t, x, search.ProductQuery{Limit: new(1)})
	count := int64(0)
	for _, f := range all.Facets.Category {
		count += f.Count
	}
	require.Equal(t, all.Total, count, "counted over all pages, listed products alone")

	near := find(t, x, search.ProductQuery{Q: "hedphones"})
	require.True(t, near.Tolerant)
	require.Equal(t, plain.Brand, near.Facets.Brand)
}

func facetsShowTheMostFrequent(t *testing.T, x search.Index) {
	var many []search.Product
	for i := range search.MaxFacetValues + 10 {
		id := fmt.Sprintf("p-%03d", i)
		many = append(many, item(id, "Button", fmt.Sprintf("Brand %03d", i), "Buttons", 100, 1))
	}
	many = append(many, item("last", "Button", "Brand 059", "Buttons", 100, 1))
	long := item("long", "Button", "", "Buttons", 100, 1, tags(string(slices.Repeat([]byte("x"), 40_000))))
	put(t, x, search.Batch{Products: append(many, long)})
	page := find(t, x, search.ProductQuery{Q: "button", Limit: new(1)})
	require.Len(t, page.Facets.Brand, search.MaxFacetValues)
	require.Equal(t, search.FacetValue{Value: "Brand 059", Count: 2}, page.Facets.Brand[0])
	require.Equal(t, search.FacetValue{Value: "Brand 000", Count: 1}, page.Facets.Brand[1])
	require.Empty(t, page.Facets.Tag, "a value of 40,000 letters is none to choose")
	require.EqualValues(t, len(many)+1, page.Total, "but its product is there")
}
