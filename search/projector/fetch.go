package projector

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

const (
	// readProducts and readOrders are how many are read in one round trip: an order's
	// document may have 1 MB.
	readProducts = 200
	readOrders   = 50
)

// batch is the documents of what changed, in their current state.
type batch struct {
	search.Batch
	// bad can't be read. gone are entities without anything to put, by letter.
	bad  []letter
	gone map[[2]string]bool
}

// steps splits the work into what is read and put at once: the documents of a whole round
// may not fit into memory. The last step has the events.
func (w work) steps() []work {
	var all []work
	for ids := range slices.Chunk(w.products, readProducts) {
		all = append(all, work{products: ids})
	}
	for ids := range slices.Chunk(w.orders, readOrders) {
		all = append(all, work{orders: ids})
	}
	return append(all, work{events: w.events})
}

// fetch reads the current state of what changed in one step. An error concerns Redis or the
// index, not an entity.
func (p *Projector) fetch(ctx context.Context, w work) (batch, error) {
	b := batch{Batch: search.Batch{Events: w.events}, gone: map[[2]string]bool{}}
	if len(w.products) > 0 {
		found, err := p.Products.GetMany(ctx, w.products)
		if err != nil {
			return batch{}, err
		}
		for _, l := range found {
			b.addProduct(l)
		}
	}
	if len(w.orders) > 0 {
		found, err := p.Orders.ReadMany(ctx, w.orders)
		if err != nil {
			return batch{}, err
		}
		for _, st := range found {
			if err := p.addOrder(ctx, &b, st); err != nil {
				return batch{}, err
			}
		}
	}
	return b, nil
}

func (b *batch) addProduct(l product.Lookup) {
	switch {
	case errors.Is(l.Err, product.ErrNotFound):
		b.gone[[2]string{kindProduct, l.ID}] = true
	case l.Err != nil:
		b.bad = append(b.bad, letter{Entity: kindProduct, ID: l.ID, Reason: "it can't be read: " + l.Err.Error()})
	default:
		b.Products = append(b.Products, search.FromProduct(l.Product))
	}
}

func (p *Projector) addOrder(ctx context.Context, b *batch, st order.Stored) error {
	doc, err := OrderDocument(st)
	switch {
	case err == nil:
		b.Orders = append(b.Orders, doc)
		return nil
	case !errors.Is(err, search.ErrNotFound):
		b.bad = append(b.bad, letter{Entity: kindOrder, ID: st.OrderID, Version: st.Revision, Reason: err.Error()})
		return nil
	case len(st.Payments) == 0:
		b.gone[[2]string{kindOrder, st.OrderID}] = true
		return nil
	}
	// Payments without the order's own document: it arrives later, or it was moved out of
	// Redis and only the view has it.
	doc, err = p.Index.GetOrder(ctx, st.OrderID)
	switch {
	case errors.Is(err, search.ErrNotFound):
		b.gone[[2]string{kindOrder, st.OrderID}] = true
		return nil
	case err != nil:
		return fmt.Errorf("find order %s in its view: %w", st.OrderID, err)
	}
	if merged, changed := WithPayments(doc, st); changed {
		b.Orders = append(b.Orders, merged)
	}
	return nil
}
