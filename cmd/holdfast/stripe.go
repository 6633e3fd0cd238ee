package main

import (
	"holdfast/payment/stripe"
)

// stripeFlags switch the payment provider Stripe on.
type stripeFlags struct {
	Key           string `name:"stripe-api-key" env:"STRIPE_API_KEY" secret:"" help:"Stripe's secret key sk_…, or a restricted one rk_…; with it and STRIPE_WEBHOOK_SECRET payments by Stripe are on."`
	WebhookSecret string `name:"stripe-webhook-secret" env:"STRIPE_WEBHOOK_SECRET" secret:"" help:"Secret of the webhook endpoint at Stripe, whsec_…."`
	Methods       string `name:"stripe-payment-methods" env:"STRIPE_PAYMENT_METHODS" default:"card" help:"Payment methods that buyers can pay by, as Stripe calls them, separated by commas; dashboard: those that are on in Stripe's Dashboard. Bank debits and vouchers keep an order's stock for days (${env})."`
	Base          string `name:"stripe-api-base" env:"STRIPE_API_BASE" help:"Address of Stripe's API, to try it against another server (${env})."`
}

func (f stripeFlags) hasStripe() bool { return f.Key != "" }

// stripe answers nil where nothing of Stripe is set.
func (f stripeFlags) stripe() (*stripe.Provider, error) {
	switch {
	case f.Key == "" && f.WebhookSecret == "" && f.Base == "":
		return nil, nil //nolint:nilnil // no provider is no mistake
	case f.Key == "":
		return nil, usagef("STRIPE_API_KEY is not set, and other settings of Stripe are")
	case f.WebhookSecret == "":
		return nil, usagef("STRIPE_WEBHOOK_SECRET is not set: nobody could tell Stripe's callbacks from forged ones")
	}
	p, err := stripe.New(stripe.Config{Key: f.Key, WebhookSecret: f.WebhookSecret, Methods: f.Methods, BaseURL: f.Base})
	if err != nil {
		return nil, usagef("STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_PAYMENT_METHODS, STRIPE_API_BASE: %v", err)
	}
	return p, nil
}
