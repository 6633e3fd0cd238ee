package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	stripeKey    = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
	stripeSecret = "whsec_5Q8wvHrqB1oQXmXJ3oB3vO7mYJk2bTzC"
)

func TestStripeIsSwitchedOnByTheEnvironment(t *testing.T) {
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
		"mixed up":      {key: stripeSecret, secret: stripeKey, says: "not a secret key"},
		"a wrong base":  {key: stripeKey, secret: stripeSecret, base: "127.0.0.1", says: "URL"},
		"a broken key":  {key: stripeKey + "\n", secret: stripeSecret, says: "characters"},
		"a tiny secret": {key: stripeKey, secret: "whsec_", says: "webhook secret"},
	} {
		t.Setenv("STRIPE_API_KEY", c.key)
		t.Setenv("STRIPE_WEBHOOK_SECRET", c.secret)
		p, err := stripeFlags{Base: c.base}.stripe()
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
	for _, args := range [][]string{
		{"api", "--help"},
		{"worker", "--help"},
		{"api", "--stripe-api-base", "nowhere", "--webhook-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		{"worker", "--stripe-api-base", "nowhere"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), args, &stdout, &stderr)
		said := stdout.String() + stderr.String()
		require.NotContains(t, said, "4eC39", args)
		require.NotContains(t, said, "5Q8wv", args)
		require.Contains(t, said, "STRIPE_API_", args)
		if args[1] != "--help" {
			require.Equal(t, exitUsage, code, said)
		}
	}
}
