package text

import (
	"slices"

	"holdfast/search"
)

// Thesaurus is a merchant's synonyms, split into words like a query. It applies only to
// queries, so a changed file needs no new index. Its zero value has no synonyms.
type Thesaurus struct {
	byFirst map[string][]entry
}

// entry is one phrase and what it finds.
type entry struct {
	words []Word
	finds [][]Word
}

// NewThesaurus splits the rules into words.
func NewThesaurus(rules search.Synonyms) Thesaurus {
	t := Thesaurus{byFirst: map[string][]entry{}}
	for _, r := range rules {
		finds := phraseWords(r.To)
		if len(finds) == 0 {
			continue // only signs: as if the rule were missing
		}
		for _, from := range phraseWords(r.From) {
			t.add(from, finds)
		}
	}
	return t
}

func phraseWords(phrases []string) [][]Word {
	var all [][]Word
	for _, p := range phrases {
		if w := words(p); len(w) > 0 {
			all = append(all, w)
		}
	}
	return all
}

// add merges rules for the same phrase.
func (t Thesaurus) add(from []Word, finds [][]Word) {
	first := from[0].key()
	for i, e := range t.byFirst[first] {
		if begins(from, e.words) && len(from) == len(e.words) {
			t.byFirst[first][i].finds = slices.Concat(e.finds, finds)
			return
		}
	}
	t.byFirst[first] = append(t.byFirst[first], entry{from, finds})
}

// key is what two words are compared by.
func (w Word) key() string { return w.ways[0][0].Stem }

// match finds the longest phrase at the beginning of what was typed, and returns how many
// words it covers; 0 if there is none.
func (t Thesaurus) match(typed []Word) (Clause, int) {
	var best entry
	for _, e := range t.byFirst[typed[0].key()] {
		if begins(typed, e.words) && len(e.words) > len(best.words) {
			best = e
		}
	}
	if len(best.words) == 0 {
		return Clause{}, 0
	}
	return t.clause(best, typed[:len(best.words)]), len(best.words)
}

// clause is what an entry requires for the typed words.
func (t Thesaurus) clause(e entry, typed []Word) Clause {
	var c Clause
	for _, phrase := range e.finds {
		answers := AsMeant
		if begins(phrase, e.words) && len(phrase) == len(e.words) {
			answers = AsTyped
		}
		c.Either = append(c.Either, phraseWays(phrase, answers)...)
		if end := phrase[len(phrase)-1:]; len(phrase) > 1 && !end[0].stopWord() {
			c.last = append(c.last, phraseWays(end, AsPart)...)
		}
	}
	if len(typed) == 1 {
		c.Word = &typed[0]
		return c
	}
	for _, w := range typed {
		if one, says := t.alone(w); says {
			one.Either = append(one.Either, c.Either...)
			one.last = append(one.last, c.last...)
			c.apart = append(c.apart, one)
		}
	}
	return c
}

// alone returns a word without those around it, and whether it is meaningful.
func (t Thesaurus) alone(w Word) (c Clause, says bool) {
	if c, n := t.match([]Word{w}); n > 0 {
		return c, true
	}
	return plainClause(w), !w.stopWord()
}

func begins(typed, with []Word) bool {
	return len(typed) >= len(with) && slices.EqualFunc(typed[:len(with)], with, func(a, b Word) bool { return a.key() == b.key() })
}

// phraseWays returns the ways to find a phrase: each of its words by its best way, or each
// by its last.
func phraseWays(of []Word, answers float64) []Phrase {
	most := 1
	for _, w := range of {
		most = max(most, len(w.ways))
	}
	var all []Phrase
	for way := range most {
		p := Phrase{Answers: answers}
		for _, w := range of {
			p.Terms = append(p.Terms, w.ways[min(way, len(w.ways)-1)]...)
		}
		all = append(all, p)
	}
	return all
}
