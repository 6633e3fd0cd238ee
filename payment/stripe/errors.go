package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/payment"
)

// problem is an error that Stripe answered, as far as it may be logged: the library's
// own error prints the PaymentIntent with its client secret.
type problem struct {
	status               int
	kind                 stripe.ErrorType
	code                 stripe.ErrorCode
	param, text, request string
	// replayed: Stripe repeats what it answered before under this idempotency key.
	replayed bool
}

func (e *problem) Error() string {
	name := string(e.kind)
	if e.code != "" {
		name += " " + string(e.code)
	}
	text := fmt.Sprintf("stripe answers %d %s", e.status, name)
	if e.text != "" {
		text += ": " + e.text
	}
	if e.request != "" {
		text += " (" + e.request + ")"
	}
	return text
}

// secrets are keys, of which Stripe's messages show parts, and client secrets.
var secrets = regexp.MustCompile(`\b(sk|rk|pk|ek|whsec)_[A-Za-z0-9_*]+|_secret_[A-Za-z0-9_*]+`)

// problemOf is nil where err is not an answer of Stripe.
func problemOf(err error) *problem {
	e, ok := errors.AsType[*stripe.Error](err)
	if !ok {
		return nil
	}
	p := &problem{
		status: e.HTTPStatusCode, kind: e.Type, code: e.Code, param: e.Param,
		text: secrets.ReplaceAllString(e.Msg, "…"), request: e.RequestID,
	}
	if e.LastResponse != nil {
		p.replayed = strings.EqualFold(e.LastResponse.Header.Get("Idempotent-Replayed"), "true")
	}
	return p
}

// lasting tells whether asking again for the same can't get better, as far as amount
// and currency are concerned.
func (e *problem) lasting() bool {
	if e.kind != stripe.ErrorTypeInvalidRequest || e.status < 400 || e.status >= 500 || e.operator() {
		return false
	}
	switch e.code {
	case stripe.ErrorCodeAmountTooLarge, stripe.ErrorCodeAmountTooSmall, stripe.ErrorCodeInvalidChargeAmount,
		stripe.ErrorCodeCountryUnsupported, stripe.ErrorCodePaymentMethodCurrencyMismatch:
		return true
	}
	return e.param == "amount" || e.param == "currency"
}

// operator: the key is wrong, or may not do this.
func (e *problem) operator() bool {
	return e.status == http.StatusUnauthorized || e.status == http.StatusForbidden
}

// passing: Stripe is away, busy, or at work on the very same.
func (e *problem) passing() bool {
	return e.status >= 500 || e.status == http.StatusTooManyRequests || e.status == http.StatusConflict ||
		e.kind == stripe.ErrorTypeAPI
}

// mismatch: the idempotency key was used before with other parameters.
func (e *problem) mismatch() bool {
	return e.kind == stripe.ErrorTypeIdempotency && !e.passing()
}

func (e *problem) is(codes ...stripe.ErrorCode) bool {
	for _, c := range codes {
		if e != nil && e.code == c {
			return true
		}
	}
	return false
}

// failed says what a call came to, beside a lasting no. Whatever isn't understood
// leaves open whether Stripe acted.
func failed(err error) error {
	p := problemOf(err)
	switch {
	case p == nil:
		return fmt.Errorf("%w: %w", payment.ErrUnavailable, cause(err))
	case p.operator():
		return fmt.Errorf("%w: stripe doesn't take our API key for this, an operator has to mend STRIPE_API_KEY: %w",
			payment.ErrUnavailable, p)
	case p.passing():
		return fmt.Errorf("%w: %w", payment.ErrUnavailable, p)
	case p.is(stripe.ErrorCodeResourceMissing):
		return fmt.Errorf("%w: %w", payment.ErrNoPayment, p)
	}
	return p
}

// errUnreadable stands for an answer that is not Stripe's JSON, such as a proxy's page.
// The library's error quotes it, with what may be a client secret.
var errUnreadable = errors.New("stripe's answer can't be read")

// cause keeps what the network said, and drops what might quote an answer.
func cause(err error) error {
	_, network := errors.AsType[*url.Error](err)
	if network || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errUnreadable
}
