package elastic_test

import (
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"holdfast/search/elastic"
	"holdfast/search/text"
)

// TestBothCutAlike: whatever Go searches for when a text is typed, Elasticsearch indexes of
// that text.
func TestBothCutAlike(t *testing.T) {
	x := open(t, elastic.Options{})
	texts := []string{
		"Wireless Noise-Cancelling Headphones, generously & organically running", "LA-DC52C PF19.0W MX_400 128GB iPhone13", "Women’s Kids' O'Neil rock'n'roll",
		"Café CRÈME Ærø Straße Đorđe Łódź İstanbul ŒUVRE þing", "e\u0301te\u0301 nai\u0308ve", "ＰＦ１９ ﾍｯﾄﾞﾎﾝ ワイヤレスヘッドホン", "无线降噪耳机 常滑焼の急須 西湖龙井绿茶", "한국어 텍스트",
		"Ωμέγα Άλφα ёлка Йод Київ", "耳机ABC-123テレビ", "a-b-c-d-e-f 1/2/3 x+y 10.5.2024", "𠮷野家 𠮷", "C++ .NET node.js -dash- _under_", "ǅ ﬁne ﬀ ② x² ª º µ",
		"עברית العربية ไทย हिन्दी", "1st 2nd 3rd 4K 8x8", "skies skis evening inning proceed exceed news dying lying",
	}
	for _, s := range texts {
		indexed, err := elastic.Terms(t.Context(), x, "words", s)
		require.NoError(t, err)
		starts, err := elastic.Terms(t.Context(), x, "starts", s)
		require.NoError(t, err)
		for _, c := range text.Clauses(s, text.Thesaurus{}) {
			for _, way := range c.Either {
				for _, term := range way.Terms {
					typed, err := elastic.Terms(t.Context(), x, "typed", term.Text)
					require.NoError(t, err)
					require.Subset(t, indexed, typed, "%q of %q", term.Text, s)
				}
			}
		}
		for _, w := range text.NewTyped(s + " x").Whole {
			require.Contains(t, starts, w, "of %q", s)
		}
	}
}

// TestBothFoldAlike covers every letter of the scripts that are written with accents.
func TestBothFoldAlike(t *testing.T) {
	x := open(t, elastic.Options{})
	var letters []rune
	for _, of := range [][2]rune{{'A', 0x24F}, {0x370, 0x52F}, {0x1E00, 0x1FFF}, {0x3041, 0x3096}, {0x30A1, 0x30FA}} {
		for r := of[0]; r <= of[1]; r++ {
			if unicode.IsLetter(r) && r != 'ŉ' { // one letter to us, an n behind an apostrophe to Elasticsearch
				letters = append(letters, r, ' ')
			}
		}
	}
	indexed, err := elastic.Terms(t.Context(), x, "starts", string(letters))
	require.NoError(t, err)
	for _, r := range letters {
		if typed := text.NewTyped(string(r)).Begin; r != ' ' {
			again, err := elastic.Terms(t.Context(), x, "starts", typed)
			require.NoError(t, err)
			require.Subset(t, indexed, again, "%q", r)
		}
	}
}
