package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"holdfast/search"
)

// indexFlags say where the index of searches is.
type indexFlags struct {
	Elasticsearch string `name:"elasticsearch-url" env:"ELASTICSEARCH_URL" help:"URL of Elasticsearch; several nodes with commas between. Without one there are no searches, and orders go on (${env})."`
	Synonyms      string `env:"HOLDFAST_SYNONYMS" help:"File of words that mean the same to a search, one rule a line: sofa, couch, settee (${env})."`
}

// opener opens the index. A *search.UnavailableError means that it may be opened
// later.
type opener func(context.Context) (search.Index, error)

// opener is nil where no index is wanted.
func (f indexFlags) opener() (opener, error) {
	if f.Elasticsearch == "" {
		return nil, nil //nolint:nilnil // no index is not an error
	}
	synonyms, err := f.synonyms()
	if err != nil {
		return nil, usagef("--synonyms (HOLDFAST_SYNONYMS): %v", err)
	}
	urls := strings.Split(f.Elasticsearch, ",")
	return func(ctx context.Context) (search.Index, error) { return openElasticsearch(ctx, urls, synonyms) }, nil
}

func (f indexFlags) synonyms() (search.Synonyms, error) {
	if f.Synonyms == "" {
		return nil, nil
	}
	file, err := os.Open(f.Synonyms)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return search.ParseSynonyms(file)
}

// connectIndex opens the index, and where it is away at the start, goes on trying:
// orders don't wait for it. The caller closes what it returns.
func connectIndex(ctx context.Context, open opener, log *slog.Logger) (*lateIndex, error) {
	try, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	index, err := open(try)
	l := newLateIndex()
	switch {
	case err == nil:
		l.opened(index)
	case errors.Is(err, search.ErrUnavailable) && ctx.Err() == nil:
		log.WarnContext(ctx, "search is away; we start without it and go on trying", "error", causeOf(err))
		l.goOnTrying(context.WithoutCancel(ctx), open, log)
	default:
		return nil, fmt.Errorf("open the search index (ELASTICSEARCH_URL): %w", err)
	}
	return l, nil
}

// causeOf says why the index can't answer: the error itself leaves it out.
func causeOf(err error) error {
	if down, ok := errors.AsType[*search.UnavailableError](err); ok {
		return down.Cause
	}
	return err
}
