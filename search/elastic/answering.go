package elastic

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/search"
)

// answering tells the one index that answers searches of a view.
func (x *Index) answering(ctx context.Context, v search.View) (string, error) {
	var indices []string
	for range 2 {
		var found map[string]any
		if err := x.client.call(ctx, request{method: "GET", path: "/_alias/" + x.names.read(v)}, &found); err != nil {
			return "", err
		}
		if indices = slices.Sorted(maps.Keys(found)); len(indices) == 1 {
			return indices[0], nil
		}
		if err := x.setFirstAside(ctx, v); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("alias %s stands for %d indices: %v", x.names.read(v), len(indices), indices)
}

// described is what an index says of itself.
type described struct {
	Aliases  map[string]any `json:"aliases"`
	Mappings struct {
		Meta meta `json:"_meta"`
	} `json:"mappings"`
}

// describe tells of the indices of a name, an alias or a pattern.
func (x *Index) describe(ctx context.Context, names string) (map[string]described, error) {
	var found map[string]described
	err := x.client.call(ctx, request{method: "GET", path: "/" + names}, &found)
	return found, err
}

// setFirstAside mends a view that two indices answer: a program found none and made the
// first one, just when a rebuild was swapped in. That one is complete, and the rebuild
// brings what the first was given. All else that has two is left to a human.
func (x *Index) setFirstAside(ctx context.Context, v search.View) error {
	found, err := x.describe(ctx, x.names.read(v))
	if err != nil {
		return err
	}
	first, both := found[x.names.first(v)]
	delete(found, x.names.first(v))
	if !both || first.Mappings.Meta.Complete || len(found) != 1 {
		return nil
	}
	for _, rebuilt := range found {
		if !rebuilt.Mappings.Meta.Complete {
			return nil
		}
	}
	var actions list
	for alias := range first.Aliases {
		actions = append(actions, removal(x.names.first(v), alias))
	}
	if err := x.client.call(ctx, aliasing(actions), nil); err != nil && !missing(err) { // somebody did it before
		return err
	}
	return nil
}

// adoptFirst gives the first index its aliases where they were lost, as after a
// restore without aliases. It may be of another shape than this program's.
func (x *Index) adoptFirst(ctx context.Context, v search.View) error {
	first := x.names.first(v)
	found, err := x.describe(ctx, first)
	if err != nil {
		return err
	}
	shape := found[first].Mappings.Meta.Shape
	return x.client.call(ctx, aliasing(list{addition(first, x.names.read(v)), addition(first, x.names.write(v, shape))}), nil)
}
