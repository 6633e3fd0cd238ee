package stripe

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/order"
	"holdfast/payment"
)

// kinds are the event types that report on an order's payment. Stripe never declines for
// good: after each failure the buyer may try again.
var kinds = map[string]order.PaymentEventType{
	"payment_intent.succeeded":      order.PaymentSucceeded,
	"payment_intent.payment_failed": order.PaymentFailed,
	"payment_intent.canceled":       order.PaymentEnded,
}

// steps of a PaymentIntent that decide nothing.
var steps = []string{
	"payment_intent.amount_capturable_updated", "payment_intent.created", "payment_intent.partially_funded",
	"payment_intent.processing", "payment_intent.requires_action",
}

// refundTypes are the types by which Stripe may report a failed refund, depending on the
// account's API version; it uses most of them for other news too.
var refundTypes = []string{"refund.failed", "refund.updated", "charge.refund.updated"}

// families are prefixes of types that concern no payment of an order. An endpoint that
// subscribes to them gets its 2xx; otherwise Stripe would retry each for days and then
// disable the endpoint. The progress of a refund is polled; only its failure is taken from
// messages.
var families = []string{
	"account", "application_fee", "balance", "balance_settings", "billing", "billing_portal", "capability", "cash_balance", "charge",
	"checkout", "climate", "coupon", "credit_note", "customer", "customer_cash_balance_transaction", "entitlements",
	"file", "financial_connections", "identity", "invoice", "invoice_payment", "invoiceitem", "issuing_authorization",
	"issuing_card", "issuing_cardholder", "issuing_dispute", "issuing_personalization_design", "issuing_token",
	"issuing_transaction", "mandate", "payment_link", "payment_method", "payout", "person", "plan", "price", "product",
	"promotion_code", "quote", "radar", "refund", "reporting", "reserve", "review", "setup_intent", "sigma", "source",
	"subscription_schedule", "tax", "tax_rate", "terminal", "test_helpers", "topup", "transfer", "treasury",
}

// kindOf returns the meaning of an event type, if it concerns a payment.
func kindOf(name string) (order.PaymentEventType, error) {
	if kind, ok := kinds[name]; ok {
		return kind, nil
	}
	family, rest, dotted := strings.Cut(name, ".")
	if slices.Contains(steps, name) || (dotted && rest != "" && slices.Contains(families, family)) {
		return "", fmt.Errorf("%w: %.64q", payment.ErrIgnored, name)
	}
	return "", fmt.Errorf("%w: %.64q", payment.ErrUnknownType, name)
}
