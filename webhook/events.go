package webhook

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Types of events. More will come.
const (
	OrderPlaced    = "order.placed"
	OrderPaid      = "order.paid"
	OrderExpired   = "order.expired"
	OrderCancelled = "order.cancelled"
	OrderRejected  = "order.rejected"
	OrderDelivered = "order.delivered"

	PaymentSucceeded = "payment.succeeded"
	// PaymentFailed: this attempt failed; the buyer may try again.
	PaymentFailed = "payment.failed"
	// PaymentRefused: the provider takes no money for this order.
	PaymentRefused   = "payment.refused"
	PaymentCancelled = "payment.cancelled"
	// PaymentDisputed: the buyer's bank asks for the money back.
	PaymentDisputed       = "payment.disputed"
	PaymentDisputeUpdated = "payment.dispute_updated"
	// PaymentDisputeClosed: the dispute is won or lost.
	PaymentDisputeClosed = "payment.dispute_closed"

	// RefundDue: money has to go back.
	RefundDue = "refund.due"
	// RefundPending: the provider has accepted the refund, and hasn't paid it out yet.
	RefundPending = "refund.pending"
	RefundPaid    = "refund.paid"
	RefundFailed  = "refund.failed"
	// RefundSettled: an operator gave the money back by other means.
	RefundSettled = "refund.settled"
	// RefundNeedsDecision: a payment belongs to no known order, and an operator decides.
	RefundNeedsDecision = "refund.needs_decision"
	// RefundAssigned: such a payment was given to the order that it was meant for.
	RefundAssigned = "refund.assigned"

	StockChanged    = "stock.changed"
	ProductListed   = "product.listed"
	ProductDelisted = "product.delisted"
)

// Test is the type of an event that an operator sends to one endpoint, whatever it wants
// to be told. Endpoints can't ask for it.
const Test = "webhook.test"

// Types lists all that an endpoint can ask for.
func Types() []string {
	return []string{
		OrderPlaced, OrderPaid, OrderExpired, OrderCancelled, OrderRejected, OrderDelivered,
		PaymentSucceeded, PaymentFailed, PaymentRefused, PaymentCancelled,
		PaymentDisputed, PaymentDisputeUpdated, PaymentDisputeClosed,
		RefundDue, RefundPending, RefundPaid, RefundFailed, RefundSettled, RefundNeedsDecision, RefundAssigned,
		StockChanged, ProductListed, ProductDelisted,
	}
}

// Matches reports whether a type is among those asked for: types, groups such as
// order.*, or nothing, which means everything.
func Matches(wanted []string, eventType string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool {
		group, all := strings.CutSuffix(w, "*")
		return w == eventType || (all && strings.HasPrefix(eventType, group))
	})
}

// Known reports whether there are events of this name or group.
func Known(wanted string) bool {
	if group, all := strings.CutSuffix(wanted, "*"); all && !strings.HasSuffix(group, ".") {
		return false // "*" alone is written as no events at all
	}
	return slices.ContainsFunc(Types(), func(t string) bool { return Matches([]string{wanted}, t) })
}

// Event is one message. Every endpoint gets the same, under the same id, however often.
type Event struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	At   time.Time `json:"at"`
	// Body goes out as it stands: it is what is signed.
	Body json.RawMessage `json:"body"`
}

// NewEvent makes the body of an event. It is made once: what is started is what is sent.
func NewEvent(id, eventType string, at time.Time, data any) (Event, error) {
	body, err := json.Marshal(struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      any       `json:"data"`
	}{eventType, at, data})
	if err != nil {
		return Event{}, fmt.Errorf("encode event %s: %w", id, err)
	}
	return Event{ID: id, Type: eventType, At: at, Body: body}, nil
}

// EventID names what happened, so that it has the same id if it is published again: after
// a restore of Redis, or by a repair.
func EventID(what ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(what, "\x00")))
	return "evt_" + hex.EncodeToString(sum[:16])
}

// NewTest makes a test event for an endpoint: under one Idempotency-Key, the same event.
func NewTest(endpointID, key string, now time.Time) (Event, error) {
	if key == "" {
		key = rand.Text()
	}
	return NewEvent(EventID(Test, endpointID, key), Test, now.UTC().Truncate(time.Millisecond), struct {
		WebhookID string `json:"webhookId"`
	}{endpointID})
}
