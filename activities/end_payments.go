package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/product"
)

// EndPayments makes sure that an order which ends unpaid can't be paid afterwards.
type EndPayments struct {
	Providers Providers
	// Open counts customers' open orders; nil disables the limit.
	Open interface {
		Extend(ctx context.Context, owner string, h product.Holder, until time.Time) error
	}
}

// EndPaymentsParams is recorded in the order's history.
type EndPaymentsParams struct {
	Payments []AskedPayment `json:"payments"`
	// CustomerID is set if the customer's open orders are limited and the order holds its
	// stock until its payments have ended; Network is the same for those of a network's guests.
	CustomerID string `json:"customerId,omitempty"`
	Network    string `json:"network,omitempty"`
	// PlacedAt is set whenever one of them is, except by an earlier version.
	PlacedAt time.Time `json:"placedAt,omitzero"`
}

// stillOpen is how long an order keeps counting as open when a provider didn't answer. It
// is longer than the pause before the next attempt.
const stillOpen = 5 * time.Minute

// EndPaymentsResult is the outcome of each payment.
type EndPaymentsResult struct {
	Ended []EndedPayment `json:"ended"`
}

// ProcessingError means that a provider doesn't know yet whether it will receive the money.
// The stock stays on hold, and the call should be retried.
type ProcessingError struct{ Provider, Payment string }

func (e *ProcessingError) Error() string {
	return fmt.Sprintf("%s is still processing payment %s", e.Provider, e.Payment)
}

// Execute asks until every payment has ended, one way or another.
func (a *EndPayments) Execute(ctx context.Context, p EndPaymentsParams) (EndPaymentsResult, error) {
	var res EndPaymentsResult
	for _, asked := range p.Payments {
		ended, processing, err := a.Providers.end(ctx, asked)
		if err != nil || processing {
			h := product.Holder{OrderID: asked.Request.OrderID, PlacedAt: p.PlacedAt}
			a.keepPlace(ctx, p.CustomerID, h)
			a.keepPlace(ctx, p.Network, h)
		}
		if err != nil {
			return EndPaymentsResult{}, err
		}
		if processing {
			return EndPaymentsResult{}, &ProcessingError{Provider: asked.Request.Provider, Payment: asked.ID}
		}
		res.Ended = append(res.Ended, ended)
	}
	return res, nil
}

// keepPlace keeps the order among the open orders of a customer or network while it holds its
// stock beyond the deadline. A failure here is no reason to fail the activity: the limit guards
// against hoarding, and this order will end.
func (a *EndPayments) keepPlace(ctx context.Context, owner string, h product.Holder) {
	if a.Open == nil || owner == "" {
		return
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // the provider may have used up ctx
	defer cancel()
	for _, name := range product.Buyers(owner) {
		if err := a.Open.Extend(own, name, h, time.Now().Add(stillOpen)); err != nil {
			activity.GetLogger(ctx).Warn("an order no longer counts as open", "order_id", h.OrderID, "error", err)
		}
	}
}
