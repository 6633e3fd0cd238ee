package elastic

import (
	"context"
	"maps"
	"slices"
	"time"

	"holdfast/search"
)

// longestRebuild is the age from which a rebuild of another shape is certainly not being
// filled any more. Its activity may take a day.
const longestRebuild = 25 * time.Hour

// dropLeftovers drops the indices of rebuilds of this shape that don't answer.
func (x *Index) dropLeftovers(ctx context.Context, v search.View) error {
	return x.dropFilled(ctx, v, x.names.filled(v, x.shapes[v].version), func(string) bool { return true })
}

// dropOlderLeftovers drops those of rebuilds of older shapes, which no later rebuild of
// that shape will drop. A program of such a shape may still be filling one.
func (x *Index) dropOlderLeftovers(ctx context.Context, v search.View) error {
	before := time.Now().Add(-longestRebuild)
	for shape := 1; shape < x.shapes[v].version; shape++ {
		ended := func(index string) bool {
			begun, ok := x.names.begun(index, v, shape)
			return ok && begun.Before(before)
		}
		if err := x.dropFilled(ctx, v, x.names.filled(v, shape), ended); err != nil {
			return err
		}
	}
	return nil
}

// dropFilled drops the indices of a pattern that don't answer, if may allows it.
func (x *Index) dropFilled(ctx context.Context, v search.View, pattern string, may func(index string) bool) error {
	found, err := x.describe(ctx, pattern)
	if err != nil {
		return err
	}
	for index, of := range found {
		_, live := of.Aliases[x.names.read(v)]
		// A complete one without any alias answered once, and came from a snapshot that was
		// restored without aliases: it may have the only copy of something.
		restored := len(of.Aliases) == 0 && of.Mappings.Meta.Complete
		if live || restored || !may(index) {
			continue
		}
		if err := x.drop(ctx, index, slices.Collect(maps.Keys(of.Aliases))...); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}
