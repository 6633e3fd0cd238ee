package embedded

import (
	"context"
	"errors"
	"sync"

	"holdfast/search"
)

// view is one of the copies of an index: the generation that answers, and the one that a
// rebuild is filling, if any.
type view struct {
	name   search.View
	folder folder

	// serving is held for reading by every call, for writing by what changes the other
	// fields.
	serving sync.RWMutex
	now     *generation // nil once closed
	next    *generation
	full    bool // now was swapped in by a rebuild
}

func openView(name search.View, path string, passing bool) (*view, error) {
	v := &view{name: name, folder: folder{path: path, passing: passing}}
	var err error
	v.now, v.full, err = v.folder.open()
	return v, err
}

// read runs a call on the generation that answers, which stays open meanwhile.
func (v *view) read(ctx context.Context, doing string, call func(g *generation) error) error {
	if err := ctx.Err(); err != nil {
		return failed(doing, err)
	}
	v.serving.RLock()
	defer v.serving.RUnlock()
	if v.now == nil {
		return search.ErrClosed
	}
	return failed(doing, call(v.now))
}

// begin creates an empty generation to fill, replacing one that is being filled.
func (v *view) begin(ctx context.Context) (*generation, error) {
	const doing = "start a rebuild"
	v.serving.Lock()
	defer v.serving.Unlock()
	if v.now == nil {
		return nil, search.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, failed(doing, err)
	}
	if err := v.drop(); err != nil {
		return nil, failed(doing, err)
	}
	next, err := v.folder.create()
	if err != nil {
		return nil, failed(doing, err)
	}
	v.next = next
	return next, nil
}

// drop removes the generation that is being filled. The caller holds serving.
func (v *view) drop() error {
	if v.next == nil {
		return nil
	}
	gone := v.next
	v.next = nil
	return gone.remove()
}

func (v *view) close() error {
	v.serving.Lock()
	defer v.serving.Unlock()
	if v.now == nil {
		return nil
	}
	err := errors.Join(v.now.close(), v.drop())
	v.now = nil
	return err
}
