package main

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"holdfast/search"
	"holdfast/search/elastic"
	"holdfast/settings"
)

// indexFlags name the index of searches.
type indexFlags struct{ settings.Index }

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

func (f indexFlags) options() (elastic.Options, error) {
	synonyms, err := f.synonyms()
	if err != nil {
		return elastic.Options{}, usagef("--synonyms (HOLDFAST_SYNONYMS): %v", err)
	}
	pool, err := authorities(f.ElasticsearchCA)
	if err != nil {
		return elastic.Options{}, usagef("--elasticsearch-ca-file (ELASTICSEARCH_CA_FILE): %v", err)
	}
	opts := elastic.Options{URLs: strings.Split(f.ElasticsearchURL, ","), Authorities: pool, Synonyms: synonyms}
	if err := opts.Validate(); err != nil {
		return opts, usagef("--elasticsearch-url (ELASTICSEARCH_URL): %v", err)
	}
	return opts, nil
}

// checkIndex finds a mistake in the flags before other services are awaited.
func (f indexFlags) checkIndex() error {
	_, err := f.opener()
	return err
}

// readIndex opens the index for searches only; nil if none is wanted. Each search finds out
// whether it can answer. The caller closes it.
func (f indexFlags) readIndex(ctx context.Context) (search.Index, error) {
	if f.ElasticsearchURL == "" {
		return nil, nil //nolint:nilnil // no index is not an error
	}
	opts, err := f.options()
	if err != nil {
		return nil, err
	}
	opts.ReadOnly = true
	return elastic.Open(ctx, opts)
}

// opener returns a function that opens the index once. It is nil if no index is wanted. An
// error that is a *search.UnavailableError means that opening may succeed later.
func (f indexFlags) opener() (func(context.Context) (search.Index, error), error) {
	if f.ElasticsearchURL == "" {
		return nil, nil //nolint:nilnil // no index is not an error
	}
	opts, err := f.options()
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (search.Index, error) { return elastic.Open(ctx, opts) }, nil
}

// connectIndex opens the index, and keeps trying if it is down: orders don't wait for it.
// It returns nil if no index is wanted. The caller closes it.
func (f indexFlags) connectIndex(ctx context.Context, log *slog.Logger) (search.Index, error) {
	open, err := f.opener()
	if err != nil || open == nil {
		return nil, err
	}
	return search.OpenDeferred(ctx, askFor, open, func(err error) {
		log.WarnContext(ctx, "waiting for Elasticsearch; orders continue without it", "error", search.WithCause(err))
	}), nil
}
