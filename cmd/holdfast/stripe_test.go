package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/payment/stripe"
)

const (
	stripeKey    = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
	stripeSecret = "whsec_5Q8wvHrqB1oQXmXJ3oB3vO7mYJk2bTzC"
)

func TestStripeIsSwitchedOnByItsSecrets(t *testing.T) {
	for name, c := range map[string]struct {
		key, secret, base string
		on                bool
		says              string
	}{
		"nothing":       {},
		"both":          {key: stripeKey, secret: stripeSecret, on: true},
		"and a base":    {key: stripeKey, secret: stripeSecret, base: "http://127.0.0.1:12111", on: true},
		"no secret":     {key: stripeKey, says: "STRIPE_WEBHOOK_SECRET is not set"},
		"no key":        {secret: stripeSecret, says: "STRIPE_API_KEY is not set"},
		"a base alone":  {base: "http://127.0.0.1:12111", says: "STRIPE_API_KEY is not set"},
		"mixed up":      {key: stripeSecret, secret: stripeKey, says: "neither a secret key"},
		"a wrong base":  {key: stripeKey, secret: stripeSecret, base: "127.0.0.1", says: "URL"},
		"a broken key":  {key: stripeKey + "\n", secret: stripeSecret, says: "characters"},
		"a tiny secret": {key: stripeKey, secret: "whsec_", says: "webhook secret"},
	} {
		p, err := stripeProvider(c.key, c.secret, c.base)
		require.Equal(t, c.on, p != nil, name)
		if c.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.says, name)
		for _, part := range []string{"4eC39", "5Q8wv"} {
			require.NotContains(t, err.Error(), part, name)
		}
	}
}

// Neither help nor a refused setting shows a secret.
func TestStripesSecretsAreNotShown(t *testing.T) {
	t.Setenv("STRIPE_API_KEY", stripeKey)
	t.Setenv("STRIPE_WEBHOOK_SECRET", stripeSecret)
	var said bytes.Buffer
	require.Equal(t, exitOK, run(t.Context(), []string{"worker", "--help"}, &said, &said))
	t.Setenv("STRIPE_API_BASE", "nowhere")
	require.Equal(t, exitUsage, run(t.Context(), []string{"worker"}, &said, &said))
	require.Contains(t, said.String(), "STRIPE_API_BASE")
	require.NotContains(t, said.String(), "4eC39")
	require.NotContains(t, said.String(), "5Q8wv")
}

func stripeProvider(key, secret, base string) (*stripe.Provider, error) {
	var f providerFlags
	f.StripeKey, f.StripeWebhookSecret, f.StripeBase = key, secret, base
	return f.stripe()
}
