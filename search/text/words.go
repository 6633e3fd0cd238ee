package text

import (
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/search"
)

// Term is one thing to look for.
type Term struct {
	// Text is folded: the input of a search server's own analysis.
	Text string
	// Stem is what its forms have in common.
	Stem string
}

func newTerm(folded string) Term { return Term{Text: folded, Stem: stem(folded)} }

// Word is one unit of what was typed.
type Word struct {
	// Typed as it is compared, before stemming and with a model number's separators.
	Typed string
	// ways to find it, the best first; within one way, every term must match.
	ways [][]Term
	// cjk means a pair of characters, or a single one, for which typos are not allowed.
	// apart are the characters of a pair.
	cjk   bool
	apart []Term
}

// words splits what was typed into units that must all be found.
func words(q string) []Word {
	var all []Word
	for _, c := range compounds(q) {
		if c.cjk {
			all = append(all, cjkWords(c)...)
		} else if w := plainWord(q, c); len(w.ways) > 0 {
			all = append(all, w)
		}
		if len(all) >= search.MaxQueryWords {
			return all[:search.MaxQueryWords]
		}
	}
	return all
}

func cjkWords(c compound) []Word {
	single := characters(c)
	if len(single) == 1 {
		return []Word{cjkWord(single[0].folded)}
	}
	var all []Word
	for i := 1; i < len(single); i++ {
		a, b := single[i-1].folded, single[i].folded
		w := cjkWord(a + b)
		w.apart = []Term{newTerm(a), newTerm(b)}
		all = append(all, w)
	}
	return all
}

func cjkWord(s string) Word { return Word{Typed: s, ways: [][]Term{{newTerm(s)}}, cjk: true} }

func plainWord(q string, c compound) Word {
	w := Word{Typed: Fold(q[c.start:c.end])}
	parts := make([]string, len(c.parts))
	for i, p := range c.parts {
		parts[i] = Fold(p.text)
	}
	if len(parts) == 1 {
		w.ways = ways(parts, kinds(parts[0]))
	} else {
		w.ways = ways([]string{strings.Join(parts, "")}, parts)
	}
	return w
}

// ways drops ways without terms: a stray accent folds to nothing.
func ways(all ...[]string) [][]Term {
	var kept [][]Term
	for _, way := range all {
		if len(way) == 0 || slices.Contains(way, "") {
			continue
		}
		terms := make([]Term, len(way))
		for i, s := range way {
			terms[i] = newTerm(s)
		}
		kept = append(kept, terms)
	}
	return kept
}

// stopWord reports whether a word says nothing about a product: such words are searched
// only if nothing else was typed.
func (w Word) stopWord() bool {
	switch w.Typed {
	case "a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "with":
		return true
	}
	return false
}

// bends is how many letters of a word may be wrong in a tolerant search.
func (w Word) bends() int {
	if w.cjk || strings.ContainsAny(w.Typed, "0123456789") {
		return 0
	}
	switch n := utf8.RuneCountInString(w.Typed); {
	case n > maxPart:
		return 0
	case n >= 8:
		return 2
	case n >= 4:
		return 1
	}
	return 0
}
