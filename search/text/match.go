package text

import (
	"slices"

	"holdfast/search"
)

// Match is how the words of a query are matched. A cursor contains it, so that all pages
// match like the first one.
type Match string

const (
	// MatchAllWords requires all words.
	MatchAllWords Match = "exact"
	// MatchSomeWords requires half of the words.
	MatchSomeWords Match = "some"
	// MatchNearWords also accepts near matches, and requires half of the words.
	MatchNearWords Match = "tolerant"
)

// ParseMatch parses the match that a cursor contains.
func ParseMatch(s string) (Match, bool) {
	w := Match(s)
	return w, w == MatchAllWords || w == MatchSomeWords || w == MatchNearWords
}

// MatchFor is the match to use if this many products match all of a query's clauses with
// all filters except those of facets: choosing a facet value never changes it.
func MatchFor(matching int64, all []Clause) Match {
	words, _ := MatchSomeWords.Of(all)
	switch {
	case len(all) == 0:
		return MatchAllWords
	case matching == 0:
		return MatchNearWords
	case len(words) > 1 && matching < search.EnoughProducts:
		return MatchSomeWords
	}
	return MatchAllWords
}

// Of returns the clauses that this match requires. If some are enough, a typed phrase that
// has synonyms is required word by word, so that it finds what its words find, and the
// whole phrase also answers each of them. If near matches are accepted, the last word of a
// synonym is one: it names the thing.
//
// Those beside are optional. They rank products with a phrase before products with its
// words.
func (w Match) Of(all []Clause) (asked, beside []Clause) {
	if w == MatchAllWords {
		return all, nil
	}
	for _, c := range all {
		if len(c.apart) == 0 {
			asked = append(asked, w.widened(c))
			continue
		}
		for _, one := range c.apart {
			asked = append(asked, w.widened(one))
		}
		beside = append(beside, Clause{Either: c.Either})
	}
	return asked, beside
}

func (w Match) widened(c Clause) Clause {
	if w == MatchNearWords {
		c.Either = slices.Concat(c.Either, c.last)
	}
	return c
}

// Least is how many of the clauses a product must match: if none matches all of them, the
// smaller half.
func (w Match) Least(asked int) int {
	switch w {
	case MatchAllWords:
		return asked
	case MatchSomeWords:
		return (asked + 1) / 2
	case MatchNearWords:
	}
	return max(1, asked/2)
}
