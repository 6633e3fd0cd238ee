package searchtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// phrasesFindTheirWords checks that a rule for a phrase hides nothing that its words find,
// and that products with what the rule asks for rank first, whatever the sort.
func phrasesFindTheirWords(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Products: []search.Product{
		item("watch", "Analog Watch", "", "", 100, 1),
		item("plug", "Smart Plug", "", "", 200, 1),
		item("strap", "Red Strap", "", "", 300, 1),
		item("torch", "Hand Torch", "", "", 400, 1),
	}})
	none := find(t, x, search.ProductQuery{Q: "smart watch"})
	require.True(t, none.Tolerant)
	require.Equal(t, []string{"watch", "plug"}, ids(none), "the watch is nearer: it is the thing")
	require.Contains(t, ids(find(t, x, search.ProductQuery{Q: "red smart watch"})), "plug")
	require.Equal(t, []string{"torch"}, ids(find(t, x, search.ProductQuery{Q: "hand torch"})), "though the rule asks for another word")

	put(t, x, search.Batch{Products: []search.Product{
		item("smartwatch", "S3 Smartwatch", "", "", 900, 1),
		item("flashlight", "Big LED Flashlight", "", "", 900, 1),
	}})
	for _, q := range []search.ProductQuery{{Q: "smart watch"}, {Q: "smart watch", Sort: search.SortPrice}} {
		some := find(t, x, q)
		require.False(t, some.Tolerant)
		require.Equal(t, []string{"smartwatch", "watch", "plug"}, ids(some))
	}
	for _, q := range []search.ProductQuery{{Q: "hand torch"}, {Q: "hand torch", Sort: search.SortPrice}} {
		require.Equal(t, []string{"flashlight", "torch"}, ids(find(t, x, q)))
	}
	require.Equal(t, []string{"smartwatch", "watch", "plug"}, ids(find(t, x, search.ProductQuery{Q: "zzzzzzzz smart watch"})),
		"also where no product has all")
	require.Equal(t, []string{"smartwatch"}, ids(find(t, x, search.ProductQuery{Q: "smartwatch"})), "one word finds nothing beside")
}

// lastWordsNameTheThing checks that a mobile phone is a phone, if nothing closer exists.
func lastWordsNameTheThing(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Products: []search.Product{
		item("phone", "Phone 7", "", "", 100, 1),
		item("mobile", "Mobile Stand", "", "", 100, 1),
	}})
	page := find(t, x, search.ProductQuery{Q: "smartphone"})
	require.True(t, page.Tolerant)
	require.Equal(t, []string{"phone"}, ids(page))
	require.Equal(t, []string{"<em>Phone</em> 7"}, page.Items[0].Highlights["title"])
	require.Equal(t, []string{"phone", "mobile"}, ids(find(t, x, search.ProductQuery{Q: "mobile phone zzzzzzzz"})))
	put(t, x, search.Batch{Products: []search.Product{item("exact", "Pocket Companion", "", "", 100, 0, text("A smartphone."))}})
	page = find(t, x, search.ProductQuery{Q: "smartphone"})
	require.False(t, page.Tolerant)
	require.Equal(t, []string{"exact"}, ids(page))
	require.Equal(t, []string{"exact", "phone", "mobile"},
		ids(find(t, x, search.ProductQuery{Q: "mobile phone zzzzzzzz", SoldOutInPlace: true})))
}
