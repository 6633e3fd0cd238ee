package embedded

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/search"
)

// Put implements search.Index.
func (x *Index) Put(ctx context.Context, b search.Batch) (search.Results, error) {
	const doing = "put documents"
	var r search.Results
	err := x.products.read(ctx, doing, func(g *generation) (err error) {
		r.Products, err = g.putProducts(b.Products)
		return err
	})
	if err != nil {
		return search.Results{}, err
	}
	err = x.orders.read(ctx, doing, func(g *generation) (err error) {
		r.Orders, err = g.putOrders(b.Orders)
		return err
	})
	if err != nil {
		return search.Results{}, err
	}
	if r.Events, err = x.events.put(b.Events); err != nil {
		return search.Results{}, failed(doing, err)
	}
	return r, nil
}

// GetProduct implements search.Index.
func (x *Index) GetProduct(ctx context.Context, id string) (search.Product, error) {
	var p search.Product
	err := x.products.read(ctx, "read a product", func(g *generation) error { return g.get(id, &p) })
	return p, err
}

// GetOrder implements search.Index.
func (x *Index) GetOrder(ctx context.Context, id string) (search.Order, error) {
	var o search.Order
	err := x.orders.read(ctx, "read an order", func(g *generation) error { return g.get(id, &o) })
	return o, err
}

func (g *generation) get(id string, into any) error {
	doc, found, err := stored(g.docs, id, fieldSource)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%q: %w", id, search.ErrNotFound)
	}
	return json.Unmarshal(doc, into)
}
