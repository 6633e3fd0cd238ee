package stripe

import (
	"fmt"
	"slices"
	"strings"

	"holdfast/order"
	"holdfast/payment"
)

// kinds are the types of events that say something of an order's payment. Stripe never
// refuses for good: after each failure the buyer may try again.
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

// refundTypes are those by which Stripe may say that a refund failed, depending on the
// account's version; it says other things by most of them too.
var refundTypes = []string{"refund.failed", "refund.updated", "charge.refund.updated"}

// families are beginnings of types that concern no payment of an order: an endpoint
// that subscribes to them gets its 2xx, else Stripe would send each for days and then
// switch the endpoint off. How a refund goes is asked for; only one that fails is heard of.
var families = []string{
	"account", "application_fee", "balance", "balance_settings", "billing", "billing_portal", "capability", "cash_balance", "charge",
	"checkout", "climate", "coupon", "credit_note", "customer", "customer_cash_balance_transaction", "entitlements",
	"file", "financial_connections", "identity", "invoice", "invoice_payment", "invoiceitem", "issuing_authorization",
	"issuing_card", "issuing_cardholder", "issuing_dispute", "issuing_personalization_design", "issuing_token",
	"issuing_transaction", "mandate", "payment_link", "payment_method", "payout", "person", "plan", "price", "product",
	"promotion_code", "quote", "radar", "refund", "reporting", "reserve", "review", "setup_intent", "sigma", "source",
	"subscription_schedule", "tax", "tax_rate", "terminal", "test_helpers", "topup", "transfer", "treasury",
}

// kindOf tells what a type of event means, where it concerns a payment.
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
