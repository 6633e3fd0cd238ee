package stripe

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stripe/stripe-go/v85/webhook"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
)

// signatureHeader contains the time and the signatures of a webhook.
const signatureHeader = "Stripe-Signature"

// maxEventIDBytes bounds an event's id, which is stored in histories.
const maxEventIDBytes = 255

// message is the part of an event that we read. The library's own types change with each
// version of Stripe's API, and an account may send those of another version: a change that
// doesn't concern us must not make a payment unreadable.
type message struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Type    string `json:"type"`
	Created int64  `json:"created"`
	Data    struct {
		Object jsontext.Value `json:"object"`
	} `json:"data"`
}

// sentIntent is the PaymentIntent that a message is about.
type sentIntent struct {
	ID             string            `json:"id"`
	Amount         int64             `json:"amount"`
	AmountReceived int64             `json:"amount_received"`
	Currency       string            `json:"currency"`
	Metadata       map[string]string `json:"metadata"`
}

// Callback implements payment.Reader. The signature is compared in constant time, before
// anything in the body is read.
func (p *Provider) Callback(header http.Header, body []byte, now time.Time) (order.PaymentEvent, error) {
	var none order.PaymentEvent
	signed := header.Get(signatureHeader)
	at, err := signedAt(signed)
	if err != nil {
		return none, err
	}
	// The library would compare the timestamp with a clock of its own.
	if err := webhook.ValidatePayloadIgnoringTolerance(body, signed, p.secret); err != nil {
		return none, fmt.Errorf("%w: %w", payment.ErrSignature, err)
	}
	if now.Sub(at).Abs() > payment.Tolerance {
		return none, payment.ErrStale
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		return none, fmt.Errorf("%w: the body is not one valid event", payment.ErrMalformed)
	}
	if err := m.check(); err != nil {
		return none, err
	}
	if slices.Contains(refundTypes, m.Type) {
		return m.readRefund()
	}
	if strings.HasPrefix(m.Type, disputePrefix) {
		return m.readDispute()
	}
	kind, err := kindOf(m.Type)
	if err != nil {
		return none, err
	}
	return m.read(kind)
}

// signedAt returns the one timestamp of a signature header. If there were two, the library
// might verify a different one.
func signedAt(header string) (time.Time, error) {
	var found []string
	for pair := range strings.SplitSeq(header, ",") {
		if t, ok := strings.CutPrefix(pair, "t="); ok {
			found = append(found, t)
		}
	}
	if len(found) != 1 {
		return time.Time{}, fmt.Errorf("%w: the header has %d timestamps", payment.ErrSignature, len(found))
	}
	seconds, err := strconv.ParseInt(found[0], 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: %w", payment.ErrSignature, err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

func (m message) check() error {
	switch {
	case m.Object != "event":
		return fmt.Errorf("%w: object is not event: the endpoint must send snapshots, not thin events", payment.ErrMalformed)
	case m.ID == "" || len(m.ID) > maxEventIDBytes || strings.ContainsFunc(m.ID, notVisible):
		return fmt.Errorf("%w: id is not 1 to %d visible ASCII characters", payment.ErrMalformed, maxEventIDBytes)
	case m.Type == "":
		return fmt.Errorf("%w: type is missing", payment.ErrMalformed)
	case m.Created <= 0 || m.Created > maxSeconds:
		return fmt.Errorf("%w: created is not a time", payment.ErrMalformed)
	}
	return nil
}

// maxSeconds is the end of the year 9999: RFC 3339 can't represent later times.
const maxSeconds = 253402300799

// read converts a message about a PaymentIntent to our terms.
func (m message) read(kind order.PaymentEventType) (order.PaymentEvent, error) {
	var none order.PaymentEvent
	var i sentIntent
	if err := json.Unmarshal(m.Data.Object, &i); err != nil {
		return none, fmt.Errorf("%w: data.object is not a PaymentIntent", payment.ErrMalformed)
	}
	if !ours(i.Metadata) {
		return none, fmt.Errorf("%w: payment %.64q was not made by Holdfast", payment.ErrIgnored, i.ID)
	}
	sum := i.Amount
	if kind == order.PaymentSucceeded {
		sum = i.AmountReceived
	}
	amount, currency, err := fromStripe(sum, i.Currency)
	switch {
	case orderOf(i.Metadata) == "":
		return none, fmt.Errorf("%w: metadata.%s is not an id", payment.ErrMalformed, metaOrder)
	case !product.ValidID(i.ID):
		return none, fmt.Errorf("%w: data.object.id is not an id", payment.ErrMalformed)
	case !product.ValidCurrency(currency):
		return none, fmt.Errorf("%w: data.object.currency is not an ISO 4217 code", payment.ErrMalformed)
	case err != nil:
		return none, fmt.Errorf("%w: %w", payment.ErrMalformed, err)
	case amount < 1:
		return none, fmt.Errorf("%w: the amount is not above 0", payment.ErrMalformed)
	}
	return order.PaymentEvent{
		EventID: m.ID, Provider: Name, Type: kind, OrderID: orderOf(i.Metadata), PaymentID: i.ID,
		Amount: amount, Currency: currency, OccurredAt: time.Unix(m.Created, 0).UTC(),
	}, nil
}
