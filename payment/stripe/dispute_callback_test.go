package stripe_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/stripe/stripetest"
)

func TestADisputeIsRead(t *testing.T) {
	p := reader(t)
	body := fixture(t, "dispute_created")
	want := order.Dispute{
		ID: "du_1RkVzq2eZvKYlo2C8hT4wXz9", Amount: 1250, Currency: "EUR", Reason: "fraudulent",
		Status: order.DisputeNeedsResponse, DueBy: time.Unix(1773014399, 0).UTC(), OccurredAt: stripetest.Start,
	}
	for _, c := range []struct {
		kind, status string
		want         order.DisputeStatus
		funds        order.DisputeFunds
	}{
		{"created", "needs_response", order.DisputeNeedsResponse, ""},
		{"created", "warning_needs_response", order.DisputeNeedsResponse, ""},
		{"updated", "under_review", order.DisputeUnderReview, ""},
		{"updated", "warning_under_review", order.DisputeUnderReview, ""},
		{"updated", "a_status_of_tomorrow", order.DisputeNeedsResponse, ""},
		{"closed", "warning_closed", order.DisputeWon, ""},
		{"closed", "prevented", order.DisputeWon, ""},
		{"closed", "won", order.DisputeWon, ""},
		{"closed", "lost", order.DisputeLost, ""},
		{"funds_withdrawn", "needs_response", order.DisputeNeedsResponse, order.DisputeFundsWithdrawn},
		{"funds_reinstated", "won", order.DisputeWon, order.DisputeFundsReinstated},
	} {
		t.Run(c.kind+" "+c.status, func(t *testing.T) {
			sent := bytes.Replace(body, []byte(`"charge.dispute.created"`), []byte(`"charge.dispute.`+c.kind+`"`), 1)
			sent = bytes.Replace(sent, []byte(`"needs_response"`), []byte(`"`+c.status+`"`), 1)
			cb := stripetest.Sign(sent, stripetest.Start)
			got, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
			require.NoError(t, err)
			d := want
			if d.Status = c.want; c.funds != "" {
				d.Funds, d.FundsAt = c.funds, stripetest.Start
			}
			require.Equal(t, order.PaymentEvent{
				EventID: "evt_3RkVzq2eZvKYlo2C1dispute", Provider: "stripe", Type: order.PaymentDisputed,
				PaymentID: "pi_3RkVzq2eZvKYlo2C1X0aQm7d", Amount: 1250, Currency: "EUR", OccurredAt: stripetest.Start, Dispute: &d,
			}, got)
		})
	}
}

func TestADisputeThatCannotBeRead(t *testing.T) {
	p := reader(t)
	body := fixture(t, "dispute_created")
	for from, to := range map[string]string{
		`"pi_3RkVzq2eZvKYlo2C1X0aQm7d"`: `"pi/3"`,
		`"du_1RkVzq2eZvKYlo2C8hT4wXz9"`: `""`,
		`"amount": 1250`:                `"amount": 0`,
		`"eur"`:                         `"euro"`,
		`1773014399`:                    `-1`,
		`"needs_response"`:              `7`,
	} {
		require.Contains(t, string(body), from)
		cb := stripetest.Sign(bytes.Replace(body, []byte(from), []byte(to), 1), stripetest.Start)
		_, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
		require.ErrorIs(t, err, payment.ErrMalformed, to)
	}
	none := bytes.Replace(body, []byte(`"pi_3RkVzq2eZvKYlo2C1X0aQm7d"`), []byte(`null`), 1)
	cb := stripetest.Sign(none, stripetest.Start)
	_, err := p.Callback(cb.Header, cb.Body, stripetest.Start)
	require.ErrorIs(t, err, payment.ErrIgnored, "a charge that no PaymentIntent made")
}
