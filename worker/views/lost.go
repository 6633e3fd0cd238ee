package views

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"holdfast/saga"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
	"holdfast/search/reindex"
)

// lostOrders asks workflows for orders that exist nowhere else.
type lostOrders struct{ workflows *sagaclient.Client }

// OrderIDs implements reindex.Lost.
func (l lostOrders) OrderIDs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for listed, err := range l.workflows.Walk(ctx) {
			if !yield(listed.OrderID, err) {
				return
			}
		}
	}
}

// Order implements reindex.Lost.
func (l lostOrders) Order(ctx context.Context, id string) (search.Order, bool, error) {
	o, err := l.workflows.Order(ctx, id)
	switch {
	case errors.Is(err, saga.ErrUnknownOrder):
		return search.Order{}, false, nil
	case errors.Is(err, saga.ErrStuck):
		return search.Order{}, false, fmt.Errorf("%w: %w", reindex.ErrUnreadable, err)
	case err != nil:
		return search.Order{}, false, err
	}
	doc, err := json.Marshal(&o)
	if err != nil {
		return search.Order{}, false, fmt.Errorf("%w: encode its document: %w", reindex.ErrUnreadable, err)
	}
	// The lowest revision: whatever Redis says about it is newer, even with a clock that is
	// behind.
	return search.FromOrder(o, doc, 1, nil), true, nil
}
