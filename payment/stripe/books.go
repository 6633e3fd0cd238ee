package stripe

import (
	"context"
	"fmt"
	"iter"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/order"
	"holdfast/payment"
)

// LookUp implements payment.Provider. OrderID is empty if Holdfast didn't make the payment.
func (p *Provider) LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error) {
	if paymentID == "" {
		return order.ProviderPayment{}, payment.ErrNoPayment
	}
	i, err := p.intent(ctx, paymentID)
	if err != nil {
		return order.ProviderPayment{}, fmt.Errorf("read payment %s: %w", paymentID, failed(err))
	}
	return p.booked(ctx, i)
}

// Payments implements payment.Provider, the newest first. Payments that other applications
// took through the same account are left out.
func (p *Provider) Payments(ctx context.Context, since time.Time) iter.Seq2[order.ProviderPayment, error] {
	return func(yield func(order.ProviderPayment, error) bool) {
		params := &stripe.PaymentIntentListParams{
			CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
			Expand:       []*string{stripe.String("data.latest_charge.refunds")},
		}
		for i, err := range list[intent](ctx, p.api, intentsPath, params, &params.ListParams) {
			if err != nil {
				yield(order.ProviderPayment{}, fmt.Errorf("list payments: %w", failed(err)))
				return
			}
			if !ours(i.Metadata) {
				continue
			}
			if !yield(p.booked(ctx, i)) {
				return
			}
		}
	}
}

// booked converts a PaymentIntent and its refunds to our terms.
func (p *Provider) booked(ctx context.Context, i intent) (order.ProviderPayment, error) {
	res := order.ProviderPayment{
		ID: i.ID, OrderID: orderOf(i.Metadata), Status: statusOf(i), CreatedAt: time.Unix(i.Created, 0).UTC(),
	}
	amount := i.Amount
	if res.Status == order.ProviderSucceeded {
		amount, res.PaidAt = i.AmountReceived, paidAt(i)
	}
	var err error
	if res.Amount, res.Currency, err = fromStripe(amount, i.Currency); err != nil {
		return order.ProviderPayment{}, fmt.Errorf("read payment %s: %w", i.ID, err)
	}
	refunds, err := p.refunds(ctx, i)
	if err != nil {
		return order.ProviderPayment{}, fmt.Errorf("read the refunds of payment %s: %w", i.ID, failed(err))
	}
	for _, r := range refunds {
		amount, _, err := fromStripe(r.Amount, r.Currency)
		if err != nil {
			return order.ProviderPayment{}, fmt.Errorf("read refund %s: %w", r.ID, err)
		}
		res.Refunds = append(res.Refunds, order.ProviderRefund{
			ID: r.Metadata[metaRefund], ProviderID: r.ID, Amount: amount, Status: refundStatus(r), Detail: refundDetail(r),
		})
	}
	return res, nil
}

// refunds returns the refunds of a payment. Only a successful payment can have any, and a
// complete list in the payment saves a call.
func (p *Provider) refunds(ctx context.Context, i intent) ([]refund, error) {
	if statusOf(i) != order.ProviderSucceeded {
		return nil, nil
	}
	if c := i.LatestCharge; c != nil && c.Refunds != nil && !c.Refunds.HasMore {
		return c.Refunds.Data, nil
	}
	var all []refund
	for r, err := range p.refundsOf(ctx, i.ID) {
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
