package text

import (
	"slices"

	"holdfast/search"
)

// Match is how the words of a query are taken. A cursor names it, so that all pages
// go the way of the first one.
type Match string

const (
	// MatchAllWords have to be there.
	MatchAllWords Match = "exact"
	// MatchSomeWords are enough: half of them.
	MatchSomeWords Match = "some"
	// MatchNearWords may stand for them, and some are enough.
	MatchNearWords Match = "tolerant"
)

// WayOf reads the way that a cursor names.
func WayOf(s string) (Match, bool) {
	w := Match(s)
	return w, w == MatchAllWords || w == MatchSomeWords || w == MatchNearWords
}

// WayAfter is the way to go where so many products have all of a query's clauses,
// by all filters but those of facets: a choice in a facet changes no way.
func WayAfter(matching int64, all []Clause) Match {
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

// Of turns a query's clauses into those that are asked on this way. Where some are
// enough, a typed phrase that has synonyms is asked word by word, so that it finds what
// its words find, and each of them is answered by the whole phrase as well. Where a
// word may be stood for, the last word of a synonym does so: it names the thing.
//
// Those beside need no answer. They put who has a phrase before who has its words.
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

// Least is how many of the asked clauses a product has to answer: where none answers
// all of them, the smaller half.
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
