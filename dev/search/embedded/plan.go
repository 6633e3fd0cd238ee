package embedded

import (
	"context"
	"slices"

	"github.com/blevesearch/bleve/v2/mapping"
	"github.com/blevesearch/bleve/v2/search"
	"github.com/blevesearch/bleve/v2/search/query"
	"github.com/blevesearch/bleve/v2/search/searcher"
	index "github.com/blevesearch/bleve_index_api"
)

// ask creates the searcher of one part of a query, over one state of the index.
type ask func(ctx context.Context, r index.IndexReader) (search.Searcher, error)

// plan is a query: documents that match all of its parts, with the sum of their scores.
type plan []ask

// A plan is what bleve runs.
var _ query.Query = plan{}

// unscored asks bleve for matches without scores.
func unscored() search.SearcherOptions { return search.SearcherOptions{Score: "none"} }

// Searcher implements query.Query.
func (p plan) Searcher(ctx context.Context, r index.IndexReader, _ mapping.IndexMapping, _ search.SearcherOptions) (search.Searcher, error) {
	return p.all(ctx, r)
}

func (p plan) all(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
	parts, err := open(ctx, r, p)
	if err != nil {
		return nil, err
	}
	all, err := searcher.NewConjunctionSearcher(ctx, r, parts, search.SearcherOptions{})
	if err != nil {
		closeAll(parts)
		return nil, err
	}
	return all, nil
}

// open opens all or none.
func open(ctx context.Context, r index.IndexReader, list []ask) ([]search.Searcher, error) {
	var opened []search.Searcher
	for _, a := range list {
		s, err := a(ctx, r)
		if err != nil {
			closeAll(opened)
			return nil, err
		}
		opened = append(opened, s)
	}
	return opened, nil
}

func closeAll(list []search.Searcher) {
	for _, s := range list {
		_ = s.Close() // another error is returned already
	}
}

// scored gives everything that is found the same score.
func scored(score float64, a ask) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		s, err := a(ctx, r)
		if err != nil {
			return nil, err
		}
		return fixed{s, score}, nil
	}
}

// filter finds without adding to the score.
func filter(a ask) ask { return scored(0, a) }

// anyOf requires one of the parts to match; the best score counts.
func anyOf(list []ask) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		of, err := open(ctx, r, list)
		if err != nil {
			return nil, err
		}
		return newUnion(of, len(of), 1, false), nil
	}
}

// someOf requires at least so many of the parts to match. Their scores add up, including
// those of optional parts.
func someOf(list, beside []ask, least int) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		of, err := open(ctx, r, slices.Concat(list, beside))
		if err != nil {
			return nil, err
		}
		return newUnion(of, len(list), least, true), nil
	}
}

// more adds to the score of everything that is found.
func more(by float64, a ask) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		s, err := a(ctx, r)
		if err != nil {
			return nil, err
		}
		return plus{s, by}, nil
	}
}

// allOf takes the mean, so that a phrase of two words counts like one word.
func allOf(list []ask) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		all, err := plan(list).all(ctx, r)
		if err != nil {
			return nil, err
		}
		return mean{all, float64(len(list))}, nil
	}
}

func term(field, value string) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		return searcher.NewTermSearcher(ctx, r, value, field, 1, unscored())
	}
}

func oneOf(field string, values []string) ask {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		return searcher.NewMultiTermSearcher(ctx, r, values, field, 1, unscored(), false)
	}
}

func prefix(field, value string) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		return searcher.NewTermPrefixSearcher(ctx, r, value, field, 1, unscored())
	}
}

func nearly(field, value string, bends int) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		return searcher.NewFuzzySearcher(ctx, r, value, 0, bends, field, 1, unscored())
	}
}

// between bounds a number from both sides, both included; nil leaves a side open.
func between(field string, from, to *int64) ask {
	return func(ctx context.Context, r index.IndexReader) (search.Searcher, error) {
		included := true
		return searcher.NewNumericRangeSearcher(ctx, r, float(from), float(to), &included, &included, field, 1, unscored())
	}
}

func float(n *int64) *float64 {
	if n == nil {
		return nil
	}
	return new(float64(*n))
}
