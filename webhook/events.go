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

// Types of events. There will be more.
const (
	OrderPlaced    = "order.placed"
	OrderPaid      = "order.paid"
	OrderExpired   = "order.expired"
	OrderCancelled = "order.cancelled"
	OrderRejected  = "order.rejected"
	OrderDelivered = "order.delivered"

	// OrderNodeReached means that an order or one of its packages came one node further.
	OrderNodeReached = "order.node_reached"
	// OrderNodeStruck takes an OrderNodeReached back.
	OrderNodeStruck = "order.node_struck"
	// OrderAlertRaised means that staff should look at the order.
	OrderAlertRaised    = "order.alert_raised"
	OrderAddressChanged = "order.address_changed"
	OrderUnitsCancelled = "order.units_cancelled"
	OrderReturnChanged  = "order.return_changed"
	// OrderClosed means that nothing more happens to the order.
	OrderClosed = "order.closed"

	PaymentSucceeded = "payment.succeeded"
	// PaymentFailed means that this attempt failed; the buyer may try again.
	PaymentFailed = "payment.failed"
	// PaymentRefused means that the provider takes no money for this order.
	PaymentRefused   = "payment.refused"
	PaymentCancelled = "payment.cancelled"
	// PaymentDisputed means that the buyer's bank reclaims the money.
	PaymentDisputed       = "payment.disputed"
	PaymentDisputeUpdated = "payment.dispute_updated"
	// PaymentDisputeClosed means that the dispute is won or lost.
	PaymentDisputeClosed = "payment.dispute_closed"

	// RefundDue means that money has to be refunded.
	RefundDue = "refund.due"
	// RefundPending means that the provider has accepted the refund but hasn't paid it out
	// yet.
	RefundPending = "refund.pending"
	RefundPaid    = "refund.paid"
	RefundFailed  = "refund.failed"
	// RefundSettled means that an operator returned the money in another way.
	RefundSettled = "refund.settled"
	// RefundNeedsDecision means that a payment belongs to no known order, and an operator
	// decides.
	RefundNeedsDecision = "refund.needs_decision"
	// RefundAssigned means that such a payment was given to the order that it was meant
	// for.
	RefundAssigned = "refund.assigned"

	StockChanged    = "stock.changed"
	ProductListed   = "product.listed"
	ProductDelisted = "product.delisted"
)

// Test is the type of an event that an operator sends to one endpoint, whatever types it
// wants. Endpoints can't ask for it.
const Test = "webhook.test"

// Types lists all types that an endpoint can ask for.
func Types() []string {
	return []string{
		OrderPlaced, OrderPaid, OrderExpired, OrderCancelled, OrderRejected, OrderDelivered,
		OrderNodeReached, OrderNodeStruck, OrderAlertRaised, OrderAddressChanged, OrderUnitsCancelled, OrderReturnChanged, OrderClosed,
		PaymentSucceeded, PaymentFailed, PaymentRefused, PaymentCancelled,
		PaymentDisputed, PaymentDisputeUpdated, PaymentDisputeClosed,
		RefundDue, RefundPending, RefundPaid, RefundFailed, RefundSettled, RefundNeedsDecision, RefundAssigned,
		StockChanged, ProductListed, ProductDelisted,
	}
}

// Matches reports whether a type is among the wanted ones: types, groups such as order.*,
// or nothing, which means everything.
func Matches(wanted []string, eventType string) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, func(w string) bool {
		group, all := strings.CutSuffix(w, "*")
		return w == eventType || (all && strings.HasPrefix(eventType, group))
	})
}

// Known reports whether there are events of this name or group.
func Known(wanted string) bool {
	if group, all := strings.CutSuffix(wanted, "*"); all && !strings.HasSuffix(group, ".") {
		return false // "*" alone is expressed by no events at all
	}
	return slices.ContainsFunc(Types(), func(t string) bool { return Matches([]string{wanted}, t) })
}

// Event is one message. Every endpoint gets the same, under the same id, however often.
type Event struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	At   time.Time `json:"at"`
	// Body is sent as it is: it is what is signed.
	Body json.RawMessage `json:"body"`
}

// OrderID is the order that the event is about, or empty. Events about stock are about their product, even
// if an order changed it.
func (e Event) OrderID() string {
	if strings.HasPrefix(e.Type, "stock.") || strings.HasPrefix(e.Type, "product.") {
		return ""
	}
	var body struct {
		Data struct {
			OrderID string `json:"orderId"`
		} `json:"data"`
	}
	if json.Unmarshal(e.Body, &body) != nil {
		return ""
	}
	return body.Data.OrderID
}

// NewEvent creates an event with its body, which is encoded once: what is started is what
// is sent.
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

// EventID names what happened, so that the id is the same if it is published again, after a
// restore of Redis or by a repair.
func EventID(what ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(what, "\x00")))
	return "evt_" + hex.EncodeToString(sum[:16])
}

// NewTest creates a test event for an endpoint: under one Idempotency-Key, the same event.
func NewTest(endpointID, key string, now time.Time) (Event, error) {
	if key == "" {
		key = rand.Text()
	}
	return NewEvent(EventID(Test, endpointID, key), Test, now.UTC().Truncate(time.Millisecond), struct {
		WebhookID string `json:"webhookId"`
	}{endpointID})
}
