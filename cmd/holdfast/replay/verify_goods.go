package replay

import (
	"context"
	"fmt"
	"slices"

	"holdfast/order"
)

// missingGoods describes what an order doesn't show of an ack about its goods, or is empty.
func (v *verifier) missingGoods(ctx context.Context, a Ack, o order.Order) (string, error) {
	if a.Call == Readdressed {
		if o.Address == nil || a.Address == nil || *o.Address != *a.Address {
			return "its change of address was lost", nil
		}
		return "", nil
	}
	if o.Fulfilment == nil {
		return fmt.Sprintf("it is %s, without any goods", o.Status), nil
	}
	switch a.Call {
	case Packed:
		return missingPackage(a, o), nil
	case Scanned:
		return missingScan(a, o), nil
	case CancelledInPart:
		if missing := missingRemoval(a, o); missing != "" {
			return missing, nil
		}
		return v.notRefunded(ctx, a, o, order.RefundPartCancelled)
	case Returned:
		if missing := missingReturn(a, o); missing != "" {
			return missing, nil
		}
		return v.notRefunded(ctx, a, o, order.RefundReturned)
	}
	return "", fmt.Errorf("the journal has an unknown call %q", a.Call)
}

func missingPackage(a Ack, o order.Order) string {
	p := o.Package(a.PackageID)
	switch {
	case p == nil || !p.RemovedAt.IsZero():
		return fmt.Sprintf("package %s is gone", a.PackageID)
	case !slices.Equal(p.Items, a.Units):
		return fmt.Sprintf("package %s was packed with %v, but it has %v", a.PackageID, a.Units, p.Items)
	}
	return ""
}

func missingScan(a Ack, o order.Order) string {
	p := o.Package(a.PackageID)
	if p == nil {
		return fmt.Sprintf("package %s is gone", a.PackageID)
	}
	times := 0
	for _, e := range p.Events {
		if e.ID == a.EventID && e.Node == a.Node {
			times++
		}
	}
	switch {
	case times != 1:
		return fmt.Sprintf("package %s has scan %s %d times", p.ID, a.EventID, times)
	case p.Node() < a.Node:
		return fmt.Sprintf("package %s was at %s, but now it is at %s", p.ID, a.Node, p.Node())
	}
	return ""
}

func missingRemoval(a Ack, o order.Order) string {
	i := slices.IndexFunc(o.Removals, func(r order.Removal) bool { return r.ID == a.PartID })
	switch {
	case i < 0 || !slices.Equal(o.Removals[i].Lines, a.Units):
		return fmt.Sprintf("%v were cancelled, but it doesn't show that", a.Units)
	case o.Removals[i].Refund != a.Refund:
		return fmt.Sprintf("%d is owed for what was cancelled, but it says %d", a.Refund, o.Removals[i].Refund)
	}
	return missingUnits(a, o, "removed", func(l order.Line) int64 { return l.Removed })
}

func missingReturn(a Ack, o order.Order) string {
	r := o.Return(a.PartID)
	switch {
	case r == nil:
		return fmt.Sprintf("return %s is gone", a.PartID)
	case r.Status != order.ReturnReceived:
		return fmt.Sprintf("return %s was received, but now it is %s", r.ID, r.Status)
	case r.Refund != a.Refund:
		return fmt.Sprintf("%d is owed for return %s, but it says %d", a.Refund, r.ID, r.Refund)
	}
	if a.Condition == order.ConditionDamaged {
		return missingUnits(a, o, "damaged", func(l order.Line) int64 { return l.Damaged })
	}
	return missingUnits(a, o, "restocked", func(l order.Line) int64 { return l.Restocked })
}

// missingUnits reports whether a line counts fewer units than the ack says.
func missingUnits(a Ack, o order.Order, what string, count func(order.Line) int64) string {
	for _, u := range a.Units {
		i := slices.IndexFunc(o.Lines, func(l order.Line) bool { return l.ID == u.LineID })
		if i < 0 || count(o.Lines[i]) < u.Quantity {
			return fmt.Sprintf("%d units of line %s should be %s", u.Quantity, u.LineID, what)
		}
	}
	return ""
}

// notRefunded describes what is missing until the buyer has the money for a part of the order.
func (v *verifier) notRefunded(ctx context.Context, a Ack, o order.Order, reason order.RefundReason) (string, error) {
	if a.Refund == 0 { // nothing is sent
		return "", nil
	}
	p, err := v.Gateway.Payment(ctx, o.ID)
	if err != nil {
		return "", err
	}
	id := order.OwedPart{Reason: reason, MessageID: a.PartID}.RefundID(o.Payment.Provider)
	for _, r := range p.Refunds {
		if r.ID != id {
			continue
		}
		if r.Status == order.RefundPaid && r.Amount == a.Refund {
			return "", nil
		}
		return fmt.Sprintf("refund %s of %d is %s, with %d", id, a.Refund, r.Status, r.Amount), nil
	}
	return fmt.Sprintf("there is no refund %s of %d", id, a.Refund), nil
}
