package activities

import (
	"context"
	"fmt"

	"holdfast/order"
)

// Provider is a payment provider, as the sagas need it. An error that is not an
// *order.RefusalError leaves open whether the provider acted: asking again is right.
type Provider interface {
	Create(ctx context.Context, r order.PaymentRequest) (paymentID string, err error)
	Cancel(ctx context.Context, paymentID string, r order.PaymentRequest) (order.Cancellation, error)
	Refund(ctx context.Context, r order.RefundRequest) (order.RefundAnswer, error)
	LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error)
}

// Providers are the payment providers by their name.
type Providers map[string]Provider

// named is an error where this worker doesn't have the provider: one that has it may
// take the next attempt, and what was paid there can't be dropped.
func (p Providers) named(name string) (Provider, error) {
	provider, ok := p[name]
	if !ok {
		return nil, fmt.Errorf("this worker has no payment provider %q: its settings are missing", name)
	}
	return provider, nil
}

// AskedPayment is a payment that was asked for. Where the provider's answer was lost
// it has no id, and may be there all the same.
type AskedPayment struct {
	Request order.PaymentRequest `json:"request"`
	ID      string               `json:"id,omitempty"`
}

// EndedPayment is what became of a payment that was to be cancelled.
type EndedPayment struct {
	AskedPayment
	// Paid is the success that came before.
	Paid *order.PaymentEvent `json:"paid,omitempty"`
}

// end cancels one payment. processing: nobody knows yet.
func (p Providers) end(ctx context.Context, a AskedPayment) (ended EndedPayment, processing bool, err error) {
	provider, err := p.named(a.Request.Provider)
	if err != nil {
		return EndedPayment{}, false, err
	}
	c, err := provider.Cancel(ctx, a.ID, a.Request)
	if err != nil {
		return EndedPayment{}, false, fmt.Errorf("cancel payment %s of order %s: %w", a.Request.Key(), a.Request.OrderID, err)
	}
	ended.AskedPayment = a
	switch c.Outcome {
	case order.CancelOutcomeCancelled, order.CancelOutcomeNoPayment:
		return ended, false, nil
	case order.CancelOutcomePaid:
		if c.Paid == nil {
			return EndedPayment{}, false, fmt.Errorf("%s says that payment %s is paid, and not what", a.Request.Provider, a.Request.Key())
		}
		ended.Paid = c.Paid
		return ended, false, nil
	case order.CancelOutcomeProcessing:
		return EndedPayment{}, true, nil
	}
	return EndedPayment{}, false, fmt.Errorf("%s answers a cancellation with %q", a.Request.Provider, c.Outcome)
}
