package views

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/redis/go-redis/v9"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/records"
	"holdfast/search"
	"holdfast/search/projector"
)

// Entities reads entities on Redis in the form that the views show.
type Entities struct {
	products *inventory.Store
	orders   *records.Store
}

// NewEntities reads the entities on rdb, which the caller closes.
func NewEntities(rdb redis.UniversalClient) *Entities {
	return &Entities{products: inventory.New(rdb), orders: records.New(rdb)}
}

// IDs iterates over all entities that a view shows.
func (h *Entities) IDs(ctx context.Context, v search.View) iter.Seq2[string, error] {
	if v == search.ViewProducts {
		return h.products.ProductIDs(ctx)
	}
	return h.orders.OrderIDs(ctx)
}

// sources is Entities for readers of everything that may read an order twice.
type sources struct{ *Entities }

// IDs implements reindex.Entities.
func (s sources) IDs(ctx context.Context, v search.View) iter.Seq2[string, error] {
	if v == search.ViewProducts {
		return s.products.ProductIDs(ctx)
	}
	return s.orders.OrderIDsLoosely(ctx)
}

// Count returns their number; 0 if unknown.
func (h *Entities) Count(ctx context.Context, v search.View) (int64, error) {
	if v == search.ViewProducts {
		return h.products.Count(ctx)
	}
	return 0, nil
}

// Empty reports whether there is nothing to show yet.
func (h *Entities) Empty(ctx context.Context) (bool, error) {
	for _, v := range search.Views() {
		for _, err := range h.IDs(ctx, v) {
			return false, err
		}
	}
	return true, nil
}

// Read returns the documents of the existing entities. Unreadable ones are returned
// separately.
func (h *Entities) Read(ctx context.Context, v search.View, ids []string) (search.Batch, []search.Result, error) {
	if v == search.ViewProducts {
		return h.readProducts(ctx, ids)
	}
	return h.readOrders(ctx, ids)
}

func (h *Entities) readProducts(ctx context.Context, ids []string) (b search.Batch, unreadable []search.Result, err error) {
	found, err := h.products.GetMany(ctx, ids)
	if err != nil {
		return search.Batch{}, nil, err
	}
	for _, p := range found {
		switch {
		case p.Err == nil:
			b.Products = append(b.Products, search.FromProduct(p.Product))
		case !errors.Is(p.Err, product.ErrNotFound):
			unreadable = append(unreadable, cantRead(p.ID, p.Err))
		}
	}
	return b, unreadable, nil
}

func (h *Entities) readOrders(ctx context.Context, ids []string) (b search.Batch, unreadable []search.Result, err error) {
	found, err := h.orders.ReadMany(ctx, ids)
	if err != nil {
		return search.Batch{}, nil, err
	}
	for _, st := range found {
		doc, err := projector.OrderDocument(st)
		switch {
		case err == nil:
			b.Orders = append(b.Orders, doc)
		case !errors.Is(err, search.ErrNotFound):
			unreadable = append(unreadable, cantRead(st.OrderID, err))
		}
	}
	return b, unreadable, nil
}

// WithPayments adds to orders that have left Redis the payments and refunds that arrived
// later. An order whose own document is in Redis is left alone: that is another state. One that was erased,
// but isn't in the view, gets the next revision without its person.
func (h *Entities) WithPayments(ctx context.Context, orders []search.Order) ([]search.Order, error) {
	ids := make([]string, len(orders))
	for i, o := range orders {
		ids[i] = o.ID
	}
	found, err := h.orders.ReadMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	marks, err := h.orders.Marks(ctx, ids)
	if err != nil {
		return nil, err
	}
	whole := slices.Clone(orders)
	for i, st := range found {
		if st.Err == nil && !st.Found {
			whole[i], _ = projector.WithPayments(whole[i], st)
		}
		if mark, erased := marks[st.OrderID]; erased {
			if whole[i], err = whole[i].Erased(mark.Placed, mark.At); err != nil {
				return nil, err
			}
		}
	}
	return whole, nil
}

func cantRead(id string, err error) search.Result {
	return search.Result{ID: id, Outcome: search.OutcomePoisoned, Reason: err.Error()}
}
