package embedded

import "slices"

// clause is what one unit of a query asks of a product: one of its phrases.
type clause struct {
	either []phrase
	// word that was typed, where it may be taken tolerantly.
	word *word
}

// phrase is terms that all have to be there, and how well they answer.
type phrase struct {
	terms   []string
	answers float64
}

// clauses turns what was typed into what a product has to have: of each clause
// something.
func clauses(q string, same thesaurus) []clause {
	var found, idle []clause
	typed := words(q)
	for i := 0; i < len(typed); {
		if c, n := same.match(typed[i:]); n > 0 {
			found = append(found, c)
			i += n
			continue
		}
		if c := plainClause(typed[i]); stopWord(typed[i]) {
			idle = append(idle, c)
		} else {
			found = append(found, c)
		}
		i++
	}
	if len(found) == 0 {
		return idle
	}
	return found
}

func plainClause(w word) clause {
	c := clause{word: &w}
	for i, way := range w.ways {
		answers := asTyped
		if i > 0 {
			answers = asPieces
		}
		c.either = append(c.either, phrase{way, answers})
	}
	return c
}

// allow tells for each token of a document whether it is what the clauses found.
func allow(list []clause, tolerant bool) func(token) bool {
	exact := map[string]bool{}
	var near []nearness
	for _, c := range list {
		for _, p := range c.either {
			for _, t := range p.terms {
				exact[t] = true
			}
		}
		if tolerant && c.word != nil {
			near = append(near, c.word.nearness())
		}
	}
	return func(t token) bool {
		return exact[t.term] || t.word != "" && slices.ContainsFunc(near, func(n nearness) bool { return n.has(t.word) })
	}
}
