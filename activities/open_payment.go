package activities

import (
	"context"
	"errors"
	"fmt"

	"holdfast/order"
)

// OpenPayments opens the payments that buyers pay by.
type OpenPayments struct {
	Providers Providers
	Records   PaymentRecords
}

// PaymentRecords are the documents of orders' payments.
type PaymentRecords interface {
	// PutAsked stores what is new, unless something was heard of it since; the order's
	// own document stays as it is.
	PutAsked(ctx context.Context, orderID string, payments map[string][]byte) error
}

// OpenPaymentParams are recorded in the order's history.
type OpenPaymentParams struct {
	Request order.PaymentRequest `json:"request"`
	// Earlier payments of the order may still be paid: they are ended first, so that
	// there are never two.
	Earlier []AskedPayment `json:"earlier,omitempty"`
	// Placed is the attempt as it is written down, but for its id.
	Placed order.Attempt `json:"placed"`
}

// OpenedPayment says which payment there is now, or why there is none.
type OpenedPayment struct {
	// ID of the payment; empty where there is none.
	ID string `json:"id,omitempty"`
	// Ended are the earlier payments that ended, in order; of one that turned out
	// paid, no new one was opened.
	Ended []EndedPayment `json:"ended,omitempty"`
	// Processing: an earlier one may still succeed.
	Processing bool `json:"processing,omitempty"`
	// Declined is the provider's lasting no.
	Declined string `json:"declined,omitempty"`
}

// Execute ends what is earlier, opens the payment, and writes it down. Again, it finds
// the payment that is there.
func (a *OpenPayments) Execute(ctx context.Context, p OpenPaymentParams) (OpenedPayment, error) {
	var res OpenedPayment
	for _, e := range p.Earlier {
		ended, processing, err := a.Providers.end(ctx, e)
		if err != nil {
			return OpenedPayment{}, err
		}
		if processing {
			res.Processing = true
			return res, nil
		}
		res.Ended = append(res.Ended, ended)
		if ended.Paid != nil {
			return res, nil
		}
	}
	provider, err := a.Providers.named(p.Request.Provider)
	if err != nil {
		return OpenedPayment{}, err
	}
	id, err := provider.Create(ctx, p.Request)
	if refusal, no := errors.AsType[*order.RefusalError](err); no {
		res.Declined = refusal.Reason
		return res, nil
	}
	if err != nil {
		return OpenedPayment{}, fmt.Errorf("open payment %s: %w", p.Request.Key(), err)
	}
	placed := p.Placed
	placed.PaymentID = id
	docs, err := order.EncodePayments(map[string]order.Attempt{placed.Key(): placed})
	if err == nil {
		err = a.Records.PutAsked(ctx, p.Request.OrderID, docs)
	}
	if err != nil {
		return OpenedPayment{}, err
	}
	res.ID = id
	return res, nil
}
