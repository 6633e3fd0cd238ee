package audit

import (
	"fmt"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// forgottenAfter is when the hold of a delivered order may be gone, counted from its
// payment as an earlier version did: a day less than Redis keeps it.
const forgottenAfter = 29 * 24 * time.Hour

// another reports whether the hold belongs to an earlier or later order with the same id.
// The hold of an earlier version doesn't say.
func another(o *order.Order, h Hold) bool {
	return !h.PlacedAt.IsZero() && h.PlacedAt.UnixMilli() != o.PlacedAt.UnixMilli()
}

// notReturned counts the units of a sale that never came back. A hold of an earlier version
// doesn't say.
func notReturned(h Hold) int64 {
	if h.State != product.HoldStateCommitted || h.PlacedAt.IsZero() {
		return 0
	}
	units := sum(h.Items)
	for _, n := range h.Returned {
		units -= n
	}
	return units
}

// isSold reports whether units of the hold are sold and not returned: a hold of an earlier
// version doesn't say what came back.
func isSold(h Hold) bool {
	return h.State == product.HoldStateCommitted && (h.PlacedAt.IsZero() || notReturned(h) > 0)
}

// holdOfOrder compares one hold with its order. running means that the order's workflow is
// active and may be about to act.
func holdOfOrder(o *order.Order, h Hold, running bool) []Finding {
	off := func(k Kind, units int64, format string, args ...any) []Finding {
		return []Finding{{
			Kind: k, ProductID: h.ProductID, OrderID: h.OrderID, Units: units, Detail: fmt.Sprintf(format, args...),
		}}
	}
	want := o.Items(h.ProductID)
	units := int64(0)
	for _, it := range want {
		units += it.Quantity
	}
	if another(o, h) {
		at := h.PlacedAt.UTC()
		found := []Finding{}
		if h.State == product.HoldStateHeld {
			found = off(KindHoldOfClosedOrder, sum(h.Items), "%d units are held for an order with this id that was placed at %s",
				sum(h.Items), at)
		}
		switch {
		case o.Status.TookPayment() && len(want) > 0:
			found = append(found, off(KindPaidNotCommitted, units,
				"the order is %s, and its %d units are %s for an order with this id that was placed at %s", o.Status, units, h.State, at)...)
		case o.Status == order.StatusAwaitingPayment && len(want) > 0:
			found = append(found, off(KindOrderNotHeld, units,
				"the order awaits its payment, and its %d units are %s for an order with this id that was placed at %s", units, h.State, at)...)
		}
		return found
	}
	switch {
	case o.Status.TookPayment() && o.Closed() && h.State == product.HoldStateNone && time.Since(o.Payment.PaidAt) > forgottenAfter:
		return nil // the ledger's sums keep its units permanently
	case o.Status.TookPayment() && !o.Closed() && h.State == product.HoldStateCommitted && h.Expires > 0:
		return off(KindSaleExpires, units, "the order is open, but in %s Redis will forget that %d units were sold to it", h.Expires, units)
	case o.TookUnitsBack() && notReturned(h) > 0 && !running:
		return off(KindNotReturned, notReturned(h), "the order is cancelled, but %d units that it bought have not been returned", notReturned(h))
	case o.Status.TookPayment() && len(want) > 0 && h.State != product.HoldStateCommitted:
		return off(KindPaidNotCommitted, units, "the order is %s, and its %d units are %s", o.Status, units, h.State)
	case o.Status == order.StatusAwaitingPayment && len(want) > 0 && h.State == product.HoldStateCommitted:
		return off(KindSoldUnpaid, sum(h.Items), "the order awaits its payment, but %d units are sold to it", sum(h.Items))
	case o.Status == order.StatusAwaitingPayment && len(want) > 0 && h.State != product.HoldStateHeld:
		return off(KindOrderNotHeld, units, "the order awaits its payment, but its %d units are %s", units, h.State)
	case o.Closed() && !o.Status.TookPayment() && h.State == product.HoldStateHeld && !running:
		return off(KindHoldOfClosedOrder, sum(h.Items), "the order is %s, but %d units are held for it", o.Status, sum(h.Items))
	case o.Fulfilment == nil && o.Closed() && !o.Status.TookPayment() && !o.TookUnitsBack() && isSold(h):
		return off(KindSoldUnpaid, sum(h.Items), "the order is %s, but %d units are sold to it", o.Status, sum(h.Items))
	case o.Status.Undecided() || (h.State != product.HoldStateHeld && h.State != product.HoldStateCommitted):
		return nil
	case !sameUnits(want, h.Items):
		return off(KindUnitsDiffer, sum(h.Items)-units, "the order's lines have %d units, but %d are %s", units, sum(h.Items), h.State)
	case o.Closed() && h.State == product.HoldStateCommitted && h.Expires == 0 && !running:
		return off(KindSaleStays, units, "the order is %s, but Redis never forgets that %d units were sold to it", o.Status, units)
	}
	return returnedFindings(o, h)
}

func sum(items []product.HeldItem) (units int64) {
	for _, it := range items {
		units += it.Quantity
	}
	return units
}

func sameUnits(want []product.Item, have []product.HeldItem) bool {
	left := map[string]int64{}
	for _, it := range want {
		left[it.SKU] += it.Quantity
	}
	for _, it := range have {
		left[it.SKU] -= it.Quantity
	}
	for _, n := range left {
		if n != 0 {
			return false
		}
	}
	return true
}
