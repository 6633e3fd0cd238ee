package activities

import (
	"context"
	"errors"
	"fmt"

	"holdfast/order"
)

// OpenPayments opens the payments that buyers use.
type OpenPayments struct {
	Providers Providers
	Records   PaymentRecords
}

// PaymentRecords stores the documents of orders' payments.
type PaymentRecords interface {
	// PutAsked stores new payments, unless a message about one has been stored since. The
	// order's own document doesn't change.
	PutAsked(ctx context.Context, orderID string, payments map[string][]byte) error
}

// OpenPaymentParams is recorded in the order's history.
type OpenPaymentParams struct {
	Request order.PaymentRequest `json:"request"`
	// Earlier payments of the order may still be paid: they are ended first, so that there
	// are never two.
	Earlier []AskedPayment `json:"earlier,omitempty"`
	// Placed is the attempt as recorded, except for its id.
	Placed order.Attempt `json:"placed"`
}

// OpenedPayment is the payment that was opened, or the reason why none was.
type OpenedPayment struct {
	// ID of the payment; empty if there is none.
	ID string `json:"id,omitempty"`
	// Ended are the earlier payments that ended, in order. If one turned out to be paid, no
	// new one was opened.
	Ended []EndedPayment `json:"ended,omitempty"`
	// Processing means that an earlier payment may still succeed.
	Processing bool `json:"processing,omitempty"`
	// Declined is the provider's final refusal.
	Declined string `json:"declined,omitempty"`
}

// Execute ends earlier payments, opens the new one and records it. A repeated call finds
// the payment that exists.
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
