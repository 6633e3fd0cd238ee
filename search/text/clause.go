package text

import "slices"

// How well a term matches what was typed; multiplied by the weight of its field, that is a
// product's score. Whole numbers of this size add up exactly in any order, so a score is
// the same on every page.
const (
	AsTyped  = 8.0 // the word itself
	AsPieces = 6.0 // iphone13 for a text with iPhone 13
	AsMeant  = 6.0 // a synonym
	AsPart   = 4.0 // the word within another, only in a tolerant search
	AsTypo   = 2.0 // a word that nearly equals this one, only in a tolerant search
)

// How much a word counts, by its field.
const (
	InHead   = 10.0 // the word of the title that names the thing
	InTitle  = 8.0
	InBrand  = 5.0
	InLabels = 3.0 // category and tags
	InText   = 1.0 // description and attributes
)

// Answered is what a clause counts for being matched at all, if not all are required: more
// than the best matches of all clauses of a query add up to, so that products that match
// more of them rank first.
const Answered = 4096.0

// Clause is what one unit of a query requires of a product: one of its phrases.
type Clause struct {
	Either []Phrase
	// Word that was typed, if it may be matched tolerantly.
	Word *Word
	// apart are the words of a typed phrase that a synonym rule matched, one by one; last
	// are the words that name the thing in synonyms of several words. See Match.Of.
	apart []Clause
	last  []Phrase
}

// Phrase is terms that must all be there, and how well they match.
type Phrase struct {
	Terms   []Term
	Answers float64
}

// Clauses converts what was typed to what a product must have: something of each clause. No
// clause for a non-empty text means that it contained no letter and no digit.
func Clauses(q string, same Thesaurus) []Clause {
	var found, idle []Clause
	typed := words(q)
	for i := 0; i < len(typed); {
		if c, n := same.match(typed[i:]); n > 0 {
			found = append(found, c)
			i += n
			continue
		}
		if c, says := same.alone(typed[i]); says {
			found = append(found, c)
		} else {
			idle = append(idle, c)
		}
		i++
	}
	if len(found) == 0 {
		return idle
	}
	return found
}

func plainClause(w Word) Clause {
	c := Clause{Word: &w}
	for i, way := range w.ways {
		answers := AsTyped
		if i > 0 {
			answers = AsPieces
		}
		c.Either = append(c.Either, Phrase{way, answers})
	}
	return c
}

// allow returns a function that reports whether a token of a document is what the clauses
// found.
func allow(list []Clause, tolerant bool) func(token) bool {
	exact := map[string]bool{}
	var first [256]bool // bytes with which a word must begin: no stem changes them
	var near []Nearness
	for _, c := range list {
		for _, p := range c.Either {
			for _, t := range p.Terms {
				exact[t.Stem], first[t.Stem[0]] = true, true
			}
		}
		if tolerant && c.Word != nil {
			near = append(near, c.Word.Nearness())
		}
	}
	return func(t token) bool {
		return first[t.folded[0]] && exact[stem(t.folded)] || t.word != "" && slices.ContainsFunc(near, func(n Nearness) bool { return n.has(t.word) })
	}
}
