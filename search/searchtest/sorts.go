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
		"price":             {headphones, search.ByPrice, []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"price down":        {headphones, search.ByPriceDown, []string{"hp-wireless", "hp-studio", "hp-kids"}},
		"newest":            {headphones, search.ByNewest, []string{"hp-kids", "hp-wireless", "hp-studio"}},
		"name":              {headphones, search.ByName, []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"relevance":         {headphones, search.ByRelevance, []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"relevance unasked": {headphones, "", []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"the lowest price of a range": {
			search.ProductQuery{Category: []string{"Living Room", "Electronics"}, SoldOutInPlace: true},
			search.ByPrice,
			[]string{"phone-case", "phone", "television", "sofa", "couch"},
		},
		"the highest price of a range": {
			search.ProductQuery{Tag: []string{"cotton", "coffee"}}, search.ByPriceDown, []string{"jeans", "espresso", "tshirt", "mug"},
		},
		"ranges that overlap": {
			search.ProductQuery{Category: []string{"Electronics"}}, search.ByPriceDown, []string{"phone", "television", "phone-case"},
		},
		"names without accents": {
			search.ProductQuery{Category: []string{"Kitchen", "Clothing"}},
			search.ByName,
			[]string{"aeroplane", "espresso", "mug", "tshirt", "refrigerator", "jeans"},
		},
		"no words: the newest": {search.ProductQuery{Category: []string{"Camera Parts"}}, search.ByRelevance, []string{"adapter-c", "adapter"}},
		"ties by id":           {search.ProductQuery{Category: []string{"Fans"}}, search.ByNewest, []string{"fan", "fan-small"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.Sort = c.sort
			require.Equal(t, c.want, ids(find(t, x, c.q)))
		})
	}
}

func soldOutComesLast(t *testing.T, x search.Index) {
	for sort, want := range map[search.Sort][]string{
		search.ByPrice:     {"hp-studio", "hp-wireless", "hp-kids"},
		search.ByPriceDown: {"hp-wireless", "hp-studio", "hp-kids"},
		search.ByNewest:    {"hp-wireless", "hp-studio", "hp-kids"},
		search.ByName:      {"hp-studio", "hp-wireless", "hp-kids"},
		search.ByRelevance: {"hp-studio", "hp-wireless", "hp-kids"},
	} {
		require.Equal(t, want, ids(find(t, x, search.ProductQuery{Q: "headphones", Sort: sort})), string(sort))
	}
}
