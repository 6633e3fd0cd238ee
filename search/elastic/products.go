package elastic

import (
	"context"
	"strings"

	"holdfast/product"
	"holdfast/search"
	"holdfast/search/text"
)

// The first key of a cursor: whether the pages are those of a tolerant search.
// They stay so, also if something comes in between that matches exactly.
const (
	exactPages    = "exact"
	tolerantPages = "tolerant"
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
	s := productSearch{query: q, words: text.Clauses(q.Q, x.same)}
	if len(s.words) == 0 && strings.TrimSpace(q.Q) != "" {
		return search.ProductPage{}, nil // nothing that could be found
	}
	keys, err := q.After()
	if err != nil || len(keys) > 0 && keys[0] != exactPages && keys[0] != tolerantPages {
		return search.ProductPage{}, search.BadCursor()
	}
	if len(keys) > 0 {
		s.tolerant = keys[0] == tolerantPages
		return x.productPage(ctx, s, keys[1:])
	}
	page, err := x.productPage(ctx, s, nil)
	if err != nil || page.Total > 0 || len(s.words) == 0 {
		return page, err
	}
	s.tolerant = true
	return x.productPage(ctx, s, nil)
}

// productSearch is one query, exact or tolerant.
type productSearch struct {
	query    search.ProductQuery
	words    []text.Clause
	tolerant bool
}

func (x *Index) productPage(ctx context.Context, s productSearch, after []string) (search.ProductPage, error) {
	order, size := productOrder(s.query), s.query.PageSize()
	body := s.body()
	if err := order.into(body, size, after); err != nil {
		return search.ProductPage{}, err
	}
	found, err := find[search.Product](ctx, x, x.names.read(search.ProductsView), body)
	if err != nil {
		return search.ProductPage{}, err
	}
	docs, next, err := found.page(order, size)
	if err != nil {
		return search.ProductPage{}, err
	}
	p := search.ProductPage{
		Items: s.hits(docs), Facets: facetsOf(found.Aggregations), Total: found.Hits.Total.Value,
		Tolerant: s.tolerant && found.Hits.Total.Value > 0,
	}
	if next != nil {
		p.NextCursor = s.query.CursorAt(append([]string{s.pages()}, next...)...)
	}
	return p, nil
}

func (s productSearch) pages() string {
	if s.tolerant {
		return tolerantPages
	}
	return exactPages
}

// body is the request but for its order. The filters of facets come after the
// counting, so that one request has all.
func (s productSearch) body() object {
	q := s.query
	filters := []object{term("status", product.Listed)}
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
		"query":            object{"bool": object{"filter": filters, "must": asked(s.words, s.tolerant)}},
		"track_total_hits": true,
		"aggs":             aggregations(q),
	}
	if chosen := choices(q, ""); len(chosen) > 0 {
		body["post_filter"] = filtered(chosen)
	}
	return body
}

func (s productSearch) hits(docs []search.Product) []search.ProductHit {
	marks := text.NewHighlighter(s.words, s.tolerant)
	items := make([]search.ProductHit, len(docs))
	for i, p := range docs {
		items[i].Product = p
		if len(s.words) > 0 {
			items[i].Highlights = marks.Product(p)
		}
	}
	return items
}
