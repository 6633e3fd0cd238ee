package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/payment/stripe"
	"holdfast/payment/stripe/stripetest"
)

func TestSettingsThatCannotBeRightAreRefused(t *testing.T) {
	good := stripe.Config{Key: stripetest.Key, WebhookSecret: stripetest.WebhookSecret}
	for name, change := range map[string]func(*stripe.Config){
		"no key":                 func(c *stripe.Config) { c.Key = "" },
		"a publishable key":      func(c *stripe.Config) { c.Key = "pk_test_4eC39HqLyjWDarjtT1zdp7dc" },
		"a broken key":           func(c *stripe.Config) { c.Key += "\n" },
		"no secret":              func(c *stripe.Config) { c.WebhookSecret = "" },
		"a short secret":         func(c *stripe.Config) { c.WebhookSecret = "whsec_1" },
		"a broken secret":        func(c *stripe.Config) { c.WebhookSecret += " " },
		"no method":              func(c *stripe.Config) { c.Methods = "card," },
		"a list with blanks":     func(c *stripe.Config) { c.Methods = "card, link" },
		"the Dashboard and more": func(c *stripe.Config) { c.Methods = "card,dashboard" },
		"no URL":                 func(c *stripe.Config) { c.BaseURL = "stripe-mock" },
		"a password":             func(c *stripe.Config) { c.BaseURL = "https://u:p4ssword@mock" },
		"another scheme":         func(c *stripe.Config) { c.BaseURL = "ftp://mock" },
		"a live key in the open": func(c *stripe.Config) {
			c.Key, c.BaseURL = "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "http://mock:12111"
		},
	} {
		c := good
		change(&c)
		_, err := stripe.New(c)
		require.Error(t, err, name)
		for _, part := range []string{"4eC39", "5Q8wv", "p4ss"} {
			require.NotContains(t, err.Error(), part, name)
		}
	}
	for _, url := range []string{"", "https://mock", "http://127.0.0.1:12111", "http://stripe-mock:12111"} {
		good.BaseURL = url
		_, err := stripe.New(good)
		require.NoError(t, err, url)
	}
}
