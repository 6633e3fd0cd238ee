package text

import "slices"

// How well a term answers for what was typed; times the weight of the field where
// it stands, that is a product's score. Whole numbers of this size add up exactly
// in any order, so a score is the same on every page.
const (
	AsTyped  = 8.0 // the word itself
	AsPieces = 6.0 // iphone13 where it says iPhone 13
	AsMeant  = 6.0 // a synonym
	AsPart   = 4.0 // the word within another, tolerant search only
	AsTypo   = 2.0 // a word that is nearly this one, tolerant search only
)

// How much a word counts by where it stands.
const (
	InHead   = 10.0 // the word of the title that names the thing
	InTitle  = 8.0
	InBrand  = 5.0
	InLabels = 3.0 // category and tags
	InText   = 1.0 // description and attributes
)

// Answered is what a clause counts by being answered at all, where some are enough:
// more than all that the best answers to all clauses of a query add up to, so that
// who answers more of them comes first.
const Answered = 4096.0

// Clause is what one unit of a query asks of a product: one of its phrases.
type Clause struct {
	Either []Phrase
	// Word that was typed, where it may be taken tolerantly.
	Word *Word
	// apart are the words of a typed phrase that a synonym rule matched, one by one; last
	// are the words that name the thing in synonyms of several words. See Way.Of.
	apart []Clause
	last  []Phrase
}

// Phrase is terms that all have to be there, and how well they answer.
type Phrase struct {
	Terms   []Term
	Answers float64
}

// Clauses turns what was typed into what a product has to have: of each clause
// something. None, although something was typed, means that it had no letter and no
// digit.
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

// allow tells for each token of a document whether it is what the clauses found.
func allow(list []Clause, tolerant bool) func(token) bool {
	exact := map[string]bool{}
	var first [256]bool // bytes that a word must begin with: no stem changes that one
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
