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

// Fate is the outcome of an order, according to its workflow or its document.
type Fate saga.Fate

// Fates asks the orders' workflows for their outcome.
type Fates struct {
	Workflows interface {
		// Fate returns an unknown fate if Temporal has forgotten the order.
		Fate(ctx context.Context, orderID string) (saga.Fate, error)
		Order(ctx context.Context, orderID string) (order.Order, error)
	}
	Records interface {
		Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error)
	}
}

// Of asks the workflow or, if Temporal has forgotten it, reads the order's document.
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

// IsPaid asks a running workflow whether it belongs to the holder and has sold its units.
// It reports true only once the units are committed.
func (f *Fates) IsPaid(ctx context.Context, h product.Holder) (bool, error) {
	o, err := f.Workflows.Order(ctx, h.OrderID)
	if err != nil {
		return false, err
	}
	own := h.PlacedAt.IsZero() || h.PlacedAt.UnixMilli() == o.PlacedAt.UnixMilli()
	return own && o.Status.TookPayment(), nil
}

// of returns what is known about the holder. An order id may be used again once Temporal
// has forgotten its order: the fate of another order with this id doesn't apply to this
// one.
func (f Fate) of(h product.Holder) Fate {
	if f.Running || sameOrder(f.PlacedAt, h.PlacedAt) {
		return f
	}
	return Fate{}
}

// sameOrder compares two placing times of one order id. Holds store milliseconds, and holds
// of an earlier version store none.
func sameOrder(a, b time.Time) bool {
	return a.IsZero() || b.IsZero() || a.UnixMilli() == b.UnixMilli()
}
