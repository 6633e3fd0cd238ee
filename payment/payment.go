// Package payment is the boundary to payment providers. Each provider has a package below
// this one that hides its terms, its signatures and its formats: the rest of the program
// knows the types of package order. The package never decides about an order.
package payment

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"holdfast/order"
)

// Tolerance is how far a callback's timestamp may be off, either way: an older one could be
// a replay of a recorded message.
const Tolerance = 5 * time.Minute

// Provider is a payment provider. Each call may be repeated, and is bounded by its context.
// An error is ErrUnavailable, after which it isn't known whether the provider acted;
// *order.RefusalError, its final refusal; or a bug.
type Provider interface {
	// Create opens the payment of an attempt and returns its id. A repeated call with the
	// same key returns the same id, whatever became of the payment.
	Create(ctx context.Context, r order.PaymentRequest) (paymentID string, err error)
	// Checkout is what the buyer needs to pay. None of it is stored: a gateway keeps it in
	// memory for a minute.
	Checkout(ctx context.Context, paymentID string) (Checkout, error)
	// Cancel makes sure that no money comes from an attempt, or reports why it can't.
	// paymentID is empty if Create was not answered; it may have acted.
	Cancel(ctx context.Context, paymentID string, r order.PaymentRequest) (order.Cancellation, error)
	// Refund returns money, once for each refund id, even if the provider has forgotten the
	// idempotency key since. RefundFailed is final until the refund is requested again.
	Refund(ctx context.Context, r order.RefundRequest) (order.RefundAnswer, error)
	// LookUp reads the provider's books. It returns ErrNoPayment if there is no payment
	// with this id.
	LookUp(ctx context.Context, paymentID string) (order.ProviderPayment, error)
	// Payments iterates over all payments created since.
	Payments(ctx context.Context, since time.Time) iter.Seq2[order.ProviderPayment, error]
	Reader
}

// Reader reads what a payment provider sends us.
type Reader interface {
	// Callback verifies that the provider sent the message, and reads it. Its error is one
	// of those below. A type that we don't know is ErrUnknownType; one that we know and
	// that concerns no payment of an order is ErrIgnored.
	Callback(header http.Header, body []byte, now time.Time) (order.PaymentEvent, error)
}

// Charger is a provider that can't charge every amount.
type Charger interface {
	// Charges returns the smallest amount above 0 that the provider charges in a currency, and
	// of what it charges only multiples, in minor units. ok is false if it doesn't take the
	// currency at all.
	Charges(currency string) (smallest, step int64, ok bool)
}

// Checkout is what a buyer needs to pay: one or the other.
type Checkout struct {
	// RedirectURL is the provider's page.
	RedirectURL string
	// ClientSecret is for the provider's own script in the shop's page. It lets its holder
	// pay, and nothing else; it must not be logged.
	ClientSecret string
}

// What can be wrong with a callback. The first two mean that the sender isn't
// authenticated: it must not be told more than their text.
var (
	ErrSignature   = errors.New("the callback's signature is missing or wrong")
	ErrStale       = errors.New("the callback's timestamp is more than 5 minutes off")
	ErrMalformed   = errors.New("the callback is malformed")
	ErrUnknownType = errors.New("the callback's type is unknown")
	ErrIgnored     = errors.New("the callback concerns no payment of an order")
)

// Errors of a provider's calls besides *order.RefusalError.
var (
	ErrUnavailable = errors.New("the payment provider can't be reached, or fails")
	ErrNoPayment   = errors.New("the payment provider has no such payment")
)
