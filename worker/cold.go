package worker

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"holdfast/order"
	"holdfast/records"
	"holdfast/search"
)

// ColdOrders keeps orders whose documents have left Redis: the index.
type ColdOrders interface {
	GetOrder(ctx context.Context, id string) (search.Order, error)
}

// allDocuments reads orders' documents, including those that are only in the index. It is
// for deciding whether an order took a payment: money that arrives a month late must not
// open a case if its order is recorded. While the index can't answer, neither can this.
type allDocuments struct {
	warm *records.Store
	cold ColdOrders // nil: nothing ever leaves Redis
}

// Everything returns all that is stored of an order, wherever it is. Its revision is that
// of Redis.
func (d allDocuments) Everything(ctx context.Context, orderID string) (order.Stored, error) {
	st, _, err := d.everything(ctx, orderID)
	return st, err
}

// everything also returns the view's revision of an order that only the view has, else 0.
func (d allDocuments) everything(ctx context.Context, orderID string) (st order.Stored, viewed int64, err error) {
	found, err := d.warm.ReadMany(ctx, []string{orderID})
	if err != nil {
		return order.Stored{}, 0, err
	}
	st = found[0]
	if st.Err != nil || st.Found || d.cold == nil {
		return st, 0, nil
	}
	o, err := d.cold.GetOrder(ctx, orderID)
	if errors.Is(err, search.ErrNotFound) {
		return st, 0, nil
	}
	if err != nil {
		return order.Stored{}, 0, fmt.Errorf("find order %s in the index: %w", orderID, err)
	}
	st.Found, st.Version, st.Doc = true, o.Version, o.Document
	all := make(map[string][]byte, len(o.Payments)+len(st.Payments))
	for field, doc := range o.Payments {
		all[field] = doc
	}
	maps.Copy(all, st.Payments) // what arrived after it left Redis is newer
	st.Payments = all
	return st, o.Revision, nil
}

// PutRefundAt stores as records.Store does.
func (d allDocuments) PutRefundAt(ctx context.Context, orderID, paymentID, refundID string, doc []byte, revision int64) (bool, error) {
	return d.warm.PutRefundAt(ctx, orderID, paymentID, refundID, doc, revision)
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
		return nil, 0, false, fmt.Errorf("find order %s in the index: %w", orderID, err)
	}
	return o.Document, o.Version, true, nil
}
