package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/payment/paymenttest"
	"holdfast/payment/stripe"
)

// TestStripeIsAProvider runs what the sagas rely on. Stripe takes no money for a cancelled
// PaymentIntent, none twice, none of another amount, and declines no buyer for good.
func TestStripeIsAProvider(t *testing.T) {
	paymenttest.Run(t, func(t *testing.T) paymenttest.Harness {
		a, p := newAccount(t)
		act := func(do func(id string) error) func(testing.TB, string) {
			return func(t testing.TB, id string) {
				t.Helper()
				require.NoError(t, do(id))
			}
		}
		return paymenttest.Harness{
			Name: stripe.Name, Provider: p, Now: a.clock, Minimum: 50,
			Pay: act(a.pay), Decline: act(a.decline), Process: act(a.process),
			Sent: func(_ testing.TB, id string) []paymenttest.Message {
				var sent []paymenttest.Message
				for _, cb := range a.callbacks(id) {
					sent = append(sent, paymenttest.Message{Header: cb.header, Body: cb.body})
				}
				return sent
			},
			FailRefund: func(_ testing.TB, id string) { a.comesBack(id) },
			Lose:       func(testing.TB) { a.fail(fault{path: "POST", after: true}) },
		}
	})
}
