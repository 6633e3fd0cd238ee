package elastic

import (
	"context"
	"strings"

	"holdfast/product"
	"holdfast/search"
	"holdfast/search/text"
)

// SearchProducts implements search.Index.
func (x *Index) SearchProducts(ctx context.Context, q search.ProductQuery) (search.ProductPage, error) {
	if err := q.Validate(); err != nil {
		return search.ProductPage{}, err
	}
	var found search.ProductPage
	err := x.read(ctx, "search products", func(ctx context.Context) error {
		var err error
		found, err = x.searchProducts(ctx, q)
		return err
	})
	if err != nil {
		return search.ProductPage{}, err
	}
	return found, nil
}

func (x *Index) searchProducts(ctx context.Context, q search.ProductQuery) (search.ProductPage, error) {
	s := productSearch{query: q, words: text.Clauses(q.Q, x.same), way: text.MatchAllWords}
	if len(s.words) == 0 && strings.TrimSpace(q.Q) != "" {
		return search.ProductPage{}, nil // nothing that could match
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
		found, err := x.found(ctx, s, keys[1:])
		if err != nil {
			return search.ProductPage{}, err
		}
		return s.page(found)
	}
	found, err := x.found(ctx, s, nil)
	if err != nil {
		return search.ProductPage{}, err
	}
	if way := text.MatchFor(found.matching(), s.words); way != s.way {
		s.way = way
		if found, err = x.found(ctx, s, nil); err != nil {
			return search.ProductPage{}, err
		}
	}
	return s.page(found)
}

// productSearch is one query, with one way of matching.
type productSearch struct {
	query search.ProductQuery
	words []text.Clause
	way   text.Match
}

func (x *Index) found(ctx context.Context, s productSearch, after []string) (answer[search.Product], error) {
	body := s.body()
	if err := s.order().into(body, s.query.PageSize(), after); err != nil {
		return answer[search.Product]{}, err
	}
	return find[search.Product](ctx, x, x.productsIn(s.query), body)
}

// productsIn is where the products are looked for. A view of an older shape, which answers
// until its rebuild is through, would find none by what shape 3 added, as if there were none;
// under the alias of this shape it isn't found at all.
func (x *Index) productsIn(q search.ProductQuery) string {
	if q.Sort == search.SortUpdated || !q.UpdatedSince.IsZero() || q.ExternalReference != "" {
		return x.names.write(search.ViewProducts, productsShape)
	}
	return x.names.read(search.ViewProducts)
}

func (s productSearch) order() sorting { return productOrder(s.query, s.way) }

func (s productSearch) page(found answer[search.Product]) (search.ProductPage, error) {
	docs, next, err := found.page(s.order(), s.query.PageSize())
	if err != nil {
		return search.ProductPage{}, err
	}
	p := search.ProductPage{
		Items: s.hits(docs), Facets: facetsOf(found.Aggregations), Total: found.Hits.Total.Value,
		Tolerant: s.way == text.MatchNearWords && found.Hits.Total.Value > 0,
	}
	if next != nil {
		p.NextCursor = s.query.CursorAt(append([]string{string(s.way)}, next...)...)
	}
	return p, nil
}

// body is the request without its sort. The filters of facets apply after the counting, so
// that one request covers everything.
func (s productSearch) body() object {
	q := s.query
	filters := []object{term("status", product.StatusListed)}
	if len(q.Status) > 0 {
		filters[0] = oneOf("status", q.Status)
	}
	if q.ExternalReference != "" {
		filters = append(filters, term("externalReference", q.ExternalReference))
	}
	if !q.UpdatedSince.IsZero() {
		filters = append(filters, object{"range": object{"derived.updated": object{"gte": q.UpdatedSince.UnixMicro()}}})
	}
	if q.InStock {
		filters = append(filters, term("derived.inStock", 1))
	}
	if q.MinPrice != nil {
		filters = append(filters, object{"range": object{"maxPrice": object{"gte": *q.MinPrice}}})
	}
	if q.MaxPrice != nil {
		filters = append(filters, object{"range": object{"minPrice": object{"lte": *q.MaxPrice}}})
	}
	body := object{
		"query":            object{"bool": s.asked(filters)},
		"track_total_hits": true,
		"aggs":             aggregations(q),
	}
	if chosen := choices(q, ""); len(chosen) > 0 {
		body["post_filter"] = filtered(chosen)
	}
	return body
}

// asked is what a product must be and contain.
func (s productSearch) asked(filters []object) object {
	clauses, beside := s.way.Of(s.words)
	near := s.way == text.MatchNearWords
	if s.way == text.MatchAllWords {
		return object{"filter": filters, "must": asked(clauses, near)}
	}
	some := object{"bool": object{
		"should": s.counted(asked(clauses, near)), "minimum_should_match": s.way.Least(len(clauses)),
	}}
	return object{"filter": filters, "must": some, "should": s.counted(asked(beside, near))}
}

// counted is used if some of the words are enough: each matching word counts more than how
// well it matches; with another sort than relevance only the number of words counts.
func (s productSearch) counted(words []object) []object {
	each := scored(text.Answered, object{"match_all": object{}})
	for i, w := range words {
		if s.query.EffectiveSort() == search.SortRelevance {
			words[i] = both([]object{w, each})
		} else {
			words[i] = scored(text.Answered, w)
		}
	}
	return words
}

func (s productSearch) hits(docs []search.Product) []search.ProductHit {
	clauses, _ := s.way.Of(s.words)
	marks := text.NewHighlighter(clauses, s.way == text.MatchNearWords)
	items := make([]search.ProductHit, len(docs))
	for i, p := range docs {
		items[i].Product = p
		if len(s.words) > 0 {
			items[i].Highlights = marks.Product(p)
		}
	}
	return items
}
