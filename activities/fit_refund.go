package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/sdk/temporal"

	"holdfast/order"
)

// FitRefund finds out how much of a payment can still be refunded, and records the refund
// in the same step, so that two refunds can't both take the rest.
type FitRefund struct {
	Records interface {
		// Everything returns all that is stored about an order, wherever it is, with the
		// revision that a write must match.
		Everything(ctx context.Context, orderID string) (order.Stored, error)
		// PutRefundAt stores the refund if nothing has changed since the revision, and
		// reports whether it did.
		PutRefundAt(ctx context.Context, orderID, paymentID, refundID string, doc []byte, revision int64) (bool, error)
	}
}

// errChanged makes the activity read the payments again.
var errChanged = errors.New("the order's payments changed in the meantime")

// Execute returns the refund with its amount, or as too large. A refund of a part is
// limited to what is left, so it is only too large if that is nothing. A refund that is
// recorded already is returned as recorded; one of a part that is recorded with another
// amount is a bug.
func (a *FitRefund) Execute(ctx context.Context, r order.Refund) (order.Refund, error) {
	if r.Reason.OfPart() && r.Amount < 1 {
		return r, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("refund %s of %d: it must be above 0", r.ID, r.Amount), "refund-empty", nil)
	}
	st, err := a.Records.Everything(ctx, r.OrderID)
	if err == nil {
		err = st.Err
	}
	if err != nil {
		return r, fmt.Errorf("read the payments of order %s: %w", r.OrderID, err)
	}
	money, err := order.ReadPayments(st.Payments)
	if err != nil {
		return r, fmt.Errorf("read the payments of order %s: %w", r.OrderID, err)
	}
	paid, left, there := leftOf(money, r)
	switch {
	case there != nil && r.Reason.OfPart() && there.Owed() != r.Amount:
		return r, temporal.NewNonRetryableApplicationError(
			fmt.Sprintf("refund %s of payment %s is recorded with %d owed, not %d", r.ID, r.PaymentID, there.Owed(), r.Amount),
			"refund-conflict", nil)
	case there != nil:
		return *there, nil
	}
	r.PaymentAmount = paid
	switch {
	case r.Reason.OfPart():
		r.FitPart(left)
	case r.Reason == order.RefundCancelled:
		owed, err := owedToParts(st, money, r)
		if err != nil {
			return r, err
		}
		r.Amount = max(left-owed, 0)
	case r.All || r.Amount == 0: // 0 is how earlier versions said all
		r.Amount = left
	}
	switch {
	case r.Reason.OfPart(): // recorded even if nothing is left, for its shortfall
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

// owedToParts returns how much of the payment the refunds of parts that were given up earlier have yet to
// record. They are started before the refund of the rest, but may come after it: it must not take their
// money, or they would report a shortfall although everything goes back.
func owedToParts(st order.Stored, money order.Payments, r order.Refund) (owed int64, err error) {
	if !st.Found {
		return 0, nil
	}
	o, err := st.Order()
	if err != nil {
		return 0, err
	}
	if o.Fulfilment == nil || o.Payment.ID != r.PaymentID || o.Payment.Provider != r.Provider {
		return 0, nil
	}
	for _, part := range o.OwedParts() {
		id := part.RefundID(r.Provider)
		if !slices.ContainsFunc(money.Refunds, func(known order.Refund) bool {
			return known.ID == id && known.PaymentID == r.PaymentID && known.Provider == r.Provider
		}) {
			owed += part.Amount
		}
	}
	return owed, nil
}

// leftOf returns how much was paid by the refund's payment, how much of that isn't being
// refunded yet, and the refund itself if it is recorded. An order's own saga knows what was
// paid: the record is a copy, and a restored one may not have it yet, which must not read
// as nothing owed.
func leftOf(money order.Payments, r order.Refund) (paid, left int64, there *order.Refund) {
	switch {
	case r.Reason == order.RefundCancelled:
		paid, left = r.Amount, r.Amount
	case r.Reason.OfPart():
		paid, left = r.PaymentAmount, r.PaymentAmount
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
	return paid, max(left, 0), there
}
