package elastic

import (
	"context"
)

// Swap implements search.Rebuild.
func (r *rebuild) Swap(ctx context.Context) error {
	x := r.of
	err := r.run(ctx, "wait for the replicas of a rebuild", func(ctx context.Context) error {
		return x.client.call(ctx, request{method: "PUT", path: "/" + r.index + "/_settings", body: x.settings()}, nil)
	})
	if err != nil {
		return err
	}
	if err := r.awaitCopy(ctx); err != nil {
		return err
	}
	return r.run(ctx, "swap a rebuild in", func(ctx context.Context) error {
		complete := object{"_meta": meta{Shape: x.shapes[r.view].version, Complete: true}}
		if err := x.client.call(ctx, request{method: "PUT", path: "/" + r.index + "/_mapping", body: complete}, nil); err != nil {
			return err
		}
		if err := r.takePlace(ctx); err != nil {
			return err
		}
		r.end()
		_ = x.dropOlderLeftovers(ctx, r.view) // what stays is dropped after the next swap
		return nil
	})
}

// takePlace moves the aliases and drops the old index in one step, so that readers never
// find none or two. If another one took the place a moment before, it tries again.
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
	x, actions := r.of, r.taking()
	switch old, err := x.answering(ctx, r.view); {
	case missing(err):
		instead, err := r.insteadOfNone(ctx)
		if err != nil {
			return err
		}
		actions = append(actions, instead...)
	case err != nil:
		return err
	case old == r.index:
		return nil // an answer was lost, but the swap is done
	default:
		if err := x.notNewer(ctx, r.view); err != nil {
			return err
		}
		actions = append(actions, object{"remove_index": object{"index": old}})
	}
	return x.client.call(ctx, aliasing(actions), nil)
}

// taking is what a swap does in any case. It fails if the rebuild is over.
func (r *rebuild) taking() list {
	n := r.of.names
	return list{
		removal(r.index, r.alias),
		addition(r.index, n.read(r.view)),
		addition(r.index, n.write(r.view, r.of.shapes[r.view].version)),
	}
}

// insteadOfNone is what else a swap does if the alias was removed. Another program may be
// creating the first index at this moment: whichever index has the aliases when the request
// arrives loses them. A first index without aliases is dropped, so that it doesn't answer
// again some day; if it existed when the rebuild began, it got its aliases back then, and
// was copied.
func (r *rebuild) insteadOfNone(ctx context.Context) (list, error) {
	x := r.of
	actions := list{
		removalOfAny(x.names.read(r.view)+"*", x.names.read(r.view)),
		removalOfAny(x.names.read(r.view)+"*", x.names.write(r.view, x.shapes[r.view].version)),
	}
	first := x.names.first(r.view)
	switch found, err := x.describe(ctx, first); {
	case missing(err):
	case err != nil:
		return nil, err
	case !hasAlias(found[first], x.names.read(r.view)): // otherwise it was created just now
		actions = append(actions, object{"remove_index": object{"index": first}})
	}
	return actions, nil
}

func hasAlias(d described, alias string) bool {
	_, has := d.Aliases[alias]
	return has
}

// aliasing carries out all of the actions at once, or none.
func aliasing(actions list) request {
	return request{method: "POST", path: "/_aliases", body: object{"actions": actions}}
}

func addition(index, alias string) object {
	return object{"add": object{"index": index, "alias": alias}}
}

// removal fails, with all other actions of the request, if the alias is missing.
func removal(index, alias string) object {
	return object{"remove": object{"index": index, "alias": alias, "must_exist": true}}
}

// removalOfAny removes an alias from all indices of a pattern that have it.
func removalOfAny(indices, alias string) object {
	return object{"remove": object{"index": indices, "alias": alias, "must_exist": false}}
}
