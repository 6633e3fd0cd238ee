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
	d := search.FromOrder(o)
	d.Revision, d.Document, d.Payments = st.Revision, st.Doc, payments(nil, st.Payments)
	return d, nil
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
	// The clock may have gone back since the order left, but the revision must grow.
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
