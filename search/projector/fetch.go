package projector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

const (
	// readProducts and readOrders are how many are read in one round trip: an
	// order's document may have 1 MB.
	readProducts = 200
	readOrders   = 50
)

// batch is the documents of what changed, as it is now.
type batch struct {
	search.Batch
	// bad can't be read. gone are entities that have nothing to be put, by letter.
	bad  []letter
	gone map[[2]string]bool
}

// fetch reads the present state of all that changed. An error is of Redis or of the
// index, and says nothing of any entity.
func (p *Projector) fetch(ctx context.Context, w work) (batch, error) {
	b := batch{Batch: search.Batch{Events: w.events}, gone: map[[2]string]bool{}}
	for ids := range slices.Chunk(w.products, readProducts) {
		found, err := p.Products.GetMany(ctx, ids)
		if err != nil {
			return batch{}, err
		}
		for _, l := range found {
			b.addProduct(l)
		}
	}
	for ids := range slices.Chunk(w.orders, readOrders) {
		found, err := p.Orders.ReadMany(ctx, ids)
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
	// Payments without the order's own document: it comes later, or it was moved out
	// of Redis, and the view alone has it.
	doc, err = p.Index.GetOrder(ctx, st.OrderID)
	switch {
	case errors.Is(err, search.ErrNotFound):
		b.gone[[2]string{kindOrder, st.OrderID}] = true
		return nil
	case err != nil:
		return fmt.Errorf("look for order %s in its view: %w", st.OrderID, err)
	}
	if merged, changed := withPayments(doc, st); changed {
		b.Orders = append(b.Orders, merged)
	}
	return nil
}

// OrderDocument is an order's document for the view, or search.ErrNotFound where
// its own document is not in Redis.
func OrderDocument(st order.Stored) (search.Order, error) {
	if st.Err != nil {
		return search.Order{}, fmt.Errorf("it can't be read: %w", st.Err)
	}
	if !st.Found {
		return search.Order{}, search.ErrNotFound
	}
	var o order.Order
	if err := json.Unmarshal(st.Doc, &o); err != nil {
		return search.Order{}, fmt.Errorf("its document is no order: %w", err)
	}
	if o.ID != st.OrderID {
		return search.Order{}, fmt.Errorf("its document is of order %q", o.ID)
	}
	d := search.FromOrder(o)
	d.Revision, d.Document, d.Payments = st.Revision, st.Doc, payments(nil, st.Payments)
	return d, nil
}

// withPayments adds payments that came after the order had left Redis to what the
// view has of it.
func withPayments(d search.Order, st order.Stored) (search.Order, bool) {
	changed := false
	for field, doc := range st.Payments {
		changed = changed || !bytes.Equal(d.Payments[field], doc)
	}
	if !changed && d.Revision >= st.Revision {
		return d, false
	}
	// The clock may have gone back since the order left: it has to grow all the same.
	d.Payments, d.Revision = payments(d.Payments, st.Payments), max(st.Revision, d.Revision+1)
	return d, true
}

func payments(all map[string]json.RawMessage, more map[string][]byte) map[string]json.RawMessage {
	if len(all)+len(more) == 0 {
		return nil
	}
	merged := make(map[string]json.RawMessage, len(all)+len(more))
	maps.Copy(merged, all)
	for field, doc := range more {
		merged[field] = doc
	}
	return merged
}
