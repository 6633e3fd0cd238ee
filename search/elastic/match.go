package elastic

import (
	"holdfast/search/text"
)

// weighted is a field of words, with the weight of a word in it.
type weighted struct {
	field  string
	weight float64
}

// wordFields are where words are searched for; startFields where a tolerant search looks
// for near matches.
func wordFields() []weighted {
	return []weighted{
		{"derived.head", text.InHead},
		{"title", text.InTitle},
		{"brand_words", text.InBrand},
		{"labels", text.InLabels},
		{"text", text.InText},
	}
}

func startFields() []weighted { return []weighted{{"start", 4}, {"start_text", 1}} }

func term(field string, v any) object { return object{"term": object{field: v}} }

func oneOf[V ~string](field string, values []V) object { return object{"terms": object{field: values}} }

// matches searches for one term; nothing in it is an operator.
func matches(field string, t text.Term) object {
	return object{"match": object{field: object{"query": t.Text, "operator": "and"}}}
}

func prefix(field, begin string) object { return object{"prefix": object{field: begin}} }

// contains finds words that contain a piece. The piece has only letters and digits, so no
// sign in it has a special meaning.
func contains(field, piece string) object {
	return object{"wildcard": object{field: object{"value": "*" + piece + "*"}}}
}

// nearly finds words with up to this many wrong letters, without a limit on expansions.
func nearly(field, word string, bends int) object {
	return object{"fuzzy": object{field: object{"value": word, "fuzziness": bends, "rewrite": "constant_score"}}}
}

// scored gives every match the same score. See docs/decisions/0010: scores that depend on a
// word's rarity would move products while a user turns pages.
func scored(score float64, query object) object {
	return object{"constant_score": object{"filter": query, "boost": score}}
}

// best requires one of the queries to match; the best score counts.
func best(queries []object) object {
	if len(queries) == 1 {
		return queries[0]
	}
	return object{"dis_max": object{"queries": queries}}
}

func both(queries []object) object { return object{"bool": object{"must": queries}} }

func filtered(queries []object) object { return object{"bool": object{"filter": queries}} }

// asked converts clauses to queries that must all match.
func asked(clauses []text.Clause, tolerant bool) []object {
	all := []object{}
	for _, c := range clauses {
		ways := ofClause(c, wordFields())
		if tolerant && c.Word != nil {
			ways = append(ways, near(c.Word.Nearness())...)
		}
		all = append(all, best(ways))
	}
	return all
}

func ofClause(c text.Clause, fields []weighted) []object {
	var ways []object
	for _, p := range c.Either {
		ways = append(ways, ofPhrase(p, fields)...)
	}
	return ways
}

// ofPhrase finds all terms, each in its best field, and takes the mean, so that a phrase of
// two words counts like one word.
func ofPhrase(p text.Phrase, fields []weighted) []object {
	if len(p.Terms) == 1 {
		return inFields(fields, p.Answers, func(field string) object { return matches(field, p.Terms[0]) })
	}
	var all []object
	for _, t := range p.Terms {
		all = append(all, best(inFields(fields, p.Answers/float64(len(p.Terms)), func(field string) object { return matches(field, t) })))
	}
	return []object{both(all)}
}

func inFields(fields []weighted, answers float64, of func(field string) object) []object {
	all := make([]object, len(fields))
	for i, f := range fields {
		all[i] = scored(f.weight*answers, of(f.field))
	}
	return all
}

// near finds what a tolerant search accepts for a word.
func near(n text.Nearness) []object {
	var ways []object
	if len(n.Apart) > 0 {
		ways = ofPhrase(text.Phrase{Terms: n.Apart, Answers: text.AsPart}, wordFields())
	}
	if n.Beginning {
		ways = append(ways, inFields(startFields(), text.AsPart, func(field string) object { return prefix(field, n.Text) })...)
	}
	if n.Piece {
		ways = append(ways, scored(text.AsPart, contains("start", n.Text)))
	}
	if n.Bends > 0 {
		ways = append(ways, inFields(startFields(), text.AsTypo, func(field string) object { return nearly(field, n.Text, n.Bends) })...)
	}
	return ways
}
