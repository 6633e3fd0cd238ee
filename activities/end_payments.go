package activities

import (
	"context"
	"fmt"
)

// EndPayments makes sure that an order which ends unpaid is not paid afterwards.
type EndPayments struct {
	Providers Providers
}

// EndPaymentsParams are recorded in the order's history.
type EndPaymentsParams struct {
	Payments []AskedPayment `json:"payments"`
}

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
