package searchtest

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// wordsAreFound checks, for typed texts, every product that has all of their words.
func wordsAreFound(t *testing.T, x search.Index) {
	allHeadphones := []string{"hp-kids", "hp-studio", "hp-wireless"}
	for q, want := range map[string][]string{
		// Forms of a word, case, order of words.
		"headphones":            allHeadphones,
		"Headphone":             allHeadphones,
		"  HEADPHONES ":         allHeadphones,
		"headphones wireless":   {"hp-studio", "hp-wireless"},
		"wireless headphones":   {"hp-studio", "hp-wireless"},
		"cancelled noise":       {"hp-wireless"},
		"jackets":               {"aeroplane"},
		"case for the iphone":   {"phone-case"},
		"headphones for kids":   {"hp-kids"},
		"women's jeans":         {"jeans"},
		"womens jeans":          {"jeans"},
		"jeans women":           {"jeans"},
		"t-shirt":               {"tshirt"},
		"tshirt":                {"tshirt"},
		"noise cancelling":      {"hp-wireless"},
		"three seat":            {"sofa"},
		"headphones television": {},
		// Where a word may be.
		"sonavo":     {"hp-kids", "hp-wireless"},
		"fans":       {"fan", "fan-small"},
		"bluetooth":  {"hp-wireless"},
		"cocoa":      {"mug"},
		"wool":       {"sofa"},
		"coffee":     {"espresso", "mug"},
		"sonavo kid": {"hp-kids"},
		// Accents and letters with a stroke.
		"cafe creme": {"espresso"},
		"CAFÉ":       {"espresso"},
		"elan":       {"espresso", "mug"},
		"bolge":      {"aeroplane"},
		"aero":       {"aeroplane"},
		"ærø":        {"aeroplane"},
		// Chinese and Japanese.
		"耳机":            {"zh-headphones"},
		"降噪耳机":          {"zh-headphones"},
		"绿茶":            {"zh-tea"},
		"茶":             {"ja-teapot", "zh-tea"},
		"清香":            {"zh-tea"},
		"ヘッドホン":         {"ja-headphones"},
		"ワイヤレス":         {"ja-headphones"},
		"ﾍｯﾄﾞﾎﾝ":        {"ja-headphones"},
		"急須":            {"ja-teapot"},
		"蓝牙 耳机":         {"zh-headphones"},
		"耳机 television": {},
		// Synonyms, also of several words, and one that replaces.
		"couch":        {"couch", "sofa"},
		"settee":       {"couch", "sofa"},
		"oslo settee":  {"sofa"},
		"telly":        {"television"},
		"TV 55":        {"television"},
		"cell phone":   {"phone"},
		"mobile phone": {"phone"},
		"fridge":       {"refrigerator"},
		"refrigerator": {"refrigerator"},
		"头戴式耳机":        {"zh-headphones"},
	} {
		t.Run(q, func(t *testing.T) {
			page := find(t, x, search.ProductQuery{Q: q, SoldOutInPlace: true})
			requireFirst(t, want, page)
			if !strings.ContainsAny(strings.TrimSpace(q), " -'") && q[0] < utf8.RuneSelf {
				require.EqualValues(t, len(want), page.Total, "nothing beside one word")
			}
		})
	}
}

// requireFirst requires that these have all words and come first, in any order. If there
// are none, all results are merely near matches.
func requireFirst(t *testing.T, want []string, page search.ProductPage) {
	t.Helper()
	if len(want) == 0 {
		require.Equal(t, len(page.Items) > 0, page.Tolerant)
		return
	}
	require.False(t, page.Tolerant)
	require.GreaterOrEqual(t, len(page.Items), len(want))
	require.ElementsMatch(t, want, ids(page)[:len(want)])
}

// someWordsComeBehind checks that if few products have all words, those with at least half
// of them follow, ordered by how many they have, whatever the sort.
func someWordsComeBehind(t *testing.T, x search.Index) {
	for name, c := range map[string]struct {
		q    search.ProductQuery
		want []string
	}{
		"one of two":    {search.ProductQuery{Q: "kids headphones"}, []string{"hp-kids", "hp-studio", "hp-wireless"}},
		"by price":      {search.ProductQuery{Q: "wireless headphones", Sort: search.SortPrice}, []string{"hp-studio", "hp-wireless", "hp-kids"}},
		"by price down": {search.ProductQuery{Q: "wired headphones", Sort: search.SortPriceDescending}, []string{"hp-studio", "hp-kids", "hp-wireless"}},
		"by name":       {search.ProductQuery{Q: "noise headphones", Sort: search.SortName}, []string{"hp-wireless", "hp-kids", "hp-studio"}},
		"newest":        {search.ProductQuery{Q: "studio headphones", Sort: search.SortNewest}, []string{"hp-studio", "hp-kids", "hp-wireless"}},
		"two of three, not one": {
			search.ProductQuery{Q: "wired kids headphones", Sort: search.SortPrice}, []string{"hp-kids", "hp-studio"},
		},
		"of three that none has all of, one": {
			search.ProductQuery{Q: "green studio headphones", Sort: search.SortPrice}, []string{"hp-studio", "hp-kids", "hp-wireless"},
		},
		"a word that nothing has": {search.ProductQuery{Q: "zzzzzzzz couch"}, []string{"couch", "sofa"}},
		"a synonym is one word":   {search.ProductQuery{Q: "mobile phone 128"}, []string{"phone"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.q.SoldOutInPlace = true
			page := find(t, x, c.q)
			require.Equal(t, c.want, ids(page))
			require.EqualValues(t, len(c.want), page.Total)
		})
	}
	t.Run("sold out behind all others", func(t *testing.T) {
		require.Equal(t, []string{"hp-studio", "hp-wireless", "hp-kids"}, ids(find(t, x, search.ProductQuery{Q: "wired headphones"})))
	})
	t.Run("a choice in a facet brings nothing else", func(t *testing.T) {
		all := find(t, x, search.ProductQuery{Q: "headphones"})
		require.EqualValues(t, 3, all.Total)
		none := find(t, x, search.ProductQuery{Q: "headphones", Category: []string{"Gifts"}})
		require.Empty(t, none.Items)
		some := find(t, x, search.ProductQuery{Q: "wireless headphones"})
		for _, brand := range some.Facets.Brand {
			chosen := find(t, x, search.ProductQuery{Q: "wireless headphones", Brand: []string{brand.Value}})
			require.Equal(t, brand.Count, chosen.Total, brand.Value)
		}
	})
}

// enoughKeepOthersAway checks that if many products have all words, others are not shown.
func enoughKeepOthersAway(t *testing.T, x search.Index) {
	floor := item("floor", "Floor Lamp", "Lumo", "Lamps", 500, 1)
	put(t, x, search.Batch{Products: append(crowd(search.EnoughProducts-1), floor)})
	few := find(t, x, search.ProductQuery{Q: "reading lamp", Limit: new(100)})
	require.EqualValues(t, search.EnoughProducts, few.Total)
	require.Contains(t, ids(few), "floor")
	put(t, x, search.Batch{Products: crowd(search.EnoughProducts)[search.EnoughProducts-1:]})
	for _, q := range sorts("reading lamp") {
		enough := find(t, x, q)
		require.EqualValues(t, search.EnoughProducts, enough.Total)
		require.NotContains(t, ids(enough), "floor")
		q.Brand = []string{"Nobody"}
		require.Zero(t, find(t, x, q).Total, "also where none of them is left by a choice")
	}
}

// headsComeFirst checks that the word that names the thing counts more than one that says
// what it goes with.
func headsComeFirst(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Products: []search.Product{
		item("case", "Tablet Case", "", "", 100, 1),
		item("stand", "Stand for Tablet", "", "", 100, 1),
		item("holder", "Holder, tablet", "", "", 100, 1),
		item("tablet", "Galaxy Pro Tablet SM-T720N 10.1, silver", "", "", 100, 1),
	}})
	page := find(t, x, search.ProductQuery{Q: "tablets"})
	require.Equal(t, "tablet", page.Items[0].ID)
	require.Len(t, page.Items, 4)
	require.Equal(t, "stand", find(t, x, search.ProductQuery{Q: "tablet stand"}).Items[0].ID)
}

// bestComesFirst checks model numbers in all spellings, and the fields' weights.
func bestComesFirst(t *testing.T, x search.Index) {
	for q, want := range map[string]string{
		"LA-DC52":             "adapter",
		"la dc52":             "adapter",
		"ladc52":              "adapter",
		"dc52":                "adapter",
		"LA_DC52 lens":        "adapter",
		"ladc52c":             "adapter-c",
		"LA-DC52C":            "adapter-c",
		"PF19.0W":             "fan",
		"pf19":                "fan",
		"PF-19":               "fan",
		"pf190w":              "fan",
		"ＰＦ１９":                "fan",
		"pf12":                "fan-small",
		"mx400":               "hp-studio",
		"mx 400":              "hp-studio",
		"iphone13":            "phone-case",
		"iphone 13":           "phone-case",
		"128 gb":              "phone",
		"wireless headphones": "hp-wireless",
		"fridge":              "refrigerator",
		"sofa":                "sofa",
		"lens adapter":        "adapter",
		"fan":                 "fan-small", // as good as the other, in a shorter title
	} {
		t.Run(q, func(t *testing.T) {
			page := find(t, x, search.ProductQuery{Q: q, SoldOutInPlace: true})
			require.NotEmpty(t, page.Items)
			require.Equal(t, want, page.Items[0].ID)
			require.False(t, page.Tolerant)
		})
	}
}

// operatorsArePlainText checks that query language operators have no effect.
func operatorsArePlainText(t *testing.T, x search.Index) {
	for q, want := range map[string][]string{
		"headphones -wireless":            {"hp-studio", "hp-wireless"},
		"+headphones +wireless":           {"hp-studio", "hp-wireless"},
		`"wireless" (headphones)`:         {"hp-studio", "hp-wireless"},
		"headphones^9 wireless~":          {},
		"title:headphones":                {},
		"status:draft secret":             {},
		"_exists_":                        {},
		"headphones OR television":        {},
		"headphones && !wireless":         {"hp-studio", "hp-wireless"},
		"/headphones/":                    {"hp-kids", "hp-studio", "hp-wireless"},
		`{"match_all":{}}`:                {},
		"<script>alert(1)</script>":       {},
		"headphones\x00\n\twireless\\":    {"hp-studio", "hp-wireless"},
		"'; DROP TABLE products; --":      {},
		"[* TO *]":                        {},
		"\u202eheadphones\u200b kids":     {"hp-kids"},
		"((((((((headphones kids":         {"hp-kids"},
		strings.Repeat("headphones ", 50): {"hp-kids", "hp-studio", "hp-wireless"},
	} {
		t.Run(q, func(t *testing.T) {
			page := find(t, x, search.ProductQuery{Q: q, SoldOutInPlace: true})
			requireFirst(t, want, page)
		})
	}
}

// toleranceIsTheSecondWay checks that near words are found, that the page says so, and that
// an exact match hides everything else.
func toleranceIsTheSecondWay(t *testing.T, x search.Index) {
	for q, want := range map[string]string{
		"hedphones":           "hp-wireless", // a letter is missing
		"headphonnes":         "hp-wireless", // one too many
		"haedphones":          "hp-wireless", // two swapped
		"headpfomes":          "hp-wireless", // two wrong
		"wireles headfones":   "hp-wireless",
		"refrigeratro":        "refrigerator",
		"televison":           "television",
		"jeens":               "jeans",
		"headph":              "hp-wireless", // the beginning
		"jea":                 "jeans",
		"loud":                "hp-kids", // also of a word of the text
		"ladc5":               "adapter",
		"phones wireless":     "hp-wireless", // a piece from the middle
		"esprezzo cups":       "espresso",
		"无线耳机":                "zh-headphones",
		"sonavo hedphones":    "hp-wireless",
		"cafe esprezzo créme": "espresso",
		"headphones zzzzzzzz": "hp-wireless", // some of the words
	} {
		t.Run(q, func(t *testing.T) {
			page := find(t, x, search.ProductQuery{Q: q})
			require.Contains(t, ids(page), want)
			require.True(t, page.Tolerant)
		})
	}
	for _, q := range []string{"hat", "pf18", "xx", "mx401", "zzzzzzzz", "xx zzzzzzzz"} {
		t.Run("too far: "+q, func(t *testing.T) {
			page := find(t, x, search.ProductQuery{Q: q})
			require.Empty(t, page.Items)
			require.False(t, page.Tolerant, "nothing was found, so nothing tolerantly")
			require.Zero(t, page.Total)
			require.Empty(t, page.NextCursor)
		})
	}
	t.Run("not beside an exact match", func(t *testing.T) {
		// The brand Casely begins with it, and Café is one letter off.
		require.ElementsMatch(t, []string{"hp-wireless", "phone-case"}, ids(find(t, x, search.ProductQuery{Q: "case"})))
	})
}

// anyTextIsAnswered checks that every text gets an answer.
func anyTextIsAnswered(t *testing.T, x search.Index) {
	for _, q := range []string{
		strings.Repeat("x", search.MaxQueryChars),
		strings.Repeat("界", search.MaxQueryChars),
		strings.Repeat("a b ", search.MaxQueryChars/4),
		strings.Repeat("(", search.MaxQueryChars),
		strings.Repeat("-a", search.MaxQueryChars/2),
		strings.Repeat("é", search.MaxQueryChars),
		"\u0301\u0301", "\U0001F600 \U0001F3A7", "\ufeff", "ß", "İ", "ﷺ", "½", "a'b'c''", "''", "-", "…", "\x7f\x00",
	} {
		if strings.ContainsFunc(q, unicode.IsLetter) || strings.ContainsFunc(q, unicode.IsNumber) {
			find(t, x, search.ProductQuery{Q: q})
		} else {
			_, err := x.SearchProducts(t.Context(), search.ProductQuery{Q: q})
			requireInvalid(t, err, "q")
		}
		list(t, x, search.OrderQuery{Q: q})
		_, err := x.Suggest(t.Context(), search.SuggestQuery{Q: q})
		require.NoError(t, err, "%q", q)
	}
	require.Empty(t, list(t, x, search.OrderQuery{Q: "…"}).Items)
	require.Len(t, find(t, x, search.ProductQuery{Q: " \t\n", Limit: new(100)}).Items, shown(), "blanks alone are no query")
}

// shown is how many of the goods are listed.
func shown() int {
	n := 0
	for _, p := range goods() {
		if p.Status == "listed" {
			n++
		}
	}
	return n
}
