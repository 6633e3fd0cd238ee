// Package embedded answers searches inside the process, on bleve: for a machine with
// nothing but Go, for tests, and for shops of about 10,000 products. It implements
// search.Index and passes its suite. What is put is found at once. It belongs to one
// process: two can't share a folder.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"holdfast/search"
	"holdfast/search/text"
)

// Options of an index.
type Options struct {
	// Folder stores the index, so that it is reopened as it was; even after a crash,
	// everything that Put has confirmed is there. Empty keeps it for this process only, in
	// a temporary folder that Close removes.
	Folder string
	// Synonyms of product searches. They may differ the next time.
	Synonyms search.Synonyms
}

// Index is a search.Index inside the process.
type Index struct {
	same             text.Thesaurus
	products, orders *view
	events           *eventLog
	passing          string // the folder to remove when the index is closed, if any
}

var _ search.Index = (*Index)(nil)

// The parts of an index's folder. The file of events also locks the folder.
const (
	eventsFile     = "events.db"
	productsFolder = "products"
	ordersFolder   = "orders"
)

// lockWait is how long to wait for another process to release a folder.
const lockWait = 2 * time.Second

// Open opens the index in a folder, or an empty one. It fails if another process uses the
// folder. A view that a program of another shape left is dropped and has to be filled
// again: this index must not be the only place of an order.
func Open(o Options) (*Index, error) {
	x := &Index{same: text.NewThesaurus(o.Synonyms)}
	if o.Folder == "" { // bleve's in-memory index never merges: after 1,000 puts it has 1,000 segments
		path, err := os.MkdirTemp("", "holdfast-search-")
		if err != nil {
			return nil, fmt.Errorf("open the search index: %w", err)
		}
		o.Folder, x.passing = path, path
	}
	if err := x.open(o.Folder); err != nil {
		return nil, fmt.Errorf("open the search index: %w", errors.Join(err, x.close()))
	}
	return x, nil
}

func (x *Index) open(path string) (err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	passing := x.passing != ""
	if x.events, err = openEvents(filepath.Join(path, eventsFile), passing); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	if x.products, err = openView(search.ViewProducts, filepath.Join(path, productsFolder), passing); err != nil {
		return fmt.Errorf("products: %w", err)
	}
	if x.orders, err = openView(search.ViewOrders, filepath.Join(path, ordersFolder), passing); err != nil {
		return fmt.Errorf("orders: %w", err)
	}
	return syncFolder(path)
}

func (x *Index) view(name search.View) (*view, error) {
	switch name {
	case search.ViewProducts:
		return x.products, nil
	case search.ViewOrders:
		return x.orders, nil
	}
	return nil, fmt.Errorf("there is no view %q", name)
}

// Stale implements search.Index. An index of an older shape is recreated when it is opened,
// so the only stale views are those that no rebuild has filled yet.
func (x *Index) Stale(ctx context.Context) ([]search.View, error) {
	var stale []search.View
	for _, v := range []*view{x.products, x.orders} {
		err := v.read(ctx, "find stale views", func(*generation) error {
			if !v.full {
				stale = append(stale, v.name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return stale, nil
}

// Unfilled implements search.Index: a view of an older shape was recreated, empty.
func (x *Index) Unfilled(ctx context.Context) ([]search.View, error) { return x.Stale(ctx) }

// Close implements search.Index.
func (x *Index) Close() error {
	if err := x.close(); err != nil {
		return &search.UnavailableError{Doing: "close the index", Cause: err}
	}
	return nil
}

// close closes what is open; it can be repeated.
func (x *Index) close() error {
	var errs []error
	for _, v := range []*view{x.products, x.orders} {
		if v != nil {
			errs = append(errs, v.close())
		}
	}
	if x.events != nil {
		errs = append(errs, x.events.close())
	}
	if x.passing != "" {
		errs = append(errs, os.RemoveAll(x.passing))
	}
	return errors.Join(errs...)
}

// failed passes on errors of the contract and wraps all others.
func failed(doing string, err error) error {
	var bad search.Invalid
	if err == nil || errors.Is(err, search.ErrNotFound) || errors.Is(err, search.ErrClosed) || errors.As(err, &bad) {
		return err
	}
	return &search.UnavailableError{Doing: doing, Cause: err}
}
