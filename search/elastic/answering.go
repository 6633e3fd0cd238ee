package elastic

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"holdfast/search"
)

// answering returns the one index that answers searches of a view.
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

// described is what an index reports about itself.
type described struct {
	Aliases  map[string]any `json:"aliases"`
	Mappings struct {
		Meta meta `json:"_meta"`
	} `json:"mappings"`
}

// describe describes the indices of a name, an alias or a pattern.
func (x *Index) describe(ctx context.Context, names string) (map[string]described, error) {
	var found map[string]described
	err := x.client.call(ctx, request{method: "GET", path: "/" + names}, &found)
	return found, err
}

// setFirstAside repairs a view that two indices answer: a program found none and created
// the first one just as a rebuild was swapped in. The rebuild's index is complete, and
// copies what the first one received. Any other case of two is left to an operator.
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
	if err := x.client.call(ctx, aliasing(actions), nil); err != nil && !missing(err) { // another program did it before
		return err
	}
	return nil
}

// adoptFirst gives the first index its aliases if they were lost, as after a restore
// without aliases. Its shape may differ from this program's.
func (x *Index) adoptFirst(ctx context.Context, v search.View) error {
	first := x.names.first(v)
	found, err := x.describe(ctx, first)
	if err != nil {
		return err
	}
	shape := found[first].Mappings.Meta.Shape
	return x.client.call(ctx, aliasing(list{addition(first, x.names.read(v)), addition(first, x.names.write(v, shape))}), nil)
}
