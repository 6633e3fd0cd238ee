// Package elastic stores the views in Elasticsearch (version.go says which): for shops of
// any size, and for operators who want to examine the views with Elastic's own tools. It
// implements search.Index and passes its suite. What is put can be read at once and is
// found after Options.Refresh.
//
// An index belongs to one shape (mapping and analysis) of a view and is never converted to
// another one: a new shape is a new index, filled by a rebuild and swapped in. See names.go
// for the names of the indices, and docs/decisions/0013-shapes-of-the-views.md for the
// reasons.
package elastic

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/search"
	"holdfast/search/text"
)

// Options of an index.
type Options struct {
	// URLs of the cluster's nodes, at least one, http or https; user and password of the
	// first apply to all of them.
	URLs []string
	// Authorities verify the nodes at https; nil means those that the machine trusts.
	Authorities *x509.CertPool
	// Synonyms of product searches. They may differ the next time.
	Synonyms search.Synonyms
	// Prefix of the names of everything that the index stores on the server, so that
	// several can share it. Lower case letters, digits and hyphens.
	Prefix string
	// Refresh is how long a change may be missing from searches. Defaults to 1 s.
	Refresh time.Duration
	// ReadOnly opens what exists and creates nothing, for programs that only search: views
	// are created by the programs that fill them.
	ReadOnly bool
	// Timeout bounds a search or read. Puts and rebuilds have six times as long. Defaults
	// to 5 s.
	Timeout time.Duration
}

// Validate reports what is wrong with the options, without calling the cluster.
func (o Options) Validate() error {
	if !validPrefix(o.Prefix) {
		return fmt.Errorf("prefix %q: lower case letters, digits and hyphens", o.Prefix)
	}
	if err := validURLs(o.URLs); err != nil {
		return err
	}
	plain := func(u string) bool { return strings.HasPrefix(u, "http://") }
	if o.Authorities != nil && slices.ContainsFunc(o.URLs, plain) {
		return errors.New("certificate authorities are only for URLs that begin with https://")
	}
	return nil
}

const (
	defaultRefresh = time.Second
	defaultTimeout = 5 * time.Second
	// patience is how many times longer a change may take than a read.
	patience = 6
	// copyWithin leaves a busy cluster time to start a copy.
	copyWithin = 2 * time.Minute
)

// Index is a search.Index on Elasticsearch.
type Index struct {
	client  *client
	names   names
	shapes  map[search.View]shape
	same    text.Thesaurus
	refresh time.Duration
	timeout time.Duration
	// readOnly means that nothing is written here, and that the user may lack the
	// permission.
	readOnly bool
	// copyWithin is how long a swap waits for a replica that no node is copying.
	copyWithin time.Duration

	// serving is held for reading by every call, for writing by Close.
	serving sync.RWMutex
	closed  bool

	filling  sync.Mutex
	rebuilds map[*rebuild]bool // in progress
}

var _ search.Index = (*Index)(nil)

// Open connects to a cluster and creates missing views, empty. If the cluster can't answer,
// the error is a *search.UnavailableError, and Open may be called again. A cluster older
// than the minimum version is refused by an error that says so. With ReadOnly it makes no
// call.
func Open(ctx context.Context, o Options) (*Index, error) {
	return open(ctx, o, shapes())
}

func open(ctx context.Context, o Options, shapes map[search.View]shape) (*Index, error) {
	if o.Refresh == 0 {
		o.Refresh = defaultRefresh
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("open the search index: %w", err)
	}
	c, err := newClient(o.URLs, o.Authorities)
	if err != nil {
		return nil, fmt.Errorf("open the search index: %w", err)
	}
	x := &Index{
		client: c, names: names{o.Prefix}, shapes: shapes, same: text.NewThesaurus(o.Synonyms),
		refresh: o.Refresh, timeout: o.Timeout, readOnly: o.ReadOnly, copyWithin: copyWithin,
		rebuilds: map[*rebuild]bool{},
	}
	if o.ReadOnly {
		return x, nil
	}
	if err := x.change(ctx, "open the search index", x.prepare); err != nil {
		c.close()
		return nil, err
	}
	return x, nil
}

// Close implements search.Index.
func (x *Index) Close() error {
	x.serving.Lock()
	defer x.serving.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	defer x.client.close()
	ctx, cancel := context.WithTimeout(context.Background(), x.timeout)
	defer cancel()
	var all error
	for r := range x.rebuilds {
		all = errors.Join(all, r.drop(ctx))
	}
	return failed("close the index", all)
}

// Refresh makes everything that was put before visible to searches.
func (x *Index) Refresh(ctx context.Context) error {
	return x.change(ctx, "refresh", func(ctx context.Context) error {
		all := x.names.read(search.ViewProducts) + "," + x.names.read(search.ViewOrders) + "," + x.names.events()
		return x.client.call(ctx, request{method: "POST", path: "/" + all + "/_refresh", query: "ignore_unavailable=true"}, nil)
	})
}

// read runs a call that only reads.
func (x *Index) read(ctx context.Context, doing string, call func(context.Context) error) error {
	return x.bounded(ctx, x.timeout, doing, call)
}

// change runs a call that changes something, which may take longer. Every call that writes
// goes through here.
func (x *Index) change(ctx context.Context, doing string, call func(context.Context) error) error {
	if x.readOnly {
		return fmt.Errorf("%s: %w", doing, errReadOnly)
	}
	return x.bounded(ctx, patience*x.timeout, doing, call)
}

func (x *Index) bounded(ctx context.Context, atMost time.Duration, doing string, call func(context.Context) error) error {
	x.serving.RLock()
	defer x.serving.RUnlock()
	if x.closed {
		return search.ErrClosed
	}
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return failed(doing, err)
	}
	return failed(doing, call(ctx))
}

// failed passes on errors of the contract and wraps all others.
func failed(doing string, err error) error {
	var bad search.Invalid
	var covered *search.UnavailableError
	var old *tooOldError
	switch {
	case err == nil, errors.Is(err, search.ErrNotFound), errors.Is(err, search.ErrRebuildOver), errors.Is(err, errForeign):
		return err
	case errors.As(err, &bad), errors.As(err, &covered), errors.As(err, &old):
		return err
	}
	return &search.UnavailableError{Doing: doing, Cause: err}
}
