package stripe

import (
	"cmp"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
)

// sentRefund is the refund that a message is about.
type sentRefund struct {
	ID            string              `json:"id"`
	Status        stripe.RefundStatus `json:"status"`
	Amount        int64               `json:"amount"`
	Currency      string              `json:"currency"`
	FailureReason string              `json:"failure_reason"`
	Metadata      map[string]string   `json:"metadata"`
	// PaymentIntent is null if the refund is of a charge without one.
	PaymentIntent string `json:"payment_intent"`
}

// readRefund converts a message about a failed refund of ours to our terms. A bank may
// return money days after Stripe reported the refund as succeeded.
func (m message) readRefund() (order.PaymentEvent, error) {
	var none order.PaymentEvent
	var r sentRefund
	if err := json.Unmarshal(m.Data.Object, &r); err != nil {
		return none, fmt.Errorf("%w: data.object is not a refund", payment.ErrMalformed)
	}
	refundID, orderID := r.Metadata[metaRefund], r.Metadata[metaOrder]
	switch {
	case refundID == "" || orderID == "":
		return none, fmt.Errorf("%w: refund %.64q was not made by Holdfast", payment.ErrIgnored, r.ID)
	case r.Status != stripe.RefundStatusFailed && r.Status != stripe.RefundStatusCanceled:
		return none, fmt.Errorf("%w: refund %.64q is %.64q", payment.ErrIgnored, r.ID, r.Status)
	}
	amount, currency, err := fromStripe(r.Amount, r.Currency)
	switch {
	case !order.ValidName(refundID):
		return none, fmt.Errorf("%w: metadata.%s is not an id", payment.ErrMalformed, metaRefund)
	case !product.ValidID(orderID):
		return none, fmt.Errorf("%w: metadata.%s is not an id", payment.ErrMalformed, metaOrder)
	case !product.ValidID(r.PaymentIntent):
		return none, fmt.Errorf("%w: data.object.payment_intent is not an id", payment.ErrMalformed)
	case !order.ValidName(r.ID):
		return none, fmt.Errorf("%w: data.object.id is not an id", payment.ErrMalformed)
	case err != nil:
		return none, fmt.Errorf("%w: %w", payment.ErrMalformed, err)
	case amount < 1 || !product.ValidCurrency(currency):
		return none, fmt.Errorf("%w: data.object has no valid amount and currency", payment.ErrMalformed)
	}
	return order.PaymentEvent{
		EventID: m.ID, Provider: Name, Type: order.PaymentRefundFailed, OrderID: orderID, PaymentID: r.PaymentIntent,
		Amount: amount, Currency: currency, OccurredAt: time.Unix(m.Created, 0).UTC(),
		Refund: &order.FailedRefund{ID: refundID, ProviderID: r.ID, Detail: cmp.Or(r.FailureReason, string(r.Status))},
	}, nil
}
