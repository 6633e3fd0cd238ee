// Package sandbox is a payment provider for trying things out and for tests. It behaves
// like a real one: it has books of its own (on the shop's Redis, under its own keys), a
// page where the buyer pays, and callbacks that follow Standard Webhooks and are retried
// until they are accepted. It moves no money.
//
// Anyone who knows its secret can also send callbacks in its name without its books, as the
// command line tools do.
package sandbox

import (
	"context"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/payment"
)

// Name is the provider's name, in the callback's path and in events.
const Name = "sandbox"

// Provider is the sandbox as the shop sees it.
type Provider struct {
	*Signer
	books     *Books
	publicURL string
	fails     float64
	chance    func() float64
}

var _ payment.Provider = (*Provider)(nil)

// Options of a Provider.
type Options struct {
	// PublicURL is where buyers reach the gateway, which serves the pages. It may be empty
	// if Checkout is never called.
	PublicURL string
	// Fails is the share of calls, 0 to 1, that fail: half of them before and half of them
	// after the books were changed. It is for testing how a shop handles that.
	Fails float64
}

// NewProvider returns the sandbox with these books.
func NewProvider(s *Signer, b *Books, o Options) *Provider {
	return &Provider{
		Signer: s, books: b, publicURL: strings.TrimSuffix(o.PublicURL, "/"), fails: o.Fails,
		chance: rand.Float64,
	}
}

// Create implements payment.Provider.
func (p *Provider) Create(ctx context.Context, r order.PaymentRequest) (string, error) {
	return unreliably(p, func() (string, error) { return p.books.create(ctx, r) })
}

// Checkout implements payment.Provider: the buyer is sent to the pay page.
func (p *Provider) Checkout(_ context.Context, paymentID string) (payment.Checkout, error) {
	return payment.Checkout{RedirectURL: p.publicURL + payPath + paymentID}, nil
}

// Cancel implements payment.Provider.
func (p *Provider) Cancel(ctx context.Context, paymentID string, r order.PaymentRequest) (order.Cancellation, error) {
	if paymentID == "" {
		paymentID = PaymentID(r)
	}
	return unreliably(p, func() (order.Cancellation, error) { return p.books.cancel(ctx, paymentID, r) })
}

// Refund implements payment.Provider. A payment that is missing from the books was reported
// by a holder of the secret: it is entered with the amount that was paid.
func (p *Provider) Refund(ctx context.Context, r order.RefundRequest) (order.RefundAnswer, error) {
	return unreliably(p, func() (order.RefundAnswer, error) { return p.books.refund(ctx, r) })
}

// LookUp implements payment.Provider.
func (p *Provider) LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error) {
	return unreliably(p, func() (order.ProviderPayment, error) { return p.books.lookUp(ctx, paymentID) })
}

// Payments implements payment.Provider. It never fails at random.
func (p *Provider) Payments(ctx context.Context, since time.Time) iter.Seq2[order.ProviderPayment, error] {
	return p.books.payments(ctx, since)
}

// unreliably makes a share of the calls fail, half of them after they were carried out.
func unreliably[T any](p *Provider, call func() (T, error)) (T, error) {
	var none T
	luck := p.chance()
	if luck < p.fails/2 {
		return none, payment.ErrUnavailable
	}
	answer, err := call()
	if luck < p.fails {
		return none, payment.ErrUnavailable
	}
	return answer, err
}
