// Package embedded answers searches inside the process, on bleve: for a machine
// with nothing but Go, for tests, and for shops of some 10,000 products. It keeps
// the contract of search.Index and passes its suite. What is put is found at once.
// It belongs to one process: two can't share a folder.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"holdfast/search"
)

// Options of an index.
type Options struct {
	// Folder keeps the index, so that it is opened again as it was; also after a
	// crash, what Put has answered is there. Empty keeps it for this process only,
	// in a folder of the system's that Close removes.
	Folder string
	// Synonyms of product searches. They may be others the next time.
	Synonyms search.Synonyms
}

// Index is a search.Index inside the process.
type Index struct {
	same   thesaurus
	folder folder
	passes bool // the folder goes when the index is closed
	fresh  bool

	// writing lets one writer at a time compare versions and store.
	writing sync.Mutex
	// serving is held for reading by every call, for writing by what changes now
	// and next.
	serving sync.RWMutex
	now     *generation // answers; nil once closed
	next    *generation // of the rebuild under way, if any
}

var _ search.Index = (*Index)(nil)

// Open opens the index of a folder, or an empty one. It fails where another
// process has the folder.
func Open(o Options) (*Index, error) {
	x := &Index{same: newThesaurus(o.Synonyms), folder: folder{path: o.Folder}}
	if o.Folder == "" { // bleve's index in memory never merges: after 1,000 puts it has 1,000 pieces
		path, err := os.MkdirTemp("", "holdfast-search-")
		if err != nil {
			return nil, fmt.Errorf("open the search index: %w", err)
		}
		x.folder, x.passes = folder{path: path, passing: true}, true
	}
	var err error
	if x.now, x.fresh, err = x.folder.open(); err != nil {
		if x.passes {
			err = errors.Join(err, os.RemoveAll(x.folder.path))
		}
		return nil, fmt.Errorf("open the search index: %w", err)
	}
	return x, nil
}

// Fresh tells whether the index was empty when it was opened: a new folder, or one
// that an earlier version wrote in another shape. What it is to show has to be put
// again.
func (x *Index) Fresh() bool { return x.fresh }

// Close implements search.Index.
func (x *Index) Close() error {
	x.writing.Lock()
	defer x.writing.Unlock()
	x.serving.Lock()
	defer x.serving.Unlock()
	if x.now == nil {
		return nil
	}
	err := x.now.close()
	if x.next != nil {
		err = errors.Join(err, x.next.remove())
	}
	x.now, x.next = nil, nil
	if x.passes {
		err = errors.Join(err, os.RemoveAll(x.folder.path))
	}
	if err != nil {
		return &search.UnavailableError{Doing: "close the index", Cause: err}
	}
	return nil
}

// read runs a call on the generation that answers, which stays open meanwhile.
func (x *Index) read(ctx context.Context, doing string, call func(g *generation) error) error {
	if err := ctx.Err(); err != nil {
		return failed(doing, err)
	}
	x.serving.RLock()
	defer x.serving.RUnlock()
	if x.now == nil {
		return search.ErrClosed
	}
	return failed(doing, call(x.now))
}

// failed keeps errors that the contract knows and covers all others.
func failed(doing string, err error) error {
	var bad search.Invalid
	if err == nil || errors.Is(err, search.ErrNotFound) || errors.As(err, &bad) {
		return err
	}
	return &search.UnavailableError{Doing: doing, Cause: err}
}
