package sandbox

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
)

// minSecretBytes is the minimum that Standard Webhooks asks for: 24 to 64 random bytes.
const minSecretBytes = 24

// maxEventIDBytes bounds webhook-id, which is stored in histories.
const maxEventIDBytes = 255

// Signer signs callbacks, and verifies and reads signed ones. It has no books: a holder of
// the secret can report anything.
type Signer struct {
	hook *webhooks.Webhook
}

var _ payment.Reader = (*Signer)(nil)

// PublishedSecret signs callbacks where nothing is at stake: the stack of make run, on
// loopback. It is public.
const PublishedSecret = "whsec_aG9sZGZhc3Qtc2FuZGJveC1ub3QtYS1zZWNyZXQ=" //nolint:gosec // it isn't a secret

// IsPublished reports whether a secret is the published one, in any spelling.
func IsPublished(secret string) bool {
	key, err := keyOf(secret)
	published, _ := keyOf(PublishedSecret)
	return err == nil && bytes.Equal(key, published)
}

func keyOf(secret string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
}

// New takes the secret "whsec_" followed by base64 of at least 24 bytes.
func New(secret string) (*Signer, error) {
	key, err := keyOf(secret)
	if err != nil {
		return nil, errors.New("the webhook secret is not base64") // the cause would show a part of it
	}
	if len(key) < minSecretBytes {
		return nil, fmt.Errorf("the webhook secret has %d bytes, but needs at least %d", len(key), minSecretBytes)
	}
	hook, err := webhooks.NewWebhookRaw(key)
	if err != nil {
		return nil, fmt.Errorf("use the webhook secret: %w", err)
	}
	return &Signer{hook: hook}, nil
}

// message is a callback's body. Additional fields are ignored.
type message struct {
	Type order.PaymentEventType `json:"type"`
	// Timestamp is when the event happened, if that isn't when the message was sent:
	// delivery may take days.
	Timestamp time.Time `json:"timestamp,omitzero"`
	Data      data      `json:"data"`
}

type data struct {
	OrderID   string `json:"orderId"`
	PaymentID string `json:"paymentId"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	// Refund that failed, if the message is about one.
	Refund *order.FailedRefund `json:"refund,omitempty"`
	// Dispute of the payment, if the message is about one.
	Dispute *dispute `json:"dispute,omitempty"`
}

// dispute is the state of a dispute.
type dispute struct {
	ID     string              `json:"id"`
	Status order.DisputeStatus `json:"status"`
	Reason string              `json:"reason,omitempty"`
	Funds  order.DisputeFunds  `json:"funds,omitempty"`
	DueBy  time.Time           `json:"dueBy,omitzero"`
}

// check returns what is wrong with it, or "".
func (d *dispute) check() string {
	switch {
	case d == nil || !order.ValidName(d.ID):
		return "data.dispute has no id"
	case len(d.Reason) > order.MaxFieldBytes:
		return "data.dispute.reason is too long"
	case d.Status != order.DisputeNeedsResponse && d.Status != order.DisputeUnderReview &&
		d.Status != order.DisputeWon && d.Status != order.DisputeLost:
		return "data.dispute.status is unknown"
	case d.Funds != "" && d.Funds != order.DisputeFundsWithdrawn && d.Funds != order.DisputeFundsReinstated:
		return "data.dispute.funds is unknown"
	}
	return ""
}

// in converts it to our terms.
func (d *dispute) in(e order.PaymentEvent) *order.Dispute {
	if d == nil {
		return nil
	}
	said := &order.Dispute{
		ID: d.ID, Amount: e.Amount, Currency: e.Currency, Reason: d.Reason, Status: d.Status, DueBy: d.DueBy,
		OccurredAt: e.OccurredAt,
	}
	if d.Funds != "" {
		said.Funds, said.FundsAt = d.Funds, e.OccurredAt
	}
	return said
}

func disputeOf(d *order.Dispute) *dispute {
	if d == nil {
		return nil
	}
	return &dispute{ID: d.ID, Status: d.Status, Reason: d.Reason, Funds: d.Funds, DueBy: d.DueBy}
}

// Callback implements payment.Reader. The signature is compared in constant time, before
// anything in the body is read.
func (s *Signer) Callback(header http.Header, body []byte, now time.Time) (order.PaymentEvent, error) {
	var none order.PaymentEvent
	// The library would compare the timestamp with a clock of its own.
	if err := s.hook.VerifyIgnoringTimestamp(body, header); err != nil {
		return none, fmt.Errorf("%w: %w", payment.ErrSignature, err)
	}
	seconds, err := strconv.ParseInt(header.Get(webhooks.HeaderWebhookTimestamp), 10, 64)
	if err != nil {
		return none, fmt.Errorf("%w: %w", payment.ErrSignature, err)
	}
	at := time.Unix(seconds, 0).UTC()
	if now.Sub(at).Abs() > payment.Tolerance {
		return none, payment.ErrStale
	}
	m, err := read(body)
	if err != nil {
		return none, err
	}
	if err := m.check(header.Get(webhooks.HeaderWebhookID)); err != nil {
		return none, err
	}
	if sent := at.Add(time.Second); !m.Timestamp.IsZero() && m.Timestamp.Before(sent) { // the header has whole seconds
		at = m.Timestamp.UTC()
	}
	e := order.PaymentEvent{
		EventID: header.Get(webhooks.HeaderWebhookID), Provider: Name, Type: m.Type,
		OrderID: m.Data.OrderID, PaymentID: m.Data.PaymentID,
		Amount: m.Data.Amount, Currency: m.Data.Currency, OccurredAt: at, Refund: m.Data.Refund,
	}
	e.Dispute = m.Data.Dispute.in(e)
	return e, nil
}

// read parses one JSON document without repeated names: two readers of it must not see two
// payments. Its errors use the names of the message.
func read(body []byte) (message, error) {
	var m message
	err := json.Unmarshal(body, &m)
	if err == nil {
		return m, nil
	}
	reason := "the body is not one valid JSON document"
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok && errors.Is(err, jsontext.ErrDuplicateName) {
		reason = fmt.Sprintf("%.64q appears twice", e.JSONPointer)
	}
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		reason = fmt.Sprintf("%.64q is of another type", e.JSONPointer)
	}
	return m, fmt.Errorf("%w: %s", payment.ErrMalformed, reason)
}

func (m message) check(eventID string) error {
	switch m.Type {
	case order.PaymentSucceeded, order.PaymentFailed, order.PaymentDeclined:
		if m.Data.Refund != nil || m.Data.Dispute != nil {
			return fmt.Errorf("%w: data.refund and data.dispute are only allowed in messages about these", payment.ErrMalformed)
		}
	case order.PaymentDisputed:
		if bad := m.Data.Dispute.check(); bad != "" {
			return fmt.Errorf("%w: %s", payment.ErrMalformed, bad)
		}
	case order.PaymentRefundFailed:
		if r := m.Data.Refund; r == nil || !order.ValidName(r.ID) || !order.ValidName(r.ProviderID) || len(r.Detail) > order.MaxFieldBytes {
			return fmt.Errorf("%w: data.refund has no id, no providerId, or is too long", payment.ErrMalformed)
		}
	case "":
		return fmt.Errorf("%w: type is missing", payment.ErrMalformed)
	case order.PaymentCreated, order.PaymentEnded: // the sandbox sends no such messages
		fallthrough
	default:
		return fmt.Errorf("%w: %.64q", payment.ErrUnknownType, string(m.Type))
	}
	switch {
	case len(eventID) > maxEventIDBytes || strings.ContainsFunc(eventID, notVisible):
		return fmt.Errorf("%w: webhook-id is not 1 to %d visible ASCII characters", payment.ErrMalformed, maxEventIDBytes)
	case !product.ValidID(m.Data.OrderID):
		return fmt.Errorf("%w: data.orderId is not an id", payment.ErrMalformed)
	case !product.ValidID(m.Data.PaymentID):
		return fmt.Errorf("%w: data.paymentId is not an id", payment.ErrMalformed)
	case m.Data.Amount < 1:
		return fmt.Errorf("%w: data.amount is not above 0", payment.ErrMalformed)
	case !product.ValidCurrency(m.Data.Currency):
		return fmt.Errorf("%w: data.currency is not an ISO 4217 code", payment.ErrMalformed)
	}
	return nil
}

func notVisible(r rune) bool { return r < '!' || r > '~' }
