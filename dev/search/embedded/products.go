package embedded

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2"
	bleves "github.com/blevesearch/bleve/v2/search"

	"holdfast/search"
	"holdfast/search/text"
)

// SearchProducts implements search.Index.
func (x *Index) SearchProducts(ctx context.Context, q search.ProductQuery) (search.ProductPage, error) {
	if err := q.Validate(); err != nil {
		return search.ProductPage{}, err
	}
	var page search.ProductPage
	err := x.products.read(ctx, "search products", func(g *generation) error {
		var err error
		page, err = x.searchProducts(ctx, g, q)
		return err
	})
	return page, err
}

func (x *Index) searchProducts(ctx context.Context, g *generation, q search.ProductQuery) (search.ProductPage, error) {
	s := productSearch{of: g, query: q, words: text.Clauses(q.Q, x.same), way: text.MatchAllWords}
	if s.lost() {
		return search.ProductPage{}, nil
	}
	keys, err := q.After()
	if err != nil {
		return search.ProductPage{}, search.BadCursor()
	}
	if len(keys) > 0 {
		var known bool
		if s.way, known = text.ParseMatch(keys[0]); !known {
			return search.ProductPage{}, search.BadCursor()
		}
		return s.page(ctx, keys[1:])
	}
	page, err := s.page(ctx, nil)
	if err != nil {
		return page, err
	}
	matching, err := s.matching(ctx, page)
	if err != nil {
		return page, err
	}
	if way := text.MatchFor(matching, s.words); way != s.way {
		s.way = way
		return s.page(ctx, nil)
	}
	return page, nil
}

// matching is how many products the query finds before the facets' filters.
func (s productSearch) matching(ctx context.Context, page search.ProductPage) (int64, error) {
	q := s.query
	if len(q.Category)+len(q.Brand)+len(q.Tag) == 0 {
		return page.Total, nil
	}
	s.query.Category, s.query.Brand, s.query.Tag = nil, nil, nil
	found, err := s.of.docs.SearchInContext(ctx, bleve.NewSearchRequestOptions(s.plan(""), 0, 0, false))
	if err != nil {
		return 0, err
	}
	return int64(found.Total), nil //nolint:gosec // a count
}

// productSearch is one query on one generation.
type productSearch struct {
	of    *generation
	query search.ProductQuery
	words []text.Clause
	way   text.Match
}

// lost reports whether something was typed, but nothing searchable.
func (s productSearch) lost() bool {
	return len(s.words) == 0 && strings.TrimSpace(s.query.Q) != ""
}

func (s productSearch) page(ctx context.Context, after []string) (search.ProductPage, error) {
	order := productOrder(s.query, s.way)
	req, err := order.request(s.plan(""), s.query.PageSize(), after)
	if err != nil {
		return search.ProductPage{}, err
	}
	for _, f := range facets() {
		if len(f.chosen(s.query)) == 0 {
			req.AddFacet(f.field, bleve.NewFacetRequest(f.field, search.MaxFacetValues))
		}
	}
	found, err := s.of.docs.SearchInContext(ctx, req)
	if err != nil {
		return search.ProductPage{}, err
	}
	hits, keys := order.cut(found.Hits, s.query.PageSize())
	page := search.ProductPage{Total: int64(found.Total), Tolerant: s.way == text.MatchNearWords && found.Total > 0} //nolint:gosec // a count
	if page.Items, err = s.hits(hits); err != nil {
		return search.ProductPage{}, err
	}
	if keys != nil {
		page.NextCursor = s.query.CursorAt(append([]string{string(s.way)}, keys...)...)
	}
	page.Facets, err = s.facets(ctx, found)
	return page, err
}

// plan is the query without the filter of one facet.
func (s productSearch) plan(without string) plan {
	q := s.query
	p := plan{filter(term(fieldShown, yes))}
	if len(q.Status) > 0 {
		p[0] = filter(oneOf(fieldStatus, texts(q.Status)))
	}
	if q.ExternalReference != "" {
		p = append(p, filter(term(fieldExternal, q.ExternalReference)))
	}
	if !q.UpdatedSince.IsZero() {
		p = append(p, filter(between(fieldUpdated, new(q.UpdatedSince.UnixMicro()), nil)))
	}
	if q.InStock {
		p = append(p, filter(term(fieldStock, inStock)))
	}
	if q.MinPrice != nil {
		p = append(p, filter(between(fieldHigh, q.MinPrice, nil)))
	}
	if q.MaxPrice != nil {
		p = append(p, filter(between(fieldLow, nil, q.MaxPrice)))
	}
	for _, f := range facets() {
		if values := f.chosen(q); len(values) > 0 && f.field != without {
			p = append(p, filter(oneOf(f.field, values)))
		}
	}
	clauses, beside := s.way.Of(s.words)
	switch s.way {
	case text.MatchAllWords:
		p = append(p, asks(clauses, nil)...)
	case text.MatchSomeWords:
		p = append(p, s.some(asks(clauses, nil), asks(beside, nil)))
	case text.MatchNearWords:
		p = append(p, s.some(asks(clauses, s.of.vocabulary), asks(beside, nil)))
	}
	return p
}

// some is used if some of the words are enough: each matching word counts more than how
// well it matches; with another sort than relevance only the number of words counts.
func (s productSearch) some(words, beside []ask) ask {
	all := slices.Concat(words, beside)
	for i, w := range all {
		if s.query.EffectiveSort() == search.SortRelevance {
			all[i] = more(text.Answered, w)
		} else {
			all[i] = scored(text.Answered, w)
		}
	}
	return someOf(all[:len(words)], all[len(words):], s.way.Least(len(words)))
}

func (s productSearch) hits(found bleves.DocumentMatchCollection) ([]search.ProductHit, error) {
	docs, err := decode[search.Product](found)
	if err != nil {
		return nil, err
	}
	clauses, _ := s.way.Of(s.words)
	marks := text.NewHighlighter(clauses, s.way == text.MatchNearWords)
	items := make([]search.ProductHit, len(docs))
	for i, p := range docs {
		items[i].Product = p
		if len(s.words) > 0 {
			items[i].Highlights = marks.Product(p)
		}
	}
	return items, nil
}

// facet is a field whose values are counted, and filtered by.
type facet struct {
	field  string
	chosen func(search.ProductQuery) []string
	into   func(*search.Facets) *[]search.FacetValue
}

func facets() []facet {
	return []facet{
		{
			isCategory, func(q search.ProductQuery) []string { return q.Category },
			func(f *search.Facets) *[]search.FacetValue { return &f.Category },
		},
		{
			isBrand, func(q search.ProductQuery) []string { return q.Brand },
			func(f *search.Facets) *[]search.FacetValue { return &f.Brand },
		},
		{
			isTag, func(q search.ProductQuery) []string { return q.Tag },
			func(f *search.Facets) *[]search.FacetValue { return &f.Tag },
		},
	}
}

// facets counts with the search itself if a facet has no filter, and otherwise by a search
// of its own without that filter.
func (s productSearch) facets(ctx context.Context, found *bleve.SearchResult) (search.Facets, error) {
	var all search.Facets
	for _, f := range facets() {
		from := found
		if len(f.chosen(s.query)) > 0 {
			req := bleve.NewSearchRequestOptions(s.plan(f.field), 0, 0, false)
			req.AddFacet(f.field, bleve.NewFacetRequest(f.field, search.MaxFacetValues))
			var err error
			if from, err = s.of.docs.SearchInContext(ctx, req); err != nil {
				return search.Facets{}, err
			}
		}
		*f.into(&all) = counts(from, f.field)
	}
	return all, nil
}

func counts(from *bleve.SearchResult, name string) []search.FacetValue {
	result := from.Facets[name]
	if result == nil {
		return nil
	}
	var values []search.FacetValue
	for _, t := range result.Terms.Terms() {
		values = append(values, search.FacetValue{Value: t.Term, Count: int64(t.Count)})
	}
	slices.SortFunc(values, func(a, b search.FacetValue) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Value, b.Value))
	})
	return values
}
