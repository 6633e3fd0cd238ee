package searchtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

func sortsAreTotal(t *testing.T, x search.Index) {
	headphones := search.ProductQuery{Q: "headphones", SoldOutInPlace: true}
	for name, c := range map[string]struct {
		q    search.ProductQuery
		sort search.Sort
		want []string
	}{
		"price":             {headphones, search.SortPrice, []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"price down":        {headphones, search.SortPriceDescending, []string{"hp-wireless", "hp-studio", "hp-kids"}},
		"newest":            {headphones, search.SortNewest, []string{"hp-kids", "hp-wireless", "hp-studio"}},
		"name":              {headphones, search.SortName, []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"relevance":         {headphones, search.SortRelevance, []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"relevance unasked": {headphones, "", []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"the lowest price of a range": {
			search.ProductQuery{Category: []string{"Living Room", "Electronics"}, SoldOutInPlace: true},
			search.SortPrice,
			[]string{"phone-case", "phone", "television", "sofa", "couch"},
		},
		"the highest price of a range": {
			search.ProductQuery{Tag: []string{"cotton", "coffee"}}, search.SortPriceDescending, []string{"jeans", "espresso", "tshirt", "mug"},
		},
		"ranges that overlap": {
			search.ProductQuery{Category: []string{"Electronics"}}, search.SortPriceDescending, []string{"phone", "television", "phone-case"},
		},
		"names without accents": {
			search.ProductQuery{Category: []string{"Kitchen", "Clothing"}},
			search.SortName,
			[]string{"aeroplane", "espresso", "mug", "tshirt", "refrigerator", "jeans"},
		},
		"no words: the newest": {search.ProductQuery{Category: []string{"Camera Parts"}}, search.SortRelevance, []string{"adapter-c", "adapter"}},
		"ties by id":           {search.ProductQuery{Category: []string{"Fans"}}, search.SortNewest, []string{"fan", "fan-small"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.Sort = c.sort
			require.Equal(t, c.want, ids(find(t, x, c.q)))
		})
	}
}

func soldOutComesLast(t *testing.T, x search.Index) {
	for sort, want := range map[search.Sort][]string{
		search.SortPrice:           {"hp-studio", "hp-wireless", "hp-kids"},
		search.SortPriceDescending: {"hp-wireless", "hp-studio", "hp-kids"},
		search.SortNewest:          {"hp-wireless", "hp-studio", "hp-kids"},
		search.SortName:            {"hp-studio", "hp-wireless", "hp-kids"},
		search.SortRelevance:       {"hp-studio", "hp-wireless", "hp-kids"},
	} {
		require.Equal(t, want, ids(find(t, x, search.ProductQuery{Q: "headphones", Sort: sort})), string(sort))
	}
}
