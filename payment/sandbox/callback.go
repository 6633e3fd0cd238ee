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

// NewCallback writes the message that the sandbox would send of e and signs it.
// The event id and the time come from e; Provider is not sent.
func (p *Provider) NewCallback(e order.PaymentEvent) (Callback, error) {
	body, err := json.Marshal(message{Type: e.Type, Data: data{
		OrderID: e.OrderID, PaymentID: e.PaymentID, Amount: e.Amount, Currency: e.Currency,
	}})
	if err != nil {
		return Callback{}, fmt.Errorf("write callback %s: %w", e.EventID, err)
	}
	return p.Sign(e.EventID, e.OccurredAt, body)
}

// Sign puts the three headers of Standard Webhooks before any body.
func (p *Provider) Sign(eventID string, at time.Time, body []byte) (Callback, error) {
	signature, err := p.hook.Sign(eventID, at, body)
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
