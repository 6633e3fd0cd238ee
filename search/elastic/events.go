package elastic

import (
	"context"
	"slices"

	"holdfast/search"
)

func eventOrder() sorting { return sorting{{"version", true, whole}, byID(true)} }

// ListEvents implements search.Index.
func (x *Index) ListEvents(ctx context.Context, q search.EventQuery) (search.EventPage, error) {
	if err := q.Validate(); err != nil {
		return search.EventPage{}, err
	}
	var found search.EventPage
	err := x.read(ctx, "list events", func(ctx context.Context) error {
		var err error
		found, err = x.listEvents(ctx, q)
		return err
	})
	if err != nil {
		return search.EventPage{}, err
	}
	return found, nil
}

func (x *Index) listEvents(ctx context.Context, q search.EventQuery) (search.EventPage, error) {
	after, err := q.After()
	if err != nil {
		return search.EventPage{}, search.BadCursor()
	}
	filters := []object{term("productId", q.ProductID)}
	if len(q.Types) > 0 {
		filters = append(filters, oneOf("type", q.Types))
	}
	if q.OrderID != "" {
		filters = append(filters, term("orderId", q.OrderID))
	}
	body := object{"query": filtered(filters), "track_total_hits": false}
	order, size := eventOrder(), q.PageSize()
	if err := order.into(body, size, after); err != nil {
		return search.EventPage{}, err
	}
	var found answer[search.Event]
	err = x.client.call(ctx, request{
		method: "POST", path: "/" + x.names.events() + "/_search", body: body,
		query: "allow_partial_search_results=false&ignore_unavailable=true", // it is created with the first event
	}, &found)
	if err != nil {
		return search.EventPage{}, err
	}
	docs, next, err := found.page(order, size)
	if err != nil {
		return search.EventPage{}, err
	}
	// Elasticsearch recognises a repeated event within one backing index only: one that was
	// repeated just as the stream rolled over is stored twice.
	p := search.EventPage{Items: slices.CompactFunc(docs, func(a, b search.Event) bool { return a.ID == b.ID })}
	if next != nil {
		p.NextCursor = q.CursorAt(next...)
	}
	return p, nil
}
