package embedded

import (
	"context"

	"holdfast/search"
)

// rebuild fills a generation beside the one that answers.
type rebuild struct {
	of   *Index
	into *generation
}

// Rebuild implements search.Index.
func (x *Index) Rebuild(ctx context.Context) (search.Rebuild, error) {
	const doing = "begin a rebuild"
	x.writing.Lock()
	defer x.writing.Unlock()
	x.serving.Lock()
	defer x.serving.Unlock()
	switch {
	case x.now == nil:
		return nil, search.ErrClosed
	case x.next != nil:
		return nil, search.ErrRebuilding
	case ctx.Err() != nil:
		return nil, failed(doing, ctx.Err())
	}
	next, err := x.folder.create()
	if err != nil {
		return nil, failed(doing, err)
	}
	x.next = next
	return &rebuild{of: x, into: next}, nil
}

// Put implements search.Rebuild.
func (r *rebuild) Put(ctx context.Context, b search.Batch) (search.Results, error) {
	r.of.writing.Lock()
	defer r.of.writing.Unlock()
	if err := r.goesOn(ctx, "put documents into a rebuild"); err != nil {
		return search.Results{}, err
	}
	results, err := r.into.put(b)
	return results, failed("put documents into a rebuild", err)
}

// goesOn refuses a rebuild that was swapped in, abandoned or closed. The caller
// holds the writers' lock, under which alone that changes.
func (r *rebuild) goesOn(ctx context.Context, doing string) error {
	switch {
	case r.of.now == nil:
		return search.ErrClosed
	case r.of.next != r.into:
		return search.ErrRebuildOver
	}
	return failed(doing, ctx.Err())
}

// Swap implements search.Rebuild.
func (r *rebuild) Swap(ctx context.Context) error {
	const doing = "swap a rebuild in"
	x := r.of
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := r.goesOn(ctx, doing); err != nil {
		return err
	}
	x.serving.Lock()
	defer x.serving.Unlock()
	if err := x.folder.point(x.next); err != nil {
		return failed(doing, err)
	}
	old := x.now
	x.now, x.next = x.next, nil
	_ = old.remove() // it is swapped: what stays on the disk is cleared when the folder is opened again
	return nil
}

// Abandon implements search.Rebuild.
func (r *rebuild) Abandon(context.Context) error {
	x := r.of
	x.writing.Lock()
	defer x.writing.Unlock()
	if x.next != r.into || x.now == nil {
		return nil
	}
	x.serving.Lock()
	defer x.serving.Unlock()
	x.next = nil
	return failed("abandon a rebuild", r.into.remove())
}

var _ search.Rebuild = (*rebuild)(nil)
