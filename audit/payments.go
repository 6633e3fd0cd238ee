package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"holdfast/order"
)

// paymentsOfDocuments checks, in Redis alone, whether the payment that an order names is in
// its payments document. Others are only requested if something is wrong.
func (a *auditor) paymentsOfDocuments(ctx context.Context, docs []Document) error {
	var ids []string
	var of []*order.Order
	var cold []*Payments
	for i := range docs {
		if o := &docs[i].Order; docs[i].Found && docs[i].Unreadable == "" && o.Payment.ID != "" {
			ids, of, cold = append(ids, docs[i].OrderID), append(of, o), append(cold, docs[i].Cold)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	stored, err := a.Books.ReadPayments(ctx, ids)
	if err != nil {
		return err
	}
	for i, o := range of {
		var p order.Attempt
		all := stored[i].completed(cold[i])
		if len(partFindings(o, all)) > 0 {
			a.suspectPayments(ids[i])
		}
		if json.Unmarshal(all.Attempts[order.PaymentKey(o.Payment.Provider, o.Payment.ID)], &p) != nil || !fits(p, o) {
			a.suspectPayments(ids[i])
			continue
		}
		if o.Payment.Status == order.PaymentPaid {
			a.take(p, o)
		}
	}
	return nil
}

// fits reports whether a stored payment can be the one that the order names.
func fits(p order.Attempt, o *order.Order) bool {
	return p.PaymentID == o.Payment.ID && p.Provider == o.Payment.Provider && (o.Payment.Status != order.PaymentPaid || (p.Taken && p.Amount == o.Amounts[order.AmountPaid] && p.Currency == o.Currency))
}

// take notes which order took a payment.
func (a *auditor) take(p order.Attempt, o *order.Order) {
	id := [2]string{p.Provider, p.PaymentID}
	first, taken := a.taken[id]
	switch {
	case !taken:
		a.taken[id] = o.ID
	case first != o.ID: // a walk may see one order twice
		f := Finding{
			Kind: KindPaymentTakenTwice, OrderID: max(first, o.ID), PaymentID: p.PaymentID,
			Detail: fmt.Sprintf("order %s took this payment of %s too", min(first, o.ID), p.Provider),
		}
		a.twice[f.key()] = f
	}
}

// paymentFindings compares the payments document of an order with all payments that its
// workflow knows. Other payments in the document belong to an order that was placed under
// the same id before. A terminated workflow didn't learn the outcome of its open payments.
func (a *auditor) paymentFindings(ctx context.Context, orderID string, byForce bool) ([]Finding, error) {
	attempts, err := a.Orders.Payments(ctx, orderID)
	if err != nil || len(attempts) == 0 {
		return nil, err
	}
	stored, err := a.readPayments(ctx, []string{orderID})
	if err != nil {
		return nil, err
	}
	var found []Finding
	for key, p := range attempts {
		doc := stored[0].Attempts[key]
		f := Finding{OrderID: orderID, PaymentID: p.PaymentID}
		says := fmt.Sprintf("%s, %d %s, taken: %t", p.Type, p.Amount, p.Currency, p.Taken)
		switch {
		case len(doc) == 0:
			f.Kind, f.Detail = KindPaymentMissing, "its workflow says "+says
		case byForce && wentOn(doc, p):
			continue
		case !stands(doc, p):
			f.Kind, f.Detail = KindPaymentDiffers, "its document disagrees with its workflow, which says "+says
		default:
			continue
		}
		found = append(found, f)
	}
	return found, nil
}

// stands reports whether the stored document says exactly what want says. Fields that this
// version doesn't know are ignored.
func stands[T any](stored []byte, want T) bool {
	var have T
	if json.Unmarshal(stored, &have) != nil {
		return false
	}
	a, errA := json.Marshal(have)
	b, errB := json.Marshal(want)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// wentOn reports whether the stored payment is the one that was open, and has been decided
// since.
func wentOn(stored []byte, open order.Attempt) bool {
	var now order.Attempt
	return open.Type == order.PaymentCreated && json.Unmarshal(stored, &now) == nil &&
		now.Key() == open.Key() && now.Type != order.PaymentCreated && !now.Taken
}
