// Package search is the contract of the views that answer searches: how products and orders
// look to a searcher, what can be queried, and how an index keeps up with the entities. It
// contains no index and never decides about an order: a view is a copy, may lag, and can be
// rebuilt at any time. searchtest has the tests that every index must pass.
package search

import "context"

// View names one of the copies that an index stores.
type View string

// The views that can be rebuilt from their entities.
const (
	ViewProducts View = "products"
	ViewOrders   View = "orders"
)

// Views lists them all.
func Views() []View { return []View{ViewProducts, ViewOrders} }

// Index stores copies of products and orders and answers searches over them. All methods
// may be called concurrently. If a query or a cursor is invalid, the error is an Invalid;
// if the index itself can't answer, it is an *UnavailableError, and the call may be
// retried.
type Index interface {
	// Put stores the batch, document by document, if it is newer than what is stored: see
	// Outcome. After an error nothing is known about the batch; the whole batch can safely
	// be put again. A search may show the changes a little later; each implementation says
	// how much.
	Put(ctx context.Context, b Batch) (Results, error)
	// GetProduct returns a product's document whatever its status, or ErrNotFound.
	GetProduct(ctx context.Context, id string) (Product, error)
	// GetOrder returns an order's document, or ErrNotFound.
	GetOrder(ctx context.Context, id string) (Order, error)
	// SearchProducts finds products, listed ones unless the query names others.
	SearchProducts(ctx context.Context, q ProductQuery) (ProductPage, error)
	// Suggest completes what a user has typed so far.
	Suggest(ctx context.Context, q SuggestQuery) (Suggestions, error)
	// ListOrders finds orders.
	ListOrders(ctx context.Context, q OrderQuery) (OrderPage, error)
	// CountOrders counts orders by their status, and those of the last hours.
	CountOrders(ctx context.Context, q OrderCountQuery) (OrderCounts, error)
	// ListEvents finds the events of a product, the newest first.
	ListEvents(ctx context.Context, q EventQuery) (EventPage, error)

	// Revisions returns the stored revision of each document; missing ones are left out. It
	// sees what Put has stored at once.
	Revisions(ctx context.Context, v View, ids []string) (map[string]int64, error)
	// WalkProducts lists the documents of products whatever their status, at most limit of
	// them (1 to MaxWalk), sorted by id, those after the given one; none at the end. It is
	// for comparing or copying a view. A walk starts with an empty after, and shows
	// everything that this index's Put has stored by then.
	WalkProducts(ctx context.Context, after string, limit int) ([]Product, error)
	// WalkOrders does the same for orders.
	WalkOrders(ctx context.Context, after string, limit int) ([]Order, error)

	// Stale lists the views that lack documents: they were created empty when the index was
	// opened, or have an older shape than this program writes. Put returns ErrOutdated for
	// a document of a view with an older shape, but searches keep working. A view is no
	// longer stale once a rebuild of it was swapped in.
	Stale(ctx context.Context) ([]View, error)
	// Unfilled lists the stale views that no rebuild has ever filled: they were lost, or
	// created empty. A view that merely has an older shape isn't included.
	Unfilled(ctx context.Context) ([]View, error)
	// Rebuild starts an empty view beside the one that answers. It drops what an earlier
	// rebuild of this view left, whether that was interrupted or is still running: the
	// caller makes sure that there is one at a time.
	Rebuild(ctx context.Context, v View) (Rebuild, error)
	// Close waits for calls in progress, abandons a rebuild, and releases the index's
	// resources. Later calls return ErrClosed.
	Close() error
}

// MaxWalk bounds a step of a walk over documents.
const MaxWalk = 1000

// Rebuild is a view that is being filled beside the one that answers. Documents put into
// the Index meanwhile go only to the old one: the caller must copy what changed since the
// rebuild began, before Swap and once more after it. After Swap or Abandon, or when a later
// rebuild has replaced it, its methods except Abandon return ErrRebuildOver.
type Rebuild interface {
	// Put stores the batch only in the new view. A document of another view is the caller's
	// mistake and an error.
	Put(ctx context.Context, b Batch) (Results, error)
	// Revisions returns the revision of each document in the new view; missing ones are
	// left out. It sees what Put has stored at once.
	Revisions(ctx context.Context, ids []string) (map[string]int64, error)
	// Refresh makes everything that was put visible to the first search after Swap.
	Refresh(ctx context.Context) error
	// Swap makes the new view answer, in one step, and drops the old one. What only the old
	// one had is lost.
	Swap(ctx context.Context) error
	// Abandon drops the new view; the old one is unaffected. If the rebuild is over it does
	// nothing, so it can be deferred.
	Abandon(ctx context.Context) error
}
