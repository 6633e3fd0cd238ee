package search_test

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/search"
)

func TestSynonyms(t *testing.T) {
	got, err := search.ParseSynonyms(strings.NewReader("\ufeff# Möbel\r\n\nsofa,  couch ,settee # and so on\r\n" +
		"tv,  telly  =>  television\ncell   phone, smartphone\n  \t\n耳机, 头戴式耳机"))
	require.NoError(t, err)
	equal := func(phrases ...string) search.SynonymRule { return search.SynonymRule{From: phrases, To: phrases} }
	require.Equal(t, search.Synonyms{
		equal("sofa", "couch", "settee"),
		{From: []string{"tv", "telly"}, To: []string{"television"}},
		equal("cell phone", "smartphone"),
		equal("耳机", "头戴式耳机"),
	}, got)
	none, err := search.ParseSynonyms(strings.NewReader("# nothing yet\n"))
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestBadSynonymsNameTheirLine(t *testing.T) {
	for line, reason := range map[string]string{
		"sofa":                       "two phrases",
		"sofa,":                      "empty phrase",
		", sofa":                     "empty phrase",
		"sofa,,couch":                "empty phrase",
		"=> sofa":                    "empty phrase",
		"sofa =>":                    "empty phrase",
		"a => b => c":                "more than one",
		"sofa, \xff":                 "UTF-8",
		strings.Repeat("x, ", 9_000): "longer",
	} {
		_, err := search.ParseSynonyms(strings.NewReader("a, b\n" + line + "\nc, d"))
		var bad *search.SynonymError
		require.ErrorAs(t, err, &bad, line)
		require.Equal(t, 2, bad.Line)
		require.ErrorContains(t, err, reason)
		require.ErrorContains(t, err, "line 2")
	}
	broken := errors.New("disk")
	_, err := search.ParseSynonyms(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
}

func TestSynonymsAreReadAsTheyAreWritten(t *testing.T) {
	phrase := rapid.StringMatching(`[a-zé耳0-9-]{1,5}( [a-z]{1,4})?`)
	rapid.Check(t, func(t *rapid.T) {
		rule := search.SynonymRule{From: rapid.SliceOfN(phrase, 1, 4).Draw(t, "from"), To: rapid.SliceOfN(phrase, 1, 4).Draw(t, "to")}
		if rapid.Bool().Draw(t, "equal") && len(rule.From) > 1 {
			rule.To = rule.From
		}
		got, err := search.ParseSynonyms(strings.NewReader(rule.String()))
		require.NoError(t, err)
		require.Equal(t, search.Synonyms{rule}, got)
	})
}

func FuzzSynonyms(f *testing.F) {
	for _, s := range []string{"a, b", "a => b, c", "# x", "\xff", "a,,b", "=>", "\ufeffa, b\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, file string) {
		rules, err := search.ParseSynonyms(strings.NewReader(file))
		if err != nil {
			var bad *search.SynonymError
			require.ErrorAs(t, err, &bad)
			require.Positive(t, bad.Line)
			return
		}
		for _, r := range rules {
			require.NotEmpty(t, r.From)
			require.NotEmpty(t, r.To)
			again, err := search.ParseSynonyms(strings.NewReader(r.String()))
			require.NoError(t, err)
			require.Equal(t, search.Synonyms{r}, again)
		}
	})
}
