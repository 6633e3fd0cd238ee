package stack

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"holdfast/dev/search/embedded"
	"holdfast/search"
	"holdfast/search/elastic"
)

// openPatience is how long a start waits for an Elasticsearch that doesn't answer: after
// that it continues without, and searches are answered once it does.
const openPatience = 5 * time.Second

// startIndex opens the index of searches: Elasticsearch if one is given, otherwise one
// inside the process.
func (s *Stack) startIndex(ctx context.Context) (func(context.Context) error, error) {
	if s.opts.WithoutHoldfast || s.opts.WithoutSearch {
		return nothing, nil
	}
	var err error
	if s.opts.ElasticsearchURL == "" {
		s.SearchKind = "inside the process"
		s.Index, err = embedded.Open(embedded.Options{Folder: s.folder("search"), Synonyms: s.opts.Synonyms})
	} else {
		s.SearchKind = s.opts.ElasticsearchURL + " (as given)"
		s.Index, err = s.openElasticsearch(ctx)
	}
	if err != nil {
		return nil, err
	}
	return func(context.Context) error { return s.Index.Close() }, nil
}

func (s *Stack) openElasticsearch(ctx context.Context) (search.Index, error) {
	opts := elastic.Options{
		URLs: []string{s.opts.ElasticsearchURL}, Synonyms: s.opts.Synonyms, Prefix: s.opts.ElasticsearchPrefix,
	}
	if err := opts.Validate(); err != nil {
		return nil, fmt.Errorf("ELASTICSEARCH_URL: %w", err)
	}
	log := s.opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return search.OpenDeferred(ctx, openPatience, func(ctx context.Context) (search.Index, error) {
		return elastic.Open(ctx, opts)
	}, func(err error) {
		log.WarnContext(ctx, "waiting for Elasticsearch; orders continue without it", "error", search.WithCause(err))
	}), nil
}
