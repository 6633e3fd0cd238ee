package text

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/search"
)

// answered counts the clauses that a text matches.
func answered(list []Clause, text string, near bool) int {
	stems, starts := Stems(text), Starts(text)
	has := func(p Phrase) bool {
		return !slices.ContainsFunc(p.Terms, func(t Term) bool { return !slices.Contains(stems, t.Stem) })
	}
	n := 0
	for _, c := range list {
		if slices.ContainsFunc(c.Either, has) || near && c.Word != nil && slices.ContainsFunc(starts, c.Word.Nearness().has) {
			n++
		}
	}
	return n
}

func finds(w Match, all []Clause, text string) bool {
	asked, _ := w.Of(all)
	return answered(asked, text, w == MatchNearWords) >= w.Least(len(asked))
}

// score is what a text is ranked by, if some words are enough.
func score(all []Clause, text string) int {
	asked, beside := MatchSomeWords.Of(all)
	return answered(asked, text, false) + answered(beside, text, false)
}

// phrases of few words, some of which begin another.
func phrases(atLeast int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"smart", "watch", "smartwatch", "band", "phone", "phones", "la-5", "of"}), atLeast, 5).Draw(t, "words")
		return joined(append(words, "red"))
	})
}

func joined(words []string) string {
	all := ""
	for _, w := range words {
		all += w + " "
	}
	return all
}

// TestAPhraseFindsNoLessThanItsWords: whatever rules there are for phrases of several
// words, texts with everything that is asked for rank first.
func TestAPhraseFindsNoLessThanItsWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rules search.Synonyms
		for range rapid.IntRange(1, 4).Draw(t, "rules") {
			from := rapid.SliceOfN(phrases(1), 1, 3).Draw(t, "from")
			to := rapid.SliceOfN(phrases(0), 1, 3).Draw(t, "to")
			if rapid.Bool().Draw(t, "equal") {
				to = append(to, from...)
			}
			rules = append(rules, search.SynonymRule{From: from, To: to})
		}
		ofOneWord := search.SynonymRule{From: []string{"watch"}, To: []string{"smartwatch", "wrist band"}}
		q := phrases(0).Draw(t, "q") + phrases(0).Draw(t, "and")
		with := Clauses(q, NewThesaurus(append(rules, ofOneWord)))
		apart := Clauses(q, NewThesaurus(search.Synonyms{ofOneWord}))
		texts := rapid.SliceOfN(phrases(0), 2, 8).Draw(t, "texts")
		for _, w := range []Match{MatchSomeWords, MatchNearWords} {
			for _, text := range texts {
				require.True(t, !finds(w, apart, text) || finds(w, with, text), "%s: %q finds %q", w, q, text)
			}
		}
		for _, a := range texts {
			for _, b := range texts {
				if finds(MatchAllWords, with, a) && !finds(MatchAllWords, with, b) {
					require.Greater(t, score(with, a), score(with, b), "%q: %q before %q", q, a, b)
				}
			}
		}
	})
}

func TestPhrasesWithSynonyms(t *testing.T) {
	same := NewThesaurus(search.Synonyms{
		{From: []string{"smartwatch", "smart watch"}, To: []string{"smartwatch", "smart watch"}},
		{From: []string{"smartphone"}, To: []string{"smartphone", "mobile phone", "power to"}},
		{From: []string{"hand torch"}, To: []string{"flashlight"}},
		{From: []string{"to the"}, To: []string{"towards"}},
	})
	for _, c := range []struct {
		q, text          string
		all, some, close bool
	}{
		{"smart watch", "smartwatch", true, true, true},
		{"smart watch", "watch, smart", true, true, true},
		{"smart watch", "smart plug", false, true, true},
		{"smart watch", "watch", false, true, true},
		{"smartwatch", "watch", false, false, true},
		{"smartwatch", "smart", false, false, false},
		{"smartphone", "phone 7", false, false, true},
		{"smartphone", "mobile stand", false, false, false},
		{"smartphone", "going to", false, false, false},
		{"hand torch", "hand torch", false, true, true},
		{"hand torch", "flashlight", true, true, true},
		{"to the", "towards", true, true, true},
		{"to the", "to the", false, false, false},
	} {
		list := Clauses(c.q, same)
		require.Equal(t, c.all, finds(MatchAllWords, list, c.text), "%+v", c)
		require.Equal(t, c.some, finds(MatchSomeWords, list, c.text), "%+v", c)
		require.Equal(t, c.close, finds(MatchNearWords, list, c.text), "%+v", c)
	}
	torch := Clauses("hand torch", same)
	require.Greater(t, score(torch, "flashlight"), score(torch, "hand torch"))
	require.Equal(t, MatchSomeWords, MatchFor(1, Clauses("smart watch", same)), "two words were typed")
	require.Equal(t, MatchAllWords, MatchFor(1, Clauses("smartwatch", same)))
}

// TestStandInsCountLess: the last word of a synonym counts less than the synonym.
func TestStandInsCountLess(t *testing.T) {
	same := NewThesaurus(search.Synonyms{{From: []string{"smartphone"}, To: []string{"smartphone", "mobile phone"}}})
	asked, beside := MatchNearWords.Of(Clauses("smartphone", same))
	require.Empty(t, beside)
	require.Len(t, asked, 1)
	got := map[string]float64{}
	for _, p := range asked[0].Either {
		words := make([]string, len(p.Terms))
		for i, t := range p.Terms {
			words[i] = t.Text
		}
		got[joined(words)] = p.Answers
	}
	require.Equal(t, map[string]float64{"smartphone ": AsTyped, "mobile phone ": AsMeant, "phone ": AsPart}, got)
	require.Len(t, Clauses("smartphone", same)[0].Either, 2, "another search goes on without it")
}
