package text

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/search"
)

func TestTerms(t *testing.T) {
	for text, want := range map[string][]string{
		"":                      {},
		"…!? -":                 {},
		"Running shoes":         {"run", "shoe"},
		"LA-DC52":               {"la", "dc52", "dc", "52", "ladc52"},
		"PF19.0W":               {"pf19", "pf", "19", "0w", "0", "w", "pf190w"},
		"T-Shirt":               {"t", "shirt", "tshirt"},
		"Women's":               {"women"},
		"Levi’s":                {"levi"},
		"rock'n'roll":           {"rocknrol"},
		"Café":                  {"cafe"},
		"Cafe\u0301":            {"cafe"},
		"Straße":                {"strass"},
		"ＰＦ１９":                  {"pf19", "pf", "19"},
		"3 ½":                   {"3", "1⁄2", "1", "⁄", "2"},
		"耳机":                    {"耳", "机", "耳机"},
		"茶":                     {"茶"},
		"iPhone手机":              {"iphon", "手", "机", "手机"},
		"ｶﾞﾗｽ":                  {"ガ", "ラ", "ス", "ガラ", "ラス"},
		"a--b":                  {"a", "b"},
		"-a-":                   {"a"},
		"-":                     {},
		"\xffa\xff":             {"a"},
		strings.Repeat("x", 65): {},
	} {
		require.Equal(t, want, Stems(text), text)
	}
}

func TestStarts(t *testing.T) {
	require.Equal(t, []string{"running", "shoes", "la", "dc52", "ladc52", "耳", "机", "耳机"},
		Starts("Running Shoes", "LA-DC52, "+strings.Repeat("x", 65), "耳机"))
}

func TestTokensLieInTheirText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z0-9 '’./_耳机ｶﾞー\x{301}é-]{0,30}`)).Draw(t, "text")
		checkTokens(t, text)
	})
}

func checkTokens(t require.TestingT, text string) {
	for _, tok := range tokens(text) {
		require.True(t, 0 <= tok.start && tok.start < tok.end && tok.end <= len(text), "%q %+v", text, tok)
		require.NotEmpty(t, tok.folded)
		require.LessOrEqual(t, len(tok.folded), maxTermBytes)
		require.True(t, utf8.ValidString(tok.folded), "%q %+v", text, tok)
	}
}

// TestWhatStandsThereIsFound: a word of a text, typed as it is written, is among the terms
// that the text is found by.
func TestWhatStandsThereIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`([a-zA-Zé]{1,9}|[A-Z]{2}[-.][0-9]{1,3}[A-Z]?|[耳机茶绿]{1,4})( ([a-z]{1,9}|[0-9]{1,3}[a-z]))?`).Draw(t, "text")
		have := map[string]bool{}
		for _, term := range Stems(text) {
			have[term] = true
		}
		for _, w := range words(text) {
			for _, way := range w.ways {
				for _, term := range way {
					require.True(t, have[term.Stem], "%q has no %q", text, term)
				}
			}
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"LA-DC52", "women's", "耳机", "ｶﾞ", "a\xffb", "\u0301", "ﷺ", "½", "İ", "-", "a-"} {
		f.Add(s)
	}
	same := NewThesaurus(search.Synonyms{{From: []string{"a", "la dc52", "耳机"}, To: []string{"b-1", "耳机"}}})
	f.Fuzz(func(t *testing.T, text string) {
		checkTokens(t, text)
		require.LessOrEqual(t, len(words(text)), search.MaxQueryWords)
		for _, c := range Clauses(text, same) {
			require.NotEmpty(t, c.Either)
			for _, p := range c.Either {
				require.NotEmpty(t, p.Terms)
				require.NotContains(t, p.Terms, Term{})
			}
		}
		NewTyped(text)
		marks := NewHighlighter(Clauses(text, same), true)
		if utf8.ValidString(text) {
			for _, pieces := range marks.Product(search.Product{Title: text, Description: strings.Repeat(text+" ", 9)}) {
				for _, p := range pieces {
					require.True(t, utf8.ValidString(p), "%q", p)
				}
			}
		}
	})
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"sofa", "sofa", 0},
		{"sofa", "sofas", 1},
		{"sofa", "soa", 1},
		{"sofa", "sosa", 1},
		{"sofa", "osfa", 1},
		{"sofa", "", 3},
		{"café", "cafe", 1},
		{"television", "telivizion", 2},
		{"abcdef", "badcfe", 3},
	} {
		require.Equal(t, c.want, distance(c.a, c.b, 2), "%s %s", c.a, c.b)
		require.Equal(t, c.want, distance(c.b, c.a, 2), "%s %s", c.b, c.a)
	}
}

func TestOneTypoIsOneAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := []rune(rapid.StringMatching(`[a-zé]{4,12}`).Draw(t, "word"))
		at := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "at"), 0)).IntN(len(word) - 1)
		bent := append([]rune{}, word...)
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			bent[at] = 'x'
		case 1:
			bent = append(bent[:at], bent[at+1:]...)
		case 2:
			bent = append(bent[:at], append([]rune{'x'}, word[at:]...)...)
		case 3:
			bent[at], bent[at+1] = bent[at+1], bent[at]
		}
		require.LessOrEqual(t, distance(string(word), string(bent), 1), 1)
	})
}

func TestPiecesOfALongText(t *testing.T) {
	long := strings.Repeat("filler words ", 40) + "the lamp & more " + strings.Repeat("filler words ", 40) + "lamps" +
		strings.Repeat(" end", 100) + " lamp"
	got := NewHighlighter(Clauses("lamp", Thesaurus{}), false).Product(search.Product{Title: "Vase", Description: long})
	require.NotContains(t, got, "title")
	require.Len(t, got["description"], maxPieces)
	require.Contains(t, got["description"][0], "the <em>lamp</em> &amp; more filler")
	require.Contains(t, got["description"][1], "words <em>lamps</em> end")
	for _, p := range got["description"] {
		require.Less(t, len(p), 220)
		require.Regexp(t, `^(filler|words|the) .* (words|filler|end)$`, p, "whole words")
	}
}

// TestAStemBeginsAsItsWord: highlighting relies on that.
func TestAStemBeginsAsItsWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{1,9}(|ing|ed|ly|ies|s|ness|ation)`).Draw(t, "word")
		require.Equal(t, word[0], stem(word)[0], word)
	})
	for _, word := range []string{"skis", "skies", "dying", "lying", "tying", "idly", "gently", "ugly", "early", "only", "singly", "y", "yes"} {
		require.Equal(t, word[0], stem(word)[0], word)
	}
}
