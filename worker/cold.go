package worker

import (
	"context"
	"errors"
	"fmt"

	"holdfast/records"
	"holdfast/search"
)

// ColdOrders is what keeps orders whose documents have left Redis: the index.
type ColdOrders interface {
	GetOrder(ctx context.Context, id string) (search.Order, error)
}

// allDocuments reads orders' documents, also those that are kept in the index
// alone. It is for who has to know whether an order took a payment: money that
// comes a month late must not make a case of an order that is on record. While the
// index can't say, nor can this.
type allDocuments struct {
	warm *records.Store
	cold ColdOrders // nil: nothing ever leaves Redis
}

// Get reads as records.Store does.
func (d allDocuments) Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error) {
	doc, version, found, err = d.warm.Get(ctx, orderID)
	if err != nil || found || d.cold == nil {
		return doc, version, found, err
	}
	o, err := d.cold.GetOrder(ctx, orderID)
	switch {
	case errors.Is(err, search.ErrNotFound):
		return nil, 0, false, nil
	case err != nil:
		return nil, 0, false, fmt.Errorf("look for order %s in the index: %w", orderID, err)
	}
	return o.Document, o.Version, true, nil
}
