package main

import (
	"context"

	"holdfast/search"
	"holdfast/search/elastic"
)

// openElasticsearch is the one place that knows which index the flags mean.
func openElasticsearch(ctx context.Context, urls []string, synonyms search.Synonyms) (search.Index, error) {
	index, err := elastic.Open(ctx, elastic.Options{URLs: urls, Synonyms: synonyms})
	if err != nil {
		return nil, err // not a nil index in an interface that isn't
	}
	return index, nil
}
