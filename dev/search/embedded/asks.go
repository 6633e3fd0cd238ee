package embedded

import "holdfast/search/text"

// weighted is a field of words, with the weight of a word in it.
type weighted struct {
	field  string
	weight float64
}

// asks converts clauses to the parts of a plan over the words of products. A tolerant
// search passes the vocabulary, any other none.
func asks(list []text.Clause, near *vocabulary) plan {
	var p plan
	for _, c := range list {
		ways := ofClause(c, productFields())
		if near != nil && c.Word != nil {
			ways = append(ways, comesNear(c.Word.Nearness(), near)...)
		}
		p = append(p, anyOf(ways))
	}
	return p
}

func ofClause(c text.Clause, fields []weighted) []ask {
	var ways []ask
	for _, p := range c.Either {
		ways = append(ways, ofPhrase(p, fields)...)
	}
	return ways
}

func ofPhrase(p text.Phrase, fields []weighted) []ask {
	inBest := func(t text.Term) []ask {
		return inFields(fields, p.Answers, func(field string) ask { return term(field, t.Stem) })
	}
	if len(p.Terms) == 1 {
		return inBest(p.Terms[0])
	}
	var words []ask
	for _, t := range p.Terms {
		words = append(words, anyOf(inBest(t)))
	}
	return []ask{allOf(words)}
}

// comesNear finds what a tolerant search accepts for a word.
func comesNear(n text.Nearness, near *vocabulary) []ask {
	var ways []ask
	if len(n.Apart) > 0 {
		ways = ofPhrase(text.Phrase{Terms: n.Apart, Answers: text.AsPart}, productFields())
	}
	if n.Beginning {
		ways = append(ways, inFields(startFields(), text.AsPart, func(field string) ask { return prefix(field, n.Text) })...)
	}
	if n.Piece {
		ways = append(ways, scored(text.AsPart, oneOf(fieldStart, near.with(n.Text))))
	}
	if n.Bends > 0 {
		ways = append(ways, inFields(startFields(), text.AsTypo, func(field string) ask { return nearly(field, n.Text, n.Bends) })...)
	}
	return ways
}

func inFields(fields []weighted, answers float64, of func(field string) ask) []ask {
	list := make([]ask, len(fields))
	for i, f := range fields {
		list[i] = scored(f.weight*answers, of(f.field))
	}
	return list
}
