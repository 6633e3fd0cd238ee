package main

import (
	"holdfast/payment/stripe"
)

func (f providerFlags) hasStripe() bool { return f.StripeKey != "" }

// stripe returns nil if no Stripe setting is set.
func (f providerFlags) stripe() (*stripe.Provider, error) {
	switch {
	case f.StripeKey == "" && f.StripeWebhookSecret == "" && f.StripeBase == "":
		return nil, nil //nolint:nilnil // no provider is not an error
	case f.StripeKey == "":
		return nil, usagef("STRIPE_API_KEY is not set, but other settings of Stripe are")
	case f.StripeWebhookSecret == "":
		return nil, usagef("STRIPE_WEBHOOK_SECRET is not set: Stripe's callbacks could not be told from forged ones")
	}
	p, err := stripe.New(stripe.Config{Key: f.StripeKey, WebhookSecret: f.StripeWebhookSecret, Methods: f.StripeMethods, BaseURL: f.StripeBase})
	if err != nil {
		return nil, usagef("STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_PAYMENT_METHODS, STRIPE_API_BASE: %v", err)
	}
	return p, nil
}
