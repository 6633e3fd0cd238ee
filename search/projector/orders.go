package projector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"holdfast/order"
	"holdfast/search"
)

// OrderDocument returns an order's document for the view, or search.ErrNotFound if its own
// document is not in Redis.
func OrderDocument(st order.Stored) (search.Order, error) {
	if st.Err != nil {
		return search.Order{}, fmt.Errorf("it can't be read: %w", st.Err)
	}
	if !st.Found {
		return search.Order{}, search.ErrNotFound
	}
	var o order.Order
	if err := json.Unmarshal(st.Doc, &o); err != nil {
		return search.Order{}, fmt.Errorf("its document is not an order: %w", err)
	}
	if o.ID != st.OrderID {
		return search.Order{}, fmt.Errorf("its document is of order %q", o.ID)
	}
	return search.FromOrder(o, st.Doc, st.Revision, st.Payments), nil
}

// WithPayments adds payments that arrived after the order had left Redis to the view's
// document, and reports whether that changed anything. The revision continues from the
// view's, so the same state always leads to the same revision.
func WithPayments(d search.Order, st order.Stored) (search.Order, bool) {
	changed := false
	for field, doc := range st.Payments {
		changed = changed || !bytes.Equal(d.Payments[field], doc)
	}
	if !changed && d.Revision >= st.Revision {
		return d, false
	}
	merged := make(map[string]json.RawMessage, len(d.Payments)+len(st.Payments))
	maps.Copy(merged, d.Payments)
	for field, doc := range st.Payments {
		merged[field] = doc
	}
	// The clock may have gone back since the order left, but the revision must grow.
	d.Payments, d.Revision = merged, max(st.Revision, d.Revision+1)
	return d.Refiled(), true
}
