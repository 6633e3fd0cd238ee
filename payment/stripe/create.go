package stripe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/order"
	"holdfast/payment"
)

// freshKeys bounds how many further idempotency keys a call may try.
const freshKeys = 10

// nthKey is an idempotency key. Keys share one namespace per account, so ours start with
// our name.
func nthKey(kind, name string, n int) string {
	key := "holdfast-" + kind + ":" + name
	if n > 0 {
		key += "~" + strconv.Itoa(n)
	}
	return key
}

// Create implements payment.Provider. Stripe remembers the key for at least 24 hours. A
// repeated call after that makes a second PaymentIntent; the first can't be paid, since its
// client secret was never handed out.
func (p *Provider) Create(ctx context.Context, r order.PaymentRequest) (string, error) {
	amount, err := toStripe(r.Amount, r.Currency)
	if err != nil {
		return "", err
	}
	for n := range freshKeys {
		params := &stripe.PaymentIntentCreateParams{
			Amount: &amount, Currency: stripe.String(strings.ToLower(r.Currency)),
			Metadata: metadataOf(r),
		}
		if p.methods == nil {
			params.AutomaticPaymentMethods = &stripe.PaymentIntentCreateAutomaticPaymentMethodsParams{Enabled: new(true)}
		} else {
			params.PaymentMethodTypes = stripe.StringSlice(p.methods)
		}
		var made intent
		err := p.api.post(ctx, intentsPath, params, nthKey("payment", r.Key(), n), &made)
		problem := problemOf(err)
		switch {
		case err == nil && made.ID == "":
			return "", fmt.Errorf("%w: %w", payment.ErrUnavailable, errUnreadable)
		case err == nil:
			return made.ID, nil
		case problem == nil:
			return "", failed(err)
		case problem.replayed && problem.status >= 500:
			// Stripe would repeat this failure for a day. What it may have left behind
			// can't be paid, and a repeated call tries the same keys in the same order.
		case problem.mismatch():
			return p.made(ctx, r, amount, problem)
		case problem.lasting():
			return "", refusal(problem.text)
		default:
			return "", failed(err)
		}
	}
	return "", fmt.Errorf("%w: stripe failed under each of %d keys", payment.ErrUnavailable, freshKeys)
}

// made finds the payment that another version of this program requested with other
// parameters under the same key.
func (p *Provider) made(ctx context.Context, r order.PaymentRequest, amount int64, mismatch *problem) (string, error) {
	found, err := p.find(ctx, r)
	if err != nil {
		return "", err
	}
	for _, i := range found {
		if i.Amount == amount && strings.EqualFold(i.Currency, r.Currency) {
			return i.ID, nil
		}
	}
	// The search may lag by a minute. If this persists, two installations share the
	// account.
	return "", fmt.Errorf("%w: %w", payment.ErrUnavailable, mismatch)
}

// find searches for the payments of an attempt by our metadata.
func (p *Provider) find(ctx context.Context, r order.PaymentRequest) ([]intent, error) {
	params := &stripe.PaymentIntentSearchParams{}
	params.Query = fmt.Sprintf(`metadata["%s"]:"%s"`, metaPayment, r.Key())
	params.Limit = stripe.Int64(pageSize)
	var found page[intent] // one page: there are hardly ever two payments
	if err := p.api.get(ctx, searchPath, params, &found); err != nil {
		return nil, fmt.Errorf("search payment %s: %w", r.Key(), failed(err))
	}
	return slices.DeleteFunc(found.Data, func(i intent) bool { return i.Metadata[metaPayment] != r.Key() }), nil
}

// Checkout implements payment.Provider.
func (p *Provider) Checkout(ctx context.Context, paymentID string) (payment.Checkout, error) {
	if paymentID == "" {
		return payment.Checkout{}, payment.ErrNoPayment
	}
	var i intent
	if err := p.api.get(ctx, stripe.FormatURLPath(intentPath, paymentID), nil, &i); err != nil {
		return payment.Checkout{}, fmt.Errorf("read payment %s: %w", paymentID, failed(err))
	}
	if i.ClientSecret == "" {
		return payment.Checkout{}, fmt.Errorf("payment %s: %w", paymentID, errNoSecret)
	}
	return payment.Checkout{ClientSecret: i.ClientSecret}, nil
}

var errNoSecret = errors.New("stripe returned no client secret: the API key is read-only")
