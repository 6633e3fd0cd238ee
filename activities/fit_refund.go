package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"holdfast/order"
)

// FitRefund finds out how much of a payment can still go back, and puts the refund on
// record in the same step: two of them can't both take the last of it.
type FitRefund struct {
	Records interface {
		// Everything answers all that is stored of an order, wherever it is, and the
		// revision that a write has to find.
		Everything(ctx context.Context, orderID string) (order.Stored, error)
		// PutRefundAt stores the refund if nothing was changed since the revision; it
		// answers whether it did.
		PutRefundAt(ctx context.Context, orderID, paymentID, refundID string, doc []byte, revision int64) (bool, error)
	}
}

// errChanged makes the activity look again.
var errChanged = errors.New("the order's payments changed meanwhile")

// Execute answers the refund with the amount that it has, or as too large. One that
// is on record already is answered as it stands there.
func (a *FitRefund) Execute(ctx context.Context, r order.Refund) (order.Refund, error) {
	st, err := a.Records.Everything(ctx, r.OrderID)
	if err == nil {
		err = st.Err
	}
	if err != nil {
		return r, fmt.Errorf("read the payments of order %s: %w", r.OrderID, err)
	}
	paid, left, there, err := leftOf(st, r)
	switch {
	case err != nil:
		return r, err
	case there != nil:
		return *there, nil
	}
	r.PaymentAmount = paid
	if r.Reason == order.RefundCancelled || r.Amount == 0 {
		r.Amount = left // all that didn't go back before
	}
	switch {
	case r.Amount == 0 && r.Reason == order.RefundCancelled:
		r.Status = order.RefundNotOwed
		return r, nil
	case r.Amount > left || r.Amount == 0:
		r.Status = order.RefundTooLarge
		r.Detail = fmt.Sprintf("%d of %d are left", left, paid)
		return r, nil
	}
	r.Version++
	doc, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("encode refund %s: %w", r.ID, err)
	}
	stored, err := a.Records.PutRefundAt(ctx, r.OrderID, r.PaymentID, r.ID, doc, st.Revision)
	if err == nil && !stored {
		err = errChanged
	}
	if err != nil {
		return r, fmt.Errorf("record refund %s of payment %s: %w", r.ID, r.PaymentID, err)
	}
	return r, nil
}

// leftOf tells how much was paid by the refund's payment and how much of that isn't on
// its way back, or the refund itself where it is on record. What a cancelled order was
// paid its own saga says: the record is a copy, and one that was restored may not have
// it yet. That must not read as nothing owed.
func leftOf(st order.Stored, r order.Refund) (paid, left int64, there *order.Refund, err error) {
	money, err := order.ReadPayments(st.Payments)
	if err != nil {
		return 0, 0, nil, fmt.Errorf("read the payments of order %s: %w", r.OrderID, err)
	}
	if r.Reason == order.RefundCancelled {
		paid, left = r.Amount, r.Amount
	}
	for _, p := range money.Attempts {
		if p.Key() == order.PaymentKey(r.Provider, r.PaymentID) && p.Type == order.PaymentSucceeded {
			paid, left = p.Amount, p.Amount
		}
	}
	for _, other := range money.Refunds {
		if other.PaymentID != r.PaymentID || other.Provider != r.Provider {
			continue
		}
		if other.ID == r.ID {
			there = &other
		}
		if other.Status.Counts() {
			left -= other.Amount
		}
	}
	return paid, max(left, 0), there, nil
}
