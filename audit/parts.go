package audit

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/order"
	"holdfast/product"
)

// soldUnits returns how many units of a line were sold to the order and are not back in
// stock. Orders of shape 1 gave back all or nothing.
func soldUnits(o *order.Order, l order.Line) int64 {
	switch {
	case o.Fulfilment != nil:
		return l.Quantity - l.Restocked
	case o.Status.TookPayment():
		return l.Quantity
	}
	return 0
}

// returnedFindings compares what came back of a product, by its own record, with what the
// order's lines say.
func returnedFindings(o *order.Order, h Hold) []Finding {
	if o.Fulfilment == nil || h.State != product.HoldStateCommitted || another(o, h) {
		return nil
	}
	lines := map[string]int64{}
	for _, l := range o.Lines {
		if l.ProductID == h.ProductID {
			lines[l.SKU] += l.Restocked
		}
	}
	var found []Finding
	for sku, n := range h.Returned {
		if _, known := lines[sku]; !known && n > 0 {
			lines[sku] = 0
		}
	}
	for sku, n := range lines {
		if back := h.Returned[sku]; back != n {
			found = append(found, Finding{
				Kind: KindReturnedDiffers, ProductID: h.ProductID, SKU: sku, OrderID: o.ID, Units: back - n,
				Detail: fmt.Sprintf("%d units are back in stock, but the order's lines say %d", back, n),
			})
		}
	}
	return found
}

// partFindings compares what an order gave back in parts with the refunds beside it.
func partFindings(o *order.Order, p Payments) []Finding {
	if o.Fulfilment == nil || o.Payment.ID == "" {
		return nil
	}
	var found []Finding
	off := func(k Kind, refundID, format string, args ...any) {
		found = append(found, Finding{
			Kind: k, OrderID: o.ID, PaymentID: o.Payment.ID, RefundID: refundID, Detail: fmt.Sprintf(format, args...),
		})
	}
	owed := map[string]int64{}
	for _, part := range o.OwedParts() {
		owed[part.RefundID(o.Payment.Provider)] += part.Amount
	}
	refunded := int64(0)
	for id, doc := range p.Refunds {
		var r order.Refund
		if id.PaymentID != o.Payment.ID || json.Unmarshal(doc, &r) != nil || r.Provider != o.Payment.Provider {
			continue
		}
		if amount, part := owed[id.RefundID]; part {
			if r.Owed() != amount {
				off(KindPartRefundDiffers, id.RefundID, "%d are owed for units that came back, but %d are recorded as owed", amount, r.Owed())
			}
			delete(owed, id.RefundID)
		}
		if r.Status.Counts() {
			refunded += r.Amount
		}
	}
	for id, amount := range owed {
		off(KindPartRefundDiffers, id, "%d are owed for units that came back, but no refund is recorded", amount)
	}
	if paid := o.Amounts[order.AmountPaid]; refunded > paid {
		off(KindRefundsAbovePaid, "", "%d were paid, but the recorded refunds come to %d", paid, refunded)
	}
	return found
}

// checkParts is partFindings for an order that is checked again.
func (a *auditor) checkParts(ctx context.Context, o *order.Order) ([]Finding, error) {
	if o.Fulfilment == nil {
		return nil, nil
	}
	stored, err := a.readPayments(ctx, []string{o.ID})
	if err != nil {
		return nil, err
	}
	return partFindings(o, stored[0]), nil
}
