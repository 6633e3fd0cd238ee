package e2e_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// signalsOfOne is more than Temporal accepts for one workflow.
const signalsOfOne = 10_100

// A buyer lets the same payment fail again and again, and its provider reports each time.
func TestAPaymentThatKeepsFailingDoesNotKeepTheNextOneOut(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "declined", 5)
	o := shop.Place(t, shoptest.Line{ProductID: "declined", Quantity: 1})
	failed := shoptest.PaymentOf(o)
	failed.Type, failed.PaymentID = order.PaymentFailed, "pay-failed-"+o.ID
	calls, ctx := errgroup.WithContext(t.Context())
	calls.SetLimit(8)
	for range signalsOfOne {
		calls.Go(func() error {
			e := failed
			e.EventID = "evt-" + uuid.NewString()
			return shop.TellIt(ctx, e)
		})
	}
	require.NoError(t, calls.Wait())
	o = shop.Pay(t, o)
	require.Equal(t, "pay-"+o.ID, o.Payment.ID)
	shop.Must(t, 200, shoptest.Delivery(o.ID))
}
