package command

import (
	"maps"
	"slices"
)

// Apply applies a patch to a copy of the draft.
func (d *Draft) Apply(patch []Op, by Ref) (*Draft, error) {
	c := d.clone()
	return c, c.apply(patch, by)
}

// Fields lists all fields of the view.
func Fields() []string { return slices.Sorted(maps.Keys(fields)) }
