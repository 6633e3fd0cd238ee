package elastic

import (
	"context"
	"fmt"

	"holdfast/search"
)

// WalkProducts implements search.Index.
func (x *Index) WalkProducts(ctx context.Context, after string, limit int) ([]search.Product, error) {
	return walk[search.Product](ctx, x, search.ViewProducts, after, limit)
}

// WalkOrders implements search.Index.
func (x *Index) WalkOrders(ctx context.Context, after string, limit int) ([]search.Order, error) {
	return walk[search.Order](ctx, x, search.ViewOrders, after, limit)
}

func walk[D any](ctx context.Context, x *Index, v search.View, after string, limit int) ([]D, error) {
	if limit < 1 || limit > search.MaxWalk {
		return nil, search.Invalid{{Path: "limit", Reason: fmt.Sprintf("must lie between 1 and %d", search.MaxWalk)}}
	}
	var docs []D
	err := x.bounded(ctx, patience*x.timeout, "walk over documents", func(ctx context.Context) error {
		if after == "" && !x.readOnly {
			if err := x.show(ctx, v); err != nil {
				return err
			}
		}
		body := object{"size": limit, "track_total_hits": false, "sort": list{object{"id": "asc"}}}
		if after != "" {
			body["search_after"] = list{after}
		}
		found, err := find[D](ctx, x, x.names.read(v), body)
		if err != nil {
			return err
		}
		docs, _, err = found.page(nil, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// show makes everything that was put visible to a walk: a rebuild uses it to copy what
// exists nowhere else.
func (x *Index) show(ctx context.Context, v search.View) error {
	return ofView(throughSwap(ctx, func() error {
		return x.client.call(ctx, request{method: "POST", path: "/" + x.names.read(v) + "/_refresh"}, nil)
	}))
}
