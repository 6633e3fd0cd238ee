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

// LookUp implements payment.Provider. OrderID is empty where the payment isn't one of
// Holdfast's.
func (p *Provider) LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error) {
	if paymentID == "" {
		return order.ProviderPayment{}, payment.ErrNoPayment
	}
	intent, err := p.intent(ctx, paymentID)
	if err != nil {
		return order.ProviderPayment{}, fmt.Errorf("read payment %s: %w", paymentID, failed(err))
	}
	return p.booked(ctx, intent)
}

// Payments implements payment.Provider, the newest first. What others took by the same
// account is left out.
func (p *Provider) Payments(ctx context.Context, since time.Time) iter.Seq2[order.ProviderPayment, error] {
	return func(yield func(order.ProviderPayment, error) bool) {
		params := &stripe.PaymentIntentListParams{
			CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
			Expand:       []*string{stripe.String("data.latest_charge.refunds")},
		}
		params.Limit = stripe.Int64(pageSize)
		for intent, err := range p.api.V1PaymentIntents.List(ctx, params).All(ctx) {
			if err != nil {
				yield(order.ProviderPayment{}, fmt.Errorf("list payments: %w", failed(err)))
				return
			}
			if !ours(intent.Metadata) {
				continue
			}
			if !yield(p.booked(ctx, intent)) {
				return
			}
		}
	}
}

// booked puts a PaymentIntent and its refunds into our words.
func (p *Provider) booked(ctx context.Context, i *stripe.PaymentIntent) (order.ProviderPayment, error) {
	res := order.ProviderPayment{
		ID: i.ID, OrderID: orderOf(i.Metadata), Status: statusOf(i), CreatedAt: time.Unix(i.Created, 0).UTC(),
	}
	amount := i.Amount
	if res.Status == order.ProviderSucceeded {
		amount, res.PaidAt = i.AmountReceived, paidAt(i)
	}
	var err error
	if res.Amount, res.Currency, err = fromStripe(amount, string(i.Currency)); err != nil {
		return order.ProviderPayment{}, fmt.Errorf("read payment %s: %w", i.ID, err)
	}
	refunds, err := p.refunds(ctx, i)
	if err != nil {
		return order.ProviderPayment{}, fmt.Errorf("read the refunds of payment %s: %w", i.ID, failed(err))
	}
	for _, r := range refunds {
		amount, _, err := fromStripe(r.Amount, string(r.Currency))
		if err != nil {
			return order.ProviderPayment{}, fmt.Errorf("read refund %s: %w", r.ID, err)
		}
		res.Refunds = append(res.Refunds, order.ProviderRefund{
			ID: r.Metadata[metaRefund], ProviderID: r.ID, Amount: amount, Status: refundStatus(r), Detail: refundDetail(r),
		})
	}
	return res, nil
}

// refunds of a payment. Only one that succeeded can have any, and a list that brought
// them along, whole, spares a call.
func (p *Provider) refunds(ctx context.Context, i *stripe.PaymentIntent) ([]*stripe.Refund, error) {
	if statusOf(i) != order.ProviderSucceeded {
		return nil, nil
	}
	if c := i.LatestCharge; c != nil && c.Refunds != nil && !c.Refunds.HasMore {
		return c.Refunds.Data, nil
	}
	var all []*stripe.Refund
	for r, err := range p.refundsOf(ctx, i.ID) {
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}
