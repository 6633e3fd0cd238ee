package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/payment/paymenttest"
	"holdfast/payment/stripe"
	"holdfast/payment/stripe/stripetest"
)

// TestStripeIsAProvider runs what the sagas rely on. Stripe takes no money for a cancelled
// PaymentIntent, none twice, none of another amount, and declines no buyer for good.
func TestStripeIsAProvider(t *testing.T) {
	paymenttest.Run(t, func(t *testing.T) paymenttest.Harness {
		a, p := stripetest.New(t)
		act := func(do func(id string) error) func(testing.TB, string) {
			return func(t testing.TB, id string) {
				t.Helper()
				require.NoError(t, do(id))
			}
		}
		return paymenttest.Harness{
			Name: stripe.Name, Provider: p, Now: a.Clock, Minimum: 50,
			Pay: act(a.Pay), Decline: act(a.Decline), Process: act(a.Process),
			Sent: func(_ testing.TB, id string) []paymenttest.Message {
				var sent []paymenttest.Message
				for _, cb := range a.Callbacks(id) {
					sent = append(sent, paymenttest.Message{Header: cb.Header, Body: cb.Body})
				}
				return sent
			},
			FailRefund: func(_ testing.TB, id string) { a.ComesBack(id) },
			Lose:       func(testing.TB) { a.Fail(stripetest.Fault{Path: "POST", After: true}) },
		}
	})
}
