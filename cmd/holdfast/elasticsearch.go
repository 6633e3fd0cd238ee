package main

import (
	"context"
	"errors"

	"holdfast/search"
)

// errNoClient: searches on Elasticsearch come with holdfast/search/elastic.
var errNoClient = errors.New("this build has no client of Elasticsearch yet")

// openElasticsearch is the one place that knows which index the flags mean:
//
//	return elastic.Open(ctx, elastic.Options{URLs: urls, Synonyms: synonyms})
func openElasticsearch(_ context.Context, _ []string, _ search.Synonyms) (search.Index, error) {
	return nil, errNoClient
}
