package elastic

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"holdfast/search"
)

// rebuild fills an index beside the one that answers.
type rebuild struct {
	of    *Index
	view  search.View
	index string
	// alias is used for writing: it is dropped with the index, and nothing recreates it.
	alias string

	mu   sync.Mutex
	over bool
}

var _ search.Rebuild = (*rebuild)(nil)

// Rebuild implements search.Index.
func (x *Index) Rebuild(ctx context.Context, v search.View) (search.Rebuild, error) {
	if err := known(v); err != nil {
		return nil, err
	}
	var r *rebuild
	err := x.change(ctx, "begin a rebuild", func(ctx context.Context) error {
		// An index hidden by a lost alias has to be visible to be copied.
		if _, err := x.answering(ctx, v); missing(err) {
			if err := x.adoptFirst(ctx, v); err != nil && !missing(err) {
				return err
			}
		}
		if err := x.notNewer(ctx, v); err != nil {
			return err
		}
		if err := x.dropLeftovers(ctx, v); err != nil {
			return err
		}
		s := x.shapes[v]
		r = &rebuild{of: x, view: v}
		r.index, r.alias = x.names.next(v, s.version)
		body := s.index(meta{Shape: s.version}, fillSettings())
		body["aliases"] = object{r.alias: object{}}
		if err := x.client.call(ctx, request{method: "PUT", path: "/" + r.index, body: body}, nil); err != nil {
			return err
		}
		x.keep(r, true)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// notNewer refuses to rebuild a view that a program of a newer shape has built: while a new
// version rolls out, an older worker may get the task.
func (x *Index) notNewer(ctx context.Context, v search.View) error {
	m, err := x.meta(ctx, v)
	if missing(err) {
		return nil
	}
	if err == nil && m.Shape > x.shapes[v].version {
		return search.ErrOutdated
	}
	return err
}

// keep notes which rebuilds are in progress, for Close.
func (x *Index) keep(r *rebuild, underWay bool) {
	x.filling.Lock()
	defer x.filling.Unlock()
	if underWay {
		x.rebuilds[r] = true
	} else {
		delete(x.rebuilds, r)
	}
}

// drop removes the aliases of a rebuild, and then its index. It fails if the aliases are
// missing: then the rebuild was swapped in meanwhile, and its index answers.
func (x *Index) drop(ctx context.Context, index string, aliases ...string) error {
	for _, a := range aliases {
		if err := x.client.call(ctx, aliasing(list{removal(index, a)}), nil); err != nil {
			return err
		}
	}
	return x.client.call(ctx, request{method: "DELETE", path: "/" + index}, nil)
}

// run runs a call on the rebuild, unless it is over.
func (r *rebuild) run(ctx context.Context, doing string, call func(context.Context) error) error {
	return r.of.change(ctx, doing, func(ctx context.Context) error {
		r.mu.Lock()
		over := r.over
		r.mu.Unlock()
		if over {
			return search.ErrRebuildOver
		}
		err := call(ctx)
		if gone := new(absent); missing(err) || errors.As(err, &gone) {
			return search.ErrRebuildOver // a later one dropped it
		}
		return err
	})
}

// Put implements search.Rebuild.
func (r *rebuild) Put(ctx context.Context, b search.Batch) (search.Results, error) {
	if len(b.Events) > 0 || len(b.Products) > 0 && r.view != search.ViewProducts || len(b.Orders) > 0 && r.view != search.ViewOrders {
		return search.Results{}, fmt.Errorf("put documents into a rebuild of %s: %w", r.view, errForeign)
	}
	var results search.Results
	err := r.run(ctx, "put documents into a rebuild", func(ctx context.Context) error {
		var err error
		results, err = r.of.put(ctx, b, destinations{products: r.alias, orders: r.alias})
		return err
	})
	if err != nil {
		return search.Results{}, err
	}
	return results, nil
}

// Revisions implements search.Rebuild.
func (r *rebuild) Revisions(ctx context.Context, ids []string) (map[string]int64, error) {
	var all map[string]int64
	err := r.run(ctx, "read revisions of a rebuild", func(ctx context.Context) (err error) {
		all, err = r.of.revisions(ctx, r.alias, ids)
		return err
	})
	return all, err
}

// Refresh implements search.Rebuild.
func (r *rebuild) Refresh(ctx context.Context) error {
	return r.run(ctx, "refresh a rebuild", func(ctx context.Context) error {
		return r.of.client.call(ctx, request{method: "POST", path: "/" + r.index + "/_refresh"}, nil)
	})
}

// end notes that the rebuild is over, in whichever way.
func (r *rebuild) end() {
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	r.of.keep(r, false)
}

// Abandon implements search.Rebuild.
func (r *rebuild) Abandon(ctx context.Context) error {
	err := r.run(ctx, "abandon a rebuild", func(ctx context.Context) error {
		if err := r.drop(ctx); err != nil {
			return err
		}
		r.end()
		return nil
	})
	if errors.Is(err, search.ErrRebuildOver) || errors.Is(err, search.ErrClosed) { // Close abandoned it
		return nil
	}
	return err
}

// drop drops the index, unless it answers by now or is gone.
func (r *rebuild) drop(ctx context.Context) error {
	if err := r.of.drop(ctx, r.index, r.alias); !missing(err) {
		return err
	}
	return nil
}
