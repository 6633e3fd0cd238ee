package elastic

import (
	"context"

	"holdfast/search"
)

// OpenShape opens an index as a program does whose shape of products has another
// version.
func OpenShape(ctx context.Context, o Options, version int) (*Index, error) {
	all := shapes()
	s := all[search.ProductsView]
	s.version = version
	all[search.ProductsView] = s
	return open(ctx, o, all)
}
