package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// Fate is what became of an order, as its workflow or its document says.
type Fate saga.Fate

// Fates asks the orders' workflows what became of them.
type Fates struct {
	Workflows interface {
		// Fate is not known where Temporal has forgotten the order.
		Fate(ctx context.Context, orderID string) (saga.Fate, error)
		Order(ctx context.Context, orderID string) (order.Order, error)
	}
	Records interface {
		Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error)
	}
}

// Of asks the workflow; where Temporal has forgotten it, the order's document.
func (f *Fates) Of(ctx context.Context, orderID string) (Fate, error) {
	fate, err := f.Workflows.Fate(ctx, orderID)
	if err != nil || fate.Known {
		return Fate(fate), err
	}
	return f.onRecord(ctx, orderID)
}

func (f *Fates) onRecord(ctx context.Context, orderID string) (Fate, error) {
	doc, _, found, err := f.Records.Get(ctx, orderID)
	if err != nil || !found {
		return Fate{}, err
	}
	var o order.Order
	if err := json.Unmarshal(doc, &o); err != nil {
		return Fate{}, fmt.Errorf("read the document of order %s: %w", orderID, err)
	}
	return Fate(saga.FateOf(o)), nil
}

// IsPaid asks a workflow that runs whether it is the holder's and has sold its units. It
// says so only once it has committed them.
func (f *Fates) IsPaid(ctx context.Context, h product.Holder) (bool, error) {
	o, err := f.Workflows.Order(ctx, h.OrderID)
	if err != nil {
		return false, err
	}
	own := h.PlacedAt.IsZero() || h.PlacedAt.UnixMilli() == o.PlacedAt.UnixMilli()
	return own && o.Status.TookPayment(), nil
}

// of returns what is known of the holder. An id is used again once Temporal has forgotten
// its order: what became of another order of this id is no word about this one.
func (f Fate) of(h product.Holder) Fate {
	if f.Running || sameOrder(f.PlacedAt, h.PlacedAt) {
		return f
	}
	return Fate{}
}

// sameOrder compares two placing times of one order id. Holds keep milliseconds, and those
// of an earlier version none.
func sameOrder(a, b time.Time) bool {
	return a.IsZero() || b.IsZero() || a.UnixMilli() == b.UnixMilli()
}
