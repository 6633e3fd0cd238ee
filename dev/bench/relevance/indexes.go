package main

import (
	"context"

	"holdfast/dev/search/embedded"
	"holdfast/search"
	"holdfast/search/elastic"
)

// measure measures Holdfast's own indexes.
type measure struct {
	judged  judged
	same    search.Synonyms
	url     string
	verbose bool
}

// with passes an index that has all products to a function.
type with func(ctx context.Context, same search.Synonyms, then func(search.Index) error) error

// both measures an index with synonyms and without.
func (m measure) both(ctx context.Context, name string, of with) error {
	if len(m.same) > 0 {
		err := of(ctx, m.same, func(x search.Index) error {
			return m.judged.report(name, asks(ctx, x, true), m.verbose)
		})
		if err != nil {
			return err
		}
	}
	return of(ctx, nil, func(x search.Index) error {
		if err := m.judged.report(name+", without synonyms", asks(ctx, x, true), m.verbose); err != nil {
			return err
		}
		return m.judged.report(name+", without synonyms and the tolerant second search", asks(ctx, x, false), false)
	})
}

func (m measure) embedded(ctx context.Context, same search.Synonyms, then func(search.Index) error) error {
	x, err := embedded.Open(embedded.Options{Synonyms: same})
	if err != nil {
		return err
	}
	defer func() { _ = x.Close() }()
	if err := m.fill(ctx, x); err != nil {
		return err
	}
	return then(x)
}

func (m measure) elastic(ctx context.Context, same search.Synonyms, then func(search.Index) error) error {
	s := server{m.url}
	prefix := "relevance-" + unique() + "-"
	x, err := elastic.Open(ctx, elastic.Options{URLs: []string{m.url}, Prefix: prefix, Synonyms: same})
	if err != nil {
		return err
	}
	defer s.forget(ctx, prefix+"products-first", prefix+"orders-first")
	defer func() { _ = x.Close() }() //nolint:contextcheck // it has a bound of its own
	if err := m.fill(ctx, x); err != nil {
		return err
	}
	if err := x.Refresh(ctx); err != nil {
		return err
	}
	return then(x)
}

func (m measure) fill(ctx context.Context, x search.Index) error {
	_, err := x.Put(ctx, search.Batch{Products: m.judged.products})
	return err
}

// asks returns a function that searches an index; without tolerance, a query without exact
// matches finds nothing.
func asks(ctx context.Context, x search.Index, tolerant bool) func(q string) ([]string, error) {
	return func(q string) ([]string, error) {
		page, err := x.SearchProducts(ctx, search.ProductQuery{Q: q, Limit: new(found)})
		if err != nil || page.Tolerant && !tolerant {
			return nil, err
		}
		var ids []string
		for _, hit := range page.Items {
			ids = append(ids, hit.ID)
		}
		return ids, nil
	}
}
