package main

import (
	"os"

	"holdfast/payment/stripe"
)

// stripeFlags switch the payment provider Stripe on. Its two secrets come from the
// environment alone: a command line can be read by everybody on the machine.
type stripeFlags struct {
	Base string `name:"stripe-api-base" env:"STRIPE_API_BASE" help:"Address of Stripe's API, to try it against another server (${env}); Stripe is on where the environment has STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET."`
}

func (f stripeFlags) hasStripe() bool { return os.Getenv("STRIPE_API_KEY") != "" }

// stripe answers nil where nothing of Stripe is set.
func (f stripeFlags) stripe() (*stripe.Provider, error) {
	key, secret := os.Getenv("STRIPE_API_KEY"), os.Getenv("STRIPE_WEBHOOK_SECRET")
	switch {
	case key == "" && secret == "" && f.Base == "":
		return nil, nil //nolint:nilnil // no provider is no mistake
	case key == "":
		return nil, usagef("STRIPE_API_KEY is not set, and other settings of Stripe are")
	case secret == "":
		return nil, usagef("STRIPE_WEBHOOK_SECRET is not set: nobody could tell Stripe's callbacks from forged ones")
	}
	p, err := stripe.New(stripe.Config{Key: key, WebhookSecret: secret, BaseURL: f.Base})
	if err != nil {
		return nil, usagef("STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_API_BASE: %v", err)
	}
	return p, nil
}
