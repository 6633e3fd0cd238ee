package activities

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/product"
)

// EndPayments makes sure that an order which ends unpaid is not paid afterwards.
type EndPayments struct {
	Providers Providers
	// Open keeps the customer's open orders; nil keeps none.
	Open interface {
		Extend(ctx context.Context, customerID string, h product.Holder, until time.Time) error
	}
}

// EndPaymentsParams are recorded in the order's history.
type EndPaymentsParams struct {
	Payments []AskedPayment `json:"payments"`
	// CustomerID is given where his open orders are limited, and the order holds its
	// stock until its payments have ended.
	CustomerID string `json:"customerId,omitempty"`
	// PlacedAt is given where CustomerID is, but by an earlier version.
	PlacedAt time.Time `json:"placedAt,omitzero"`
}

// stillOpen is how long an order keeps its place among its customer's open ones when a
// provider didn't answer: longer than until the next attempt.
const stillOpen = 5 * time.Minute

// EndPaymentsResult tells what became of each.
type EndPaymentsResult struct {
	Ended []EndedPayment `json:"ended"`
}

// ProcessingError says that a provider doesn't know yet whether money comes. The stock
// stays held: asking again is right.
type ProcessingError struct{ Provider, Payment string }

func (e *ProcessingError) Error() string {
	return fmt.Sprintf("%s is still processing payment %s", e.Provider, e.Payment)
}

// Execute asks until every payment has ended, one way or the other.
func (a *EndPayments) Execute(ctx context.Context, p EndPaymentsParams) (EndPaymentsResult, error) {
	var res EndPaymentsResult
	for _, asked := range p.Payments {
		ended, processing, err := a.Providers.end(ctx, asked)
		if err != nil || processing {
			a.keepPlace(ctx, p.CustomerID, product.Holder{OrderID: asked.Request.OrderID, PlacedAt: p.PlacedAt})
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

// keepPlace: the order holds its stock beyond its deadline, and counts as open as
// long. A place that could not be kept is no reason to fail: the limit is one against
// greed, and this order will end.
func (a *EndPayments) keepPlace(ctx context.Context, customerID string, h product.Holder) {
	if a.Open == nil || customerID == "" {
		return
	}
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second) // the provider may have used up ctx
	defer cancel()
	if err := a.Open.Extend(own, customerID, h, time.Now().Add(stillOpen)); err != nil {
		activity.GetLogger(ctx).Warn("an order lost its place among the open ones", "order_id", h.OrderID, "error", err)
	}
}
