package stripe_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment/stripe"
	"holdfast/payment/stripe/stripetest"
)

// TestEveryRequestIsValid sends each kind of request to stripe-mock. The tests of
// the double send theirs there too.
func TestEveryRequestIsValid(t *testing.T) {
	if stripetest.MockURL() == "" {
		if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "stripe-mock") {
			t.Fatal("stripe-mock is required, but STRIPE_MOCK_URL is not set")
		}
		t.Skip("no stripe-mock: STRIPE_MOCK_URL is not set")
	}
	seen := &recorder{}
	p, err := stripe.New(stripe.Config{
		Key: stripetest.Key, WebhookSecret: stripetest.WebhookSecret, BaseURL: stripetest.MockURL(), HTTPClient: &http.Client{Transport: seen},
	})
	require.NoError(t, err)
	ctx := t.Context()

	id, err := p.Create(ctx, asked())
	require.NoError(t, err)
	_, err = p.Checkout(ctx, id)
	require.NoError(t, err)
	_, err = p.Cancel(ctx, id, asked())
	require.NoError(t, err)
	_, err = p.Cancel(ctx, "", asked())
	require.NoError(t, err)
	_, err = p.Refund(ctx, refundOf(id))
	require.NoError(t, err)
	_, err = p.LookUp(ctx, id)
	require.NoError(t, err)
	var all []order.ProviderPayment
	for one, err := range p.Payments(ctx, stripetest.Start) {
		require.NoError(t, err)
		all = append(all, one)
	}
	require.Empty(t, all, "its payments are not ours")
	require.Empty(t, seen.refused)
	require.GreaterOrEqual(t, seen.sent, 9)
}

// recorder stores what stripe-mock refused.
type recorder struct {
	sent    int
	refused []string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(req)
	r.sent++
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		r.refused = append(r.refused, req.Method+" "+req.URL.Path)
	}
	return res, err
}
