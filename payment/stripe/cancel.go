package stripe

import (
	"context"
	"errors"
	"fmt"

	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/order"
	"holdfast/payment"
)

// Cancel implements payment.Provider.
func (p *Provider) Cancel(ctx context.Context, paymentID string, r order.PaymentRequest) (order.Cancellation, error) {
	if paymentID != "" {
		return p.cancel(ctx, paymentID, r)
	}
	ids, err := p.lost(ctx, r)
	if err != nil {
		return order.Cancellation{}, err
	}
	res := order.Cancellation{Outcome: order.CancelOutcomeNoPayment}
	for _, id := range ids {
		c, err := p.cancel(ctx, id, r)
		if err != nil {
			return order.Cancellation{}, err
		}
		switch {
		case c.Outcome == order.CancelOutcomePaid:
			return c, nil
		case res.Outcome != order.CancelOutcomeProcessing:
			res = c
		}
	}
	return res, nil
}

// lost returns the payments of an attempt whose creation was not answered. The search finds
// those whose key Stripe has forgotten; the key finds one that is too new to be searched,
// or creates one, so that a request still in flight can't create it later.
func (p *Provider) lost(ctx context.Context, r order.PaymentRequest) ([]string, error) {
	found, err := p.find(ctx, r)
	if errors.Is(err, payment.ErrUnavailable) {
		return nil, err
	}
	if err == nil && len(found) > 0 { // otherwise: not every account can search
		ids := make([]string, 0, len(found))
		for _, i := range found {
			ids = append(ids, i.ID)
		}
		return ids, nil
	}
	id, err := p.Create(ctx, r)
	if _, no := errors.AsType[*order.RefusalError](err); no {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []string{id}, nil
}

// cancel cancels an existing payment. If Stripe doesn't know it, that is no answer:
// payments don't vanish, so this key belongs to another account, and the right account
// would still take money.
func (p *Provider) cancel(ctx context.Context, id string, r order.PaymentRequest) (order.Cancellation, error) {
	var i intent
	err := p.api.post(ctx, stripe.FormatURLPath(cancelPath, id), &stripe.PaymentIntentCancelParams{
		CancellationReason: stripe.String(string(stripe.PaymentIntentCancellationReasonAbandoned)),
		Expand:             []*string{stripe.String("latest_charge")},
	}, "", &i)
	if problemOf(err).is(stripe.ErrorCodePaymentIntentUnexpectedState) {
		i, err = p.intent(ctx, id)
	}
	if err != nil {
		err = failed(err)
		if errors.Is(err, payment.ErrNoPayment) {
			err = fmt.Errorf("%w: STRIPE_API_KEY may be another account's: %w", payment.ErrUnavailable, err)
		}
		return order.Cancellation{}, fmt.Errorf("cancel payment %s: %w", id, err)
	}
	switch statusOf(i) {
	case order.ProviderCancelled:
		return order.Cancellation{Outcome: order.CancelOutcomeCancelled}, nil
	case order.ProviderSucceeded:
		paid, err := success(i)
		paid.OrderID = r.OrderID // even if the payment's metadata was changed
		return order.Cancellation{Outcome: order.CancelOutcomePaid, Paid: &paid}, err
	case order.ProviderOpen, order.ProviderProcessing:
	}
	// Still open is rare: the buyer's attempt failed between the two calls. Ask again.
	return order.Cancellation{Outcome: order.CancelOutcomeProcessing}, nil
}
