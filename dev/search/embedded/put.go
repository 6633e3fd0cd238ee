package embedded

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/blevesearch/bleve/v2"

	"holdfast/search"
)

// Put implements search.Index. While a rebuild is under way it stores in both
// indexes, and answers for the one that is searched.
func (x *Index) Put(ctx context.Context, b search.Batch) (search.Results, error) {
	const doing = "put documents"
	x.writing.Lock()
	defer x.writing.Unlock()
	var results search.Results
	err := x.read(ctx, doing, func(g *generation) error {
		var err error
		if results, err = g.put(b); err != nil || x.next == nil {
			return err
		}
		_, err = x.next.put(b)
		return err
	})
	if err != nil {
		return search.Results{}, err
	}
	return results, nil
}

// GetProduct implements search.Index.
func (x *Index) GetProduct(ctx context.Context, id string) (search.Product, error) {
	var p search.Product
	err := x.read(ctx, "read a product", func(g *generation) error { return get(g.products, id, &p) })
	return p, err
}

// GetOrder implements search.Index.
func (x *Index) GetOrder(ctx context.Context, id string) (search.Order, error) {
	var o search.Order
	err := x.read(ctx, "read an order", func(g *generation) error { return get(g.orders, id, &o) })
	return o, err
}

func get(in bleve.Index, id string, into any) error {
	doc, found, err := stored(in, id, fieldSource)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%q: %w", id, search.ErrNotFound)
	}
	return json.Unmarshal(doc, into)
}
