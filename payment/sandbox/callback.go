package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"holdfast/order"
)

// Callback is a signed message, ready to be sent.
type Callback struct {
	Header http.Header
	Body   []byte
}

// NewCallback writes and signs the message that the sandbox would send about e. The event
// id and the time come from e; Provider is not sent.
func (s *Signer) NewCallback(e order.PaymentEvent) (Callback, error) {
	return s.write(e, time.Time{}, e.OccurredAt)
}

// late writes the message about what happened at e.OccurredAt, as sent at the given time.
func (s *Signer) late(e order.PaymentEvent, at time.Time) (Callback, error) {
	return s.write(e, e.OccurredAt.UTC(), at)
}

func (s *Signer) write(e order.PaymentEvent, happened, at time.Time) (Callback, error) {
	body, err := json.Marshal(message{Type: e.Type, Timestamp: happened, Data: data{
		OrderID: e.OrderID, PaymentID: e.PaymentID, Amount: e.Amount, Currency: e.Currency, Refund: e.Refund, Dispute: disputeOf(e.Dispute),
	}})
	if err != nil {
		return Callback{}, fmt.Errorf("write callback %s: %w", e.EventID, err)
	}
	return s.Sign(e.EventID, at, body)
}

// Sign adds the three headers of Standard Webhooks to any body.
func (s *Signer) Sign(eventID string, at time.Time, body []byte) (Callback, error) {
	signature, err := s.hook.Sign(eventID, at, body)
	if err != nil {
		return Callback{}, fmt.Errorf("sign callback %s: %w", eventID, err)
	}
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set(webhooks.HeaderWebhookID, eventID)
	h.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(webhooks.HeaderWebhookSignature, signature)
	return Callback{Header: h, Body: body}, nil
}
