package stripe

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/order"
)

// Refund implements payment.Provider. Stripe's own books show whether the refund has been
// made, since an idempotency key is forgotten after a day. A failed refund is reported as
// failed once, and made again if requested after that.
func (p *Provider) Refund(ctx context.Context, r order.RefundRequest) (order.RefundAnswer, error) {
	amount, err := toStripe(r.Amount, r.Currency)
	if err != nil {
		return order.RefundAnswer{}, err
	}
	if r.PaymentID == "" || r.RefundID == "" {
		return order.RefundAnswer{}, refusal("the payment and the refund both need an id")
	}
	made, err := p.refundsNamed(ctx, r)
	if problem := problemOf(err); problem.lastingForRefund() {
		return order.RefundAnswer{}, refusal(problem.text)
	}
	if err != nil {
		return order.RefundAnswer{}, fmt.Errorf("read the refunds of payment %s: %w", r.PaymentID, failed(err))
	}
	if made.stands != nil {
		return p.answer(ctx, *made.stands)
	}
	return p.makeRefund(ctx, r, amount, made.failed)
}

// makeRefund makes a refund. No other with its id is valid; failures is the number of
// failed ones.
func (p *Provider) makeRefund(ctx context.Context, r order.RefundRequest, amount int64, failures int) (order.RefundAnswer, error) {
	var last *problem
	for n := range freshKeys {
		params := &stripe.RefundCreateParams{
			PaymentIntent: &r.PaymentID, Amount: &amount,
			Metadata: map[string]string{metaRefund: r.RefundID, metaOrder: r.OrderID},
		}
		// Includes the payment's id: two payments of an order are refunded under one refund
		// id.
		key := nthKey("refund", r.PaymentID+":"+r.RefundID, failures*freshKeys+n)
		var made refund
		err := p.api.post(ctx, refundsPath, params, key, &made)
		if err == nil {
			return p.answer(ctx, made)
		}
		last = problemOf(err)
		if !last.lastingForRefund() {
			return order.RefundAnswer{}, fmt.Errorf("refund payment %s: %w", r.PaymentID, failed(err))
		}
		if !last.replayed {
			break
		}
		// Stripe repeats the failure for a day, whatever has changed since. Such an answer
		// means that nothing was made under this key.
	}
	// Another call for the same refund may have been faster.
	made, err := p.refundsNamed(ctx, r)
	if err != nil {
		return order.RefundAnswer{}, fmt.Errorf("read the refunds of payment %s: %w", r.PaymentID, failed(err))
	}
	if made.stands != nil {
		return p.answer(ctx, *made.stands)
	}
	return order.RefundAnswer{}, refusal(last.text)
}

// lastingForRefund reports whether Stripe understood and refuses to pay out. An operator
// decides, even if Stripe doesn't know the payment, which may belong to another account:
// nothing was sent.
func (e *problem) lastingForRefund() bool {
	return e != nil && e.kind == stripe.ErrorTypeInvalidRequest && !e.operator() && !e.passing()
}

// refundsMade is what the books contain under one refund id.
type refundsMade struct {
	// stands is the refund that answers the request: paid, pending, or failed and not
	// reported yet.
	stands *refund
	failed int
}

// refundsNamed reads all refunds of a payment, and keeps those with this refund id.
func (p *Provider) refundsNamed(ctx context.Context, r order.RefundRequest) (refundsMade, error) {
	var made refundsMade
	for one, err := range p.refundsOf(ctx, r.PaymentID) {
		if err != nil {
			return refundsMade{}, err
		}
		if one.Metadata[metaRefund] != r.RefundID {
			continue
		}
		isFailed := refundStatus(one) == order.RefundFailed
		if isFailed {
			made.failed++
		}
		switch {
		case !isFailed:
			made.stands = &one
		case one.Metadata[metaTold] == "" && made.stands == nil && !slices.Contains(r.Failed, one.ID):
			made.stands = &one
		}
	}
	return made, nil
}

func (p *Provider) refundsOf(ctx context.Context, paymentID string) iter.Seq2[refund, error] {
	params := &stripe.RefundListParams{PaymentIntent: &paymentID}
	return list[refund](ctx, p.api, refundsPath, params, &params.ListParams)
}

// answer returns the state of a refund. That its failure was reported is stored at Stripe
// first: otherwise the next request could not be told from an operator's wish to try again.
func (p *Provider) answer(ctx context.Context, r refund) (order.RefundAnswer, error) {
	status := refundStatus(r)
	if status == order.RefundFailed {
		told := &stripe.RefundUpdateParams{Metadata: map[string]string{metaTold: "true"}}
		if err := p.api.post(ctx, stripe.FormatURLPath(refundPath, r.ID), told, "", new(refund)); err != nil {
			return order.RefundAnswer{}, fmt.Errorf("note that refund %s failed: %w", r.ID, failed(err))
		}
	}
	return order.RefundAnswer{Status: status, ProviderID: r.ID, Detail: refundDetail(r)}, nil
}

func refundStatus(r refund) order.RefundStatus {
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		return order.RefundPaid
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		return order.RefundFailed
	case stripe.RefundStatusPending, stripe.RefundStatusRequiresAction:
		return order.RefundPending
	}
	return order.RefundPending // a status unknown to this version: never made a second time
}

// refundDetail returns why a refund failed.
func refundDetail(r refund) string {
	if refundStatus(r) != order.RefundFailed {
		return ""
	}
	return cmp.Or(r.FailureReason, string(r.Status))
}
