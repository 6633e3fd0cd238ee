package embedded

import (
	"context"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2"

	"holdfast/search"
)

// Suggest implements search.Index.
func (x *Index) Suggest(ctx context.Context, q search.SuggestQuery) (search.Suggestions, error) {
	if err := q.Validate(); err != nil {
		return search.Suggestions{}, err
	}
	var s search.Suggestions
	err := x.products.read(ctx, "suggest", func(g *generation) error {
		var err error
		s, err = suggest(ctx, g.docs, newTyped(q.Q), q.PageSize())
		return err
	})
	return s, err
}

// typed is what somebody has typed so far.
type typed struct {
	before []compound // whole words
	last   compound   // the beginning of one
	lead   string     // what was typed before the last word, as it stands there
	whole  string     // all of it, as it is compared
}

func newTyped(q string) typed {
	all := compounds(q)
	if len(all) == 0 {
		return typed{}
	}
	first, last := all[0], all[len(all)-1]
	return typed{
		before: all[:len(all)-1], last: last,
		lead:  strings.ToLower(q[first.start:last.start]),
		whole: spaced(q[first.start:]),
	}
}

// begin is the last word as it is compared with beginnings; empty where nothing
// was typed.
func (t typed) begin() string { return t.last.whole() }

// plan finds products that have the whole words, and a word that begins like the
// last one.
func (t typed) plan() plan {
	p := plan{filter(term(fieldShown, yes))}
	for _, c := range t.before {
		p = append(p, c.asWord()...)
	}
	if starts := t.last.starts(); !t.last.cjk || len(starts) == 1 {
		return append(p, filter(prefix(fieldStart, t.begin())))
	}
	return append(p, t.last.asWord()...)
}

// asWord finds a compound that was typed to its end, or a run of Chinese or
// Japanese by all of its pairs.
func (c compound) asWord() []ask {
	if !c.cjk {
		return []ask{filter(term(fieldStart, c.whole()))}
	}
	var all []ask
	for _, s := range c.starts() {
		all = append(all, filter(term(fieldStart, s)))
	}
	return all
}

func suggest(ctx context.Context, in bleve.Index, t typed, size int) (search.Suggestions, error) {
	if t.begin() == "" {
		return search.Suggestions{}, nil
	}
	order := sorting{down(fieldStock), up(byTitleLength), up(fieldID)}
	req, err := order.request(t.plan(), size, nil)
	if err != nil {
		return search.Suggestions{}, err
	}
	for field, begin := range map[string]string{sayBrand: t.whole, sayCategory: t.whole, sayWord: t.begin()} {
		f := bleve.NewFacetRequest(field, size)
		f.SetPrefixFilter(begin)
		req.AddFacet(field, f)
	}
	found, err := in.SearchInContext(ctx, req)
	if err != nil {
		return search.Suggestions{}, err
	}
	var s search.Suggestions
	hits, _ := order.cut(found.Hits, size)
	if s.Products, err = decode[search.Product](hits); err != nil {
		return search.Suggestions{}, err
	}
	s.Terms = slices.Concat(
		terms(found, sayBrand, search.BrandTerm, ""),
		terms(found, sayCategory, search.CategoryTerm, ""),
		terms(found, sayWord, search.WordTerm, t.lead))
	s.Terms = s.Terms[:min(size, len(s.Terms))]
	return s, nil
}

// terms reads what was counted. A value that is said in two ways comes once.
func terms(found *bleve.SearchResult, field string, kind search.TermKind, lead string) []search.Term {
	var all []search.Term
	for _, v := range counts(found, field) {
		_, shown, _ := strings.Cut(v.Value, shownAs)
		t := search.Term{Text: lead + shown, Kind: kind, Count: v.Count}
		if !slices.ContainsFunc(all, func(o search.Term) bool { return o.Text == t.Text }) {
			all = append(all, t)
		}
	}
	return all
}
