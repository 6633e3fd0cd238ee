package audit

import (
	"fmt"
	"slices"

	"holdfast/order"
)

// quantityFindings checks that the units and amounts of an order's parts add up.
func quantityFindings(o *order.Order) []Finding {
	if o.Fulfilment == nil {
		return nil
	}
	restored := o.Clone()
	restored.Restore()
	o = &restored
	var found []Finding
	off := func(k Kind, format string, args ...any) {
		found = append(found, Finding{Kind: k, OrderID: o.ID, Detail: fmt.Sprintf(format, args...)})
	}
	packed, back := map[string]int64{}, map[string]int64{}
	for i := range o.Packages {
		if p := &o.Packages[i]; p.Live() {
			for _, it := range p.Items {
				packed[it.LineID] += it.Quantity
			}
		}
	}
	refunds := int64(0)
	for _, r := range o.Removals {
		refunds += r.Refund
	}
	for _, r := range o.Returns {
		refunds += r.Refund
		for _, u := range r.Received {
			back[u.LineID] += u.Quantity
		}
	}
	for _, l := range o.Lines {
		switch id := l.ID; {
		case min(l.Removed, l.Restocked, l.Damaged) < 0 || l.Quantity-l.Removed < packed[id]:
			off(KindQuantitiesDiffer, "line %s: of %d units %d were removed and %d are packed", id, l.Quantity, l.Removed, packed[id])
		case l.Restocked+l.Damaged > l.Removed+back[id]:
			off(KindQuantitiesDiffer, "line %s: %d units were restocked and %d written off, but %d were removed and %d came back",
				id, l.Restocked, l.Damaged, l.Removed, back[id])
		}
		delete(packed, l.ID)
	}
	for id, n := range packed {
		off(KindQuantitiesDiffer, "%d units are packed of line %s, which the order doesn't have", n, id)
	}
	if progress := o.Progress(); len(found) == 0 && !slices.Equal(progress, o.Units) {
		off(KindQuantitiesDiffer, "its progress is %v, but its packages add up to %v", o.Units, progress)
	}
	if paid := o.Amounts[order.AmountPaid]; refunds < 0 || refunds > paid {
		off(KindAmountsDiffer, "the refunds of its parts add up to %d, but %d was paid", refunds, paid)
	}
	return found
}
