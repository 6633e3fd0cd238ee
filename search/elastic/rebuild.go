package elastic

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"holdfast/search"
)

// rebuild fills an index beside the one that answers.
type rebuild struct {
	of    *Index
	view  search.View
	index string
	// alias is where it is put: with the index it is gone, and nothing makes it anew.
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

// notNewer refuses to rebuild a view that a program of a newer shape has built: while
// a new version rolls out, an older worker may be given the work.
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

// keep notes which rebuilds are under way, for Close.
func (x *Index) keep(r *rebuild, underWay bool) {
	x.filling.Lock()
	defer x.filling.Unlock()
	if underWay {
		x.rebuilds[r] = true
	} else {
		delete(x.rebuilds, r)
	}
}

// dropLeftovers drops the indices of rebuilds of this shape that don't answer.
func (x *Index) dropLeftovers(ctx context.Context, v search.View) error {
	var found map[string]struct {
		Aliases map[string]any `json:"aliases"`
	}
	err := x.client.call(ctx, request{method: "GET", path: "/" + x.names.filled(v, x.shapes[v].version) + "/_alias"}, &found)
	if err != nil {
		return err
	}
	for index, of := range found {
		if _, live := of.Aliases[x.names.read(v)]; live {
			continue
		}
		if err := x.drop(ctx, index, slices.Collect(maps.Keys(of.Aliases))...); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

// drop takes the aliases of a rebuild away, and then its index. Where the aliases
// are not there, it fails: then the rebuild was swapped in meanwhile, and its index
// answers.
func (x *Index) drop(ctx context.Context, index string, aliases ...string) error {
	for _, a := range aliases {
		if err := x.client.call(ctx, aliasing(list{removal(index, a)}), nil); err != nil {
			return err
		}
	}
	return x.client.call(ctx, request{method: "DELETE", path: "/" + index}, nil)
}

// aliasing does all of the actions, at once, or none.
func aliasing(actions list) request {
	return request{method: "POST", path: "/_aliases", body: object{"actions": actions}}
}

func removal(index, alias string) object {
	return object{"remove": object{"index": index, "alias": alias, "must_exist": true}}
}

// run runs a call on the rebuild, if it goes on.
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
	if len(b.Events) > 0 || len(b.Products) > 0 && r.view != search.ProductsView || len(b.Orders) > 0 && r.view != search.OrdersView {
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

// Refresh implements search.Rebuild.
func (r *rebuild) Refresh(ctx context.Context) error {
	return r.run(ctx, "refresh a rebuild", func(ctx context.Context) error {
		return r.of.client.call(ctx, request{method: "POST", path: "/" + r.index + "/_refresh"}, nil)
	})
}

// Swap implements search.Rebuild.
func (r *rebuild) Swap(ctx context.Context) error {
	return r.run(ctx, "swap a rebuild in", func(ctx context.Context) error {
		x := r.of
		complete := object{"_meta": meta{Shape: x.shapes[r.view].version, Complete: true}}
		if err := x.client.call(ctx, request{method: "PUT", path: "/" + r.index + "/_settings", body: x.settings()}, nil); err != nil {
			return err
		}
		if err := x.client.call(ctx, request{method: "PUT", path: "/" + r.index + "/_mapping", body: complete}, nil); err != nil {
			return err
		}
		if err := r.takePlace(ctx); err != nil {
			return err
		}
		r.end()
		return nil
	})
}

// takePlace moves the aliases and drops the old index in one step, so that nobody
// ever finds none or two. Where another one took the place a moment before, it
// looks again.
func (r *rebuild) takePlace(ctx context.Context) error {
	var err error
	for range 3 {
		if err = r.tryToTakePlace(ctx); !missing(err) {
			return err
		}
	}
	return err
}

func (r *rebuild) tryToTakePlace(ctx context.Context) error {
	x := r.of
	actions := list{
		removal(r.index, r.alias),
		object{"add": object{"index": r.index, "alias": x.names.read(r.view)}},
		object{"add": object{"index": r.index, "alias": x.names.write(r.view, x.shapes[r.view].version)}},
	}
	switch old, err := x.answering(ctx, r.view); {
	case missing(err): // somebody took the alias away: now it is there again
	case err != nil:
		return err
	case old == r.index:
		return nil // an answer was lost, and it is done
	default:
		if err := x.notNewer(ctx, r.view); err != nil {
			return err
		}
		actions = append(actions, object{"remove_index": object{"index": old}})
	}
	return x.client.call(ctx, aliasing(actions), nil)
}

// end notes that the rebuild is over, whichever way.
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
