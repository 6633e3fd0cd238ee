package text

import "holdfast/search"

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
func WayAfter(matching int64, clauses int) Way {
	switch {
	case clauses == 0:
		return AllWords
	case matching == 0:
		return NearWords
	case clauses > 1 && matching < search.EnoughProducts:
		return SomeWords
	}
	return AllWords
}

// Least is how many of the clauses a product has to answer: where none answers all
// of them, the smaller half.
func (w Way) Least(clauses int) int {
	switch w {
	case AllWords:
		return clauses
	case SomeWords:
		return (clauses + 1) / 2
	case NearWords:
	}
	return max(1, clauses/2)
}
