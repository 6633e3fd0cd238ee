package text_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search/text"
)

func TestHeadNamesTheThing(t *testing.T) {
	for title, want := range map[string]string{
		"Mouse":                             "Mouse",
		"Wireless Mouse MX-400, black":      "Mouse",
		"Case for iPhone 13":                "Case",
		"Phone and Tablet Stand - Foldable": "Stand",
		"Lamp - ELPLP22":                    "Lamp",
		"LA-DC52 Lens Adapter":              "Adapter",
		"USB Hub (4 ports)":                 "Hub",
		"Noise-Cancelling Headphones":       "Headphones",
		"T-Shirt":                           "T-Shirt",
		"For Sale":                          "Sale",
		"(Refurbished) Laptop":              "Laptop",
		"SM-T720N":                          "",
		"128 GB":                            "GB",
		"无线降噪耳机":                            "无线降噪耳机",
		"…":                                 "",
		"":                                  "",
	} {
		require.Equal(t, want, text.Head(title), title)
	}
}

func TestWays(t *testing.T) {
	for _, c := range []struct {
		matching int64
		clauses  int
		want     text.Match
		least    int
	}{
		{0, 0, text.MatchAllWords, 0},
		{0, 1, text.MatchNearWords, 1},
		{0, 2, text.MatchNearWords, 1},
		{0, 3, text.MatchNearWords, 1},
		{0, 4, text.MatchNearWords, 2},
		{1, 1, text.MatchAllWords, 1},
		{1, 2, text.MatchSomeWords, 1},
		{19, 3, text.MatchSomeWords, 2},
		{20, 3, text.MatchAllWords, 3},
		{100, 2, text.MatchAllWords, 2},
	} {
		way := text.MatchFor(c.matching, make([]text.Clause, c.clauses))
		require.Equal(t, c.want, way, "%+v", c)
		require.Equal(t, c.least, way.Least(c.clauses), "%+v", c)
		again, known := text.ParseMatch(string(way))
		require.True(t, known)
		require.Equal(t, way, again)
	}
	_, known := text.ParseMatch("near")
	require.False(t, known)
}
