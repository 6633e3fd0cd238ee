// Package search is the contract of the views that answer searches: what a
// product and an order look like to somebody who looks for them, what can be
// asked, and how an index keeps up with their homes. It holds no index itself and
// never decides about an order: a view is a copy, may be late, and can be built
// anew at any time. searchtest holds what every index has to pass.
package search

import "context"

// View names one of the copies that an index keeps.
type View string

// The views that can be built anew from their homes.
const (
	ViewProducts View = "products"
	ViewOrders   View = "orders"
)

// Views lists them all.
func Views() []View { return []View{ViewProducts, ViewOrders} }

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
	// ListEvents finds what happened to a product, the newest first.
	ListEvents(ctx context.Context, q EventQuery) (EventPage, error)

	// Revisions tells which revision of which document is there; one that isn't
	// there is left out. It knows at once what Put has answered.
	Revisions(ctx context.Context, v View, ids []string) (map[string]int64, error)
	// WalkProducts lists the documents of products whatever their status, at most
	// limit of them (1 to MaxWalk), in the order of their ids, those after the given
	// one; none at the end. It is for who compares or copies a view. A walk begins with an
	// empty after, and shows all that this index's Put has answered by then.
	WalkProducts(ctx context.Context, after string, limit int) ([]Product, error)
	// WalkOrders does the same for orders.
	WalkOrders(ctx context.Context, after string, limit int) ([]Order, error)

	// Stale lists the views that don't have what they should: they were made empty
	// when the index was opened, or their shape is an older one than this program
	// writes. Put answers ErrOutdated for a document of a view of an older shape,
	// whereas searches go on. A view is no longer stale once a rebuild of it was
	// swapped in.
	Stale(ctx context.Context) ([]View, error)
	// Unfilled lists those of the stale views that no rebuild has ever filled: they were
	// lost, or made empty. One that is only of an older shape isn't among them.
	Unfilled(ctx context.Context) ([]View, error)
	// Rebuild begins an empty view beside the one that answers. What an earlier
	// rebuild of this view left, because it ended in its midst or still goes on, is
	// dropped: the caller sees to it that there is one at a time.
	Rebuild(ctx context.Context, v View) (Rebuild, error)
	// Close waits for calls under way, abandons a rebuild, and gives back what the
	// index holds. Later calls answer ErrClosed.
	Close() error
}

// MaxWalk bounds a step of a walk over documents.
const MaxWalk = 1000

// Rebuild is a view that is being filled beside the one that answers. What is put
// into the Index meanwhile goes into the old one alone: who fills the new one has to
// bring what changed since it began, before Swap and once more after it. After
// Swap or Abandon, or when a later rebuild took its place, its methods but Abandon
// answer ErrRebuildOver.
type Rebuild interface {
	// Put takes what the batch holds into the new view only. Documents of other views
	// are a mistake of the caller's and an error.
	Put(ctx context.Context, b Batch) (Results, error)
	// Revisions tells which revision of which document the new view has; one that it
	// lacks is left out. It knows at once what Put has answered.
	Revisions(ctx context.Context, ids []string) (map[string]int64, error)
	// Refresh lets all that was put be found from the first search after Swap on.
	Refresh(ctx context.Context) error
	// Swap lets the new view answer, at once and for all, and drops the old one.
	// What only the old one had is gone then.
	Swap(ctx context.Context) error
	// Abandon drops the new view; the old one never noticed. Where the rebuild is over
	// it does nothing, so it can be deferred.
	Abandon(ctx context.Context) error
}
