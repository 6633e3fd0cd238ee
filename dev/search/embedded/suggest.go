package embedded

import (
	"context"
	"slices"

	"github.com/blevesearch/bleve/v2"

	"holdfast/search"
	"holdfast/search/text"
)

// Suggest implements search.Index.
func (x *Index) Suggest(ctx context.Context, q search.SuggestQuery) (search.Suggestions, error) {
	if err := q.Validate(); err != nil {
		return search.Suggestions{}, err
	}
	var s search.Suggestions
	err := x.products.read(ctx, "suggest", func(g *generation) error {
		var err error
		s, err = suggest(ctx, g.docs, text.NewTyped(q.Q), q.PageSize())
		return err
	})
	return s, err
}

// suggestPlan finds products that contain the whole words, and a word that begins like the
// last one.
func suggestPlan(t text.Typed) plan {
	p := plan{filter(term(fieldShown, yes))}
	for _, w := range t.Whole {
		p = append(p, filter(term(fieldStart, w)))
	}
	if t.Begin != "" {
		p = append(p, filter(prefix(fieldStart, t.Begin)))
	}
	return p
}

func suggest(ctx context.Context, in bleve.Index, t text.Typed, size int) (search.Suggestions, error) {
	if t.Last == "" {
		return search.Suggestions{}, nil
	}
	order := sorting{down(fieldStock), up(byTitleLength), up(fieldID)}
	req, err := order.request(suggestPlan(t), size, nil)
	if err != nil {
		return search.Suggestions{}, err
	}
	for field, begin := range map[string]string{sayBrand: t.All, sayCategory: t.All, sayWord: t.Last} {
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
		terms(found, sayBrand, search.TermBrand, ""),
		terms(found, sayCategory, search.TermCategory, ""),
		terms(found, sayWord, search.TermWord, t.Lead))
	s.Terms = s.Terms[:min(size, len(s.Terms))]
	return s, nil
}

// terms reads the counts. A value in two spellings is returned once.
func terms(found *bleve.SearchResult, field string, kind search.TermKind, lead string) []search.Term {
	var all []search.Term
	for _, v := range counts(found, field) {
		t := search.Term{Text: lead + text.Shown(v.Value), Kind: kind, Count: v.Count}
		if !slices.ContainsFunc(all, func(o search.Term) bool { return o.Text == t.Text }) {
			all = append(all, t)
		}
	}
	return all
}
