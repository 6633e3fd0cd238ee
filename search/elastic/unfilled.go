package elastic

import (
	"context"

	"holdfast/search"
)

// Unfilled implements search.Index.
func (x *Index) Unfilled(ctx context.Context) ([]search.View, error) {
	var unfilled []search.View
	err := x.read(ctx, "find unfilled views", func(ctx context.Context) error {
		for _, v := range search.Views() {
			m, err := x.meta(ctx, v)
			if err != nil && !missing(err) {
				return err
			}
			if err != nil || !m.Complete {
				unfilled = append(unfilled, v)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return unfilled, nil
}
