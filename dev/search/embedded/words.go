package embedded

import (
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/search"
)

// How well a term answers for what was typed; times the weight of the field where
// it stands, that is a product's score. Whole numbers of this size add up exactly
// in any order, so a score is the same on every page.
const (
	asTyped  = 8.0 // the word itself
	asPieces = 6.0 // iphone13 where it says iPhone 13
	asMeant  = 6.0 // a synonym
	asPart   = 4.0 // the word within another, tolerant search only
	asTypo   = 2.0 // a word that is nearly this one, tolerant search only
)

// word is one unit of what was typed.
type word struct {
	// typed as it is compared, before stemming and with a model number's separators.
	typed string
	// ways to find it, the best first; of one way, every term has to be there.
	ways [][]string
	// cjk is a pair of characters, or a single one: it is not bent. apart are the
	// characters of a pair.
	cjk   bool
	apart []string
}

// words cuts what was typed into the units that all have to be found.
func words(q string) []word {
	var all []word
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

func cjkWords(c compound) []word {
	single := characters(c)
	if len(single) == 1 {
		return []word{{typed: single[0].term, ways: [][]string{{single[0].term}}, cjk: true}}
	}
	var all []word
	for i := 1; i < len(single); i++ {
		a, b := single[i-1].term, single[i].term
		all = append(all, word{typed: a + b, ways: [][]string{{a + b}}, cjk: true, apart: []string{a, b}})
	}
	return all
}

func plainWord(q string, c compound) word {
	w := word{typed: fold(q[c.start:c.end])}
	if len(c.parts) == 1 {
		folded := fold(c.parts[0].text)
		w.ways = ways([]string{stem(folded)}, stems(kinds(folded)))
		return w
	}
	var parts []string
	for _, p := range c.parts {
		parts = append(parts, stem(fold(p.text)))
	}
	w.ways = ways([]string{c.joined()}, parts)
	return w
}

func stems(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = stem(s)
	}
	return out
}

// ways leaves out those that ask for nothing: a stray accent folds to none.
func ways(all ...[]string) [][]string {
	return slices.DeleteFunc(all, func(way []string) bool { return len(way) == 0 || slices.Contains(way, "") })
}

// stopWord tells the words that say nothing about a product: they are looked for
// only where nothing else was typed.
func stopWord(w word) bool {
	switch w.typed {
	case "a", "an", "and", "as", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "with":
		return true
	}
	return false
}

// bends is how many letters of a word may be wrong in a tolerant search.
func (w word) bends() int {
	if w.cjk || strings.ContainsAny(w.typed, "0123456789") {
		return 0
	}
	switch n := utf8.RuneCountInString(w.typed); {
	case n > maxPart:
		return 0
	case n >= 8:
		return 2
	case n >= 4:
		return 1
	}
	return 0
}
