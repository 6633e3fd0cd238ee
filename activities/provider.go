package activities

import (
	"context"
	"fmt"

	"holdfast/order"
)

// Provider is a payment provider as the sagas need it. An error other than an
// *order.RefusalError leaves open whether the provider acted, so the call should be
// retried.
type Provider interface {
	Create(ctx context.Context, r order.PaymentRequest) (paymentID string, err error)
	Cancel(ctx context.Context, paymentID string, r order.PaymentRequest) (order.Cancellation, error)
	Refund(ctx context.Context, r order.RefundRequest) (order.RefundAnswer, error)
	LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error)
}

// Providers maps names to payment providers.
type Providers map[string]Provider

// named returns an error if this worker doesn't have the provider: a worker that has it may
// take the next attempt, and money that was paid there can't be dropped.
func (p Providers) named(name string) (Provider, error) {
	provider, ok := p[name]
	if !ok {
		return nil, fmt.Errorf("this worker has no payment provider %q: its settings are missing", name)
	}
	return provider, nil
}

// AskedPayment is a payment that was requested. If the provider's answer was lost it has no
// id, but may exist.
type AskedPayment struct {
	Request order.PaymentRequest `json:"request"`
	ID      string               `json:"id,omitempty"`
}

// EndedPayment is the outcome of a payment that was to be cancelled.
type EndedPayment struct {
	AskedPayment
	// Paid is the success that came before the cancellation.
	Paid *order.PaymentEvent `json:"paid,omitempty"`
}

// end cancels one payment. processing means that the outcome isn't known yet.
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
			return EndedPayment{}, false, fmt.Errorf("%s reports payment %s as paid, without the amount", a.Request.Provider, a.Request.Key())
		}
		ended.Paid = c.Paid
		return ended, false, nil
	case order.CancelOutcomeProcessing:
		return EndedPayment{}, true, nil
	}
	return EndedPayment{}, false, fmt.Errorf("%s answered a cancellation with %q", a.Request.Provider, c.Outcome)
}
