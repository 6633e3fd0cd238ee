package text

import (
	"slices"

	"holdfast/search"
)

// Way is how the words of a query are taken. A cursor names it, so that all pages
// go the way of the first one.
type Way string

const (
	// AllWords have to be there.
	AllWords Way = "exact"
	// SomeWords are enough: half of them.
	SomeWords Way = "some"
	// NearWords may stand for them, and some are enough.
	NearWords Way = "tolerant"
)

// WayOf reads the way that a cursor names.
func WayOf(s string) (Way, bool) {
	w := Way(s)
	return w, w == AllWords || w == SomeWords || w == NearWords
}

// WayAfter is the way to go where so many products have all of a query's clauses,
// by all filters but those of facets: a choice in a facet changes no way.
func WayAfter(matching int64, all []Clause) Way {
	words, _ := SomeWords.Of(all)
	switch {
	case len(all) == 0:
		return AllWords
	case matching == 0:
		return NearWords
	case len(words) > 1 && matching < search.EnoughProducts:
		return SomeWords
	}
	return AllWords
}

// Of turns a query's clauses into those that are asked on this way. Where some are
// enough, a typed phrase that has synonyms is asked word by word, so that it finds what
// its words find, and each of them is answered by the whole phrase as well. Where a
// word may be stood for, the last word of a synonym does so: it names the thing.
//
// Those beside need no answer. They put who has a phrase before who has its words.
func (w Way) Of(all []Clause) (asked, beside []Clause) {
	if w == AllWords {
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

func (w Way) widened(c Clause) Clause {
	if w == NearWords {
		c.Either = slices.Concat(c.Either, c.last)
	}
	return c
}

// Least is how many of the asked clauses a product has to answer: where none answers
// all of them, the smaller half.
func (w Way) Least(asked int) int {
	switch w {
	case AllWords:
		return asked
	case SomeWords:
		return (asked + 1) / 2
	case NearWords:
	}
	return max(1, asked/2)
}
