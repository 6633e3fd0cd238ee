package embedded

import (
	"context"
	"fmt"

	"holdfast/search"
)

// rebuild fills a generation beside the one that answers.
type rebuild struct {
	of   *view
	into *generation
}

var _ search.Rebuild = (*rebuild)(nil)

// Rebuild implements search.Index.
func (x *Index) Rebuild(ctx context.Context, name search.View) (search.Rebuild, error) {
	v, err := x.view(name)
	if err != nil {
		return nil, err
	}
	into, err := v.begin(ctx)
	if err != nil {
		return nil, err
	}
	return &rebuild{of: v, into: into}, nil
}

// Put implements search.Rebuild.
func (r *rebuild) Put(ctx context.Context, b search.Batch) (search.Results, error) {
	const doing = "put documents into a rebuild"
	if err := r.takes(b); err != nil {
		return search.Results{}, err
	}
	r.of.serving.RLock()
	defer r.of.serving.RUnlock()
	if err := r.goesOn(ctx, doing); err != nil {
		return search.Results{}, err
	}
	var results search.Results
	var err error
	if results.Products, err = r.into.putProducts(b.Products); err != nil {
		return search.Results{}, failed(doing, err)
	}
	if results.Orders, err = r.into.putOrders(b.Orders); err != nil {
		return search.Results{}, failed(doing, err)
	}
	return results, nil
}

// takes refuses what doesn't belong in the view.
func (r *rebuild) takes(b search.Batch) error {
	if len(b.Events) > 0 ||
		len(b.Products) > 0 && r.of.name != search.ViewProducts ||
		len(b.Orders) > 0 && r.of.name != search.ViewOrders {
		return fmt.Errorf("a rebuild of the view of %s takes nothing else", r.of.name)
	}
	return nil
}

// goesOn refuses a rebuild that was swapped in, abandoned, taken over or closed. The caller
// holds the view's lock.
func (r *rebuild) goesOn(ctx context.Context, doing string) error {
	switch {
	case r.of.now == nil:
		return search.ErrClosed
	case r.of.next != r.into:
		return search.ErrRebuildOver
	}
	return failed(doing, ctx.Err())
}

// Revisions implements search.Rebuild.
func (r *rebuild) Revisions(ctx context.Context, ids []string) (map[string]int64, error) {
	const doing = "read revisions of a rebuild"
	r.of.serving.RLock()
	defer r.of.serving.RUnlock()
	if err := r.goesOn(ctx, doing); err != nil {
		return nil, err
	}
	there, err := r.into.revisions(ctx, ids)
	return there, failed(doing, err)
}

// Refresh implements search.Rebuild: what was put can be found already.
func (r *rebuild) Refresh(ctx context.Context) error {
	r.of.serving.RLock()
	defer r.of.serving.RUnlock()
	return r.goesOn(ctx, "refresh a rebuild")
}

// Swap implements search.Rebuild.
func (r *rebuild) Swap(ctx context.Context) error {
	const doing = "swap a rebuild in"
	v := r.of
	v.serving.Lock()
	defer v.serving.Unlock()
	if err := r.goesOn(ctx, doing); err != nil {
		return err
	}
	if err := v.folder.point(v.next, true); err != nil {
		return failed(doing, err)
	}
	old := v.now
	v.now, v.next, v.full = v.next, nil, true
	_ = old.remove() // it is swapped: what remains on disk is deleted when the folder is opened again
	return nil
}

// Abandon implements search.Rebuild.
func (r *rebuild) Abandon(context.Context) error {
	v := r.of
	v.serving.Lock()
	defer v.serving.Unlock()
	if v.now == nil || v.next != r.into {
		return nil
	}
	return failed("abandon a rebuild", v.drop())
}
