// Package search is the contract of the views that answer searches: what a
// product and an order look like to somebody who looks for them, what can be
// asked, and how an index keeps up with their homes. It holds no index itself and
// never decides about an order: a view is a copy, may be late, and can be built
// anew at any time. searchtest holds what every index has to pass.
package search

import "context"

// Index keeps copies of products and orders and answers searches over them. All
// methods may be called at the same time from many goroutines. Where a query or a
// cursor is wrong the error is an Invalid; where the index itself can't answer it
// is an *UnavailableError, and the call may be repeated.
type Index interface {
	// Put takes what the batch holds, document by document, where it is newer than
	// what is there: see Outcome. An error means that nothing is known about the
	// batch; it can be put again, whole, without harm. A search may show what was
	// put a little later, an implementation says how much.
	Put(ctx context.Context, b Batch) (Results, error)
	// GetProduct returns a product's document whatever its status, or ErrNotFound.
	GetProduct(ctx context.Context, id string) (Product, error)
	// GetOrder returns an order's document, or ErrNotFound.
	GetOrder(ctx context.Context, id string) (Order, error)
	// SearchProducts finds listed products.
	SearchProducts(ctx context.Context, q ProductQuery) (ProductPage, error)
	// Suggest completes what somebody has typed so far.
	Suggest(ctx context.Context, q SuggestQuery) (Suggestions, error)
	// ListOrders finds orders, the newest first.
	ListOrders(ctx context.Context, q OrderQuery) (OrderPage, error)
	// Rebuild begins an empty index beside the one that answers. ErrRebuilding
	// where another rebuild is under way.
	Rebuild(ctx context.Context) (Rebuild, error)
	// Close waits for calls under way, abandons a rebuild, and gives back what the
	// index holds. Later calls answer ErrClosed.
	Close() error
}

// Rebuild is an index that is being filled beside the one that answers. From its
// beginning until Swap or Abandon, everything that is put into the Index goes into
// both, so what changes while a rebuild reads the homes is not lost: a version
// that arrives twice does no harm, whichever comes first. After Swap or Abandon
// its methods answer ErrRebuildOver.
type Rebuild interface {
	// Put takes what the batch holds into the new index only.
	Put(ctx context.Context, b Batch) (Results, error)
	// Swap lets the new index answer, at once and for all, and drops the old one.
	// What only the old one had is gone then.
	Swap(ctx context.Context) error
	// Abandon drops the new index; the old one never noticed. After Swap it does
	// nothing, so it can be deferred.
	Abandon(ctx context.Context) error
}
