package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/payment"
)

// problem is an error from Stripe, limited to what may be logged: the library's own error
// prints the PaymentIntent with its client secret.
type problem struct {
	status               int
	kind                 stripe.ErrorType
	code                 stripe.ErrorCode
	param, text, request string
	// replayed means that Stripe repeats an earlier answer under this idempotency key.
	replayed bool
}

func (e *problem) Error() string {
	name := string(e.kind)
	if e.code != "" {
		name += " " + string(e.code)
	}
	text := fmt.Sprintf("stripe answered %d %s", e.status, name)
	if e.text != "" {
		text += ": " + e.text
	}
	if e.request != "" {
		text += " (" + e.request + ")"
	}
	return text
}

// secrets matches keys, parts of which appear in Stripe's messages, and client secrets.
var secrets = regexp.MustCompile(`\b(sk|rk|pk|ek|whsec)_[A-Za-z0-9_*]+|_secret_[A-Za-z0-9_*]+`)

// problemOf returns nil if err is not an answer from Stripe.
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

// lasting reports whether a retry can't succeed, as far as amount and currency are
// concerned.
func (e *problem) lasting() bool {
	if e.kind != stripe.ErrorTypeInvalidRequest || e.status < 400 || e.status >= 500 || e.operator() {
		return false
	}
	return e.param == "amount" || e.param == "currency" || e.is(stripe.ErrorCodeAmountTooLarge,
		stripe.ErrorCodeAmountTooSmall, stripe.ErrorCodeInvalidChargeAmount, stripe.ErrorCodeCountryUnsupported,
		stripe.ErrorCodePaymentMethodCurrencyMismatch)
}

// operator means that the key is wrong, or lacks a permission.
func (e *problem) operator() bool {
	return e.status == http.StatusUnauthorized || e.status == http.StatusForbidden
}

// passing means that Stripe is down, busy, or processing the same request.
func (e *problem) passing() bool {
	return e.status >= 500 || e.status == http.StatusTooManyRequests || e.status == http.StatusConflict ||
		e.kind == stripe.ErrorTypeAPI
}

// mismatch means that the idempotency key was used before with other parameters.
func (e *problem) mismatch() bool {
	return e.kind == stripe.ErrorTypeIdempotency && !e.passing()
}

func (e *problem) is(codes ...stripe.ErrorCode) bool {
	return e != nil && slices.Contains(codes, e.code)
}

// failed converts the error of a call other than a final refusal. After an unrecognised
// error it isn't known whether Stripe acted.
func failed(err error) error {
	p := problemOf(err)
	switch {
	case p == nil:
		return fmt.Errorf("%w: %w", payment.ErrUnavailable, cause(err))
	case p.operator():
		return fmt.Errorf("%w: stripe rejects our API key for this call, an operator has to correct STRIPE_API_KEY: %w",
			payment.ErrUnavailable, p)
	case p.passing():
		return fmt.Errorf("%w: %w", payment.ErrUnavailable, p)
	case p.is(stripe.ErrorCodeResourceMissing):
		return fmt.Errorf("%w: %w", payment.ErrNoPayment, p)
	}
	return p
}

// errUnreadable replaces the error for an answer that is not Stripe's JSON, such as a
// proxy's page. The library's error quotes the answer, which may contain a client secret.
var errUnreadable = errors.New("stripe's answer can't be read")

// cause keeps network errors, and drops what might quote an answer.
func cause(err error) error {
	_, network := errors.AsType[*url.Error](err)
	if network || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return errUnreadable
}
