// Package payment is the boundary to payment providers. Each provider has a
// package of its own below this one, in which its words, its signatures and its
// formats end: the rest of the program knows order.PaymentEvent. The package
// never decides about an order and moves no money.
package payment

import (
	"errors"
	"net/http"
	"time"

	"holdfast/order"
)

// Tolerance is how far a callback's timestamp may be off, either way: an older
// one could be a recorded message that somebody plays again.
const Tolerance = 5 * time.Minute

// Provider reads what a payment provider sends us.
type Provider interface {
	// Callback proves that the provider sent the message and reads it. Its error
	// is one of those below. A type that the provider has and we don't know is
	// ErrUnknownType.
	Callback(header http.Header, body []byte, now time.Time) (order.PaymentEvent, error)
}

// What is wrong with a callback. The first two mean that nobody knows who sent
// it: their text must not go back to the sender in more detail than this.
var (
	ErrSignature   = errors.New("the callback's signature is missing or wrong")
	ErrStale       = errors.New("the callback's timestamp is more than 5 minutes off")
	ErrMalformed   = errors.New("the callback is malformed")
	ErrUnknownType = errors.New("the callback's type is unknown")
)
