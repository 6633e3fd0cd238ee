package crash_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/payment/sandbox"
)

// moneyScenarios have a payment at a provider. The steps before it are covered by other
// scenarios.
var moneyScenarios = []scenario{
	{
		name: "opened", from: 1, has: []string{"claim", "pay-open", "payment", "commit", "document", "leave"},
		opts: roomOptions{limited: true}, play: playOpened,
	},
	{name: "ended", from: 6, has: []string{"pay-end", "release", "document"}, play: playEnded},
	{name: "paid-anyhow", from: 6, has: []string{"pay-end", "commit", "restock", "pay-back", "refund"}, play: playPaidAnyhow},
	{name: "taken-back", from: 10, has: []string{"refund", "pay-back", "restock", "document"}, play: playTakenBack},
	{name: "in-part", from: 10, has: []string{"refund", "pay-back"}, play: playInPart},
	{
		name: "provider-away", from: 7, has: []string{"extend", "document", "pay-end", "release"},
		opts: roomOptions{limited: true}, play: playProviderAway,
	},
}

// opens places an order and has a payment opened for it, at once or eventually.
func (r *room) opens(t *testing.T) (order.Order, string) {
	t.Helper()
	r.offerBoth(t)
	o := r.place(t, r.both()...)
	a := r.patiently(t, shoptest.Call{Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/payment"})
	require.Contains(t, []int{http.StatusOK, http.StatusCreated}, a.Status, "%s", a.Body)
	var offer shoptest.Offer
	a.Into(t, &offer)
	return o, offer.PaymentID
}

// pays acts as the buyer at the provider.
func (r *room) pays(t *testing.T, paymentID string) {
	t.Helper()
	_, err := sandbox.NewBooks(r.rdb).Choose(t.Context(), paymentID, sandbox.Choice{Action: sandbox.ActionPay})
	require.NoError(t, err)
}

// opensAndPays also sends the payment's callback, as the provider does.
func (r *room) opensAndPays(t *testing.T) (order.Order, string) {
	t.Helper()
	o, paymentID := r.opens(t)
	r.pays(t, paymentID)
	paid := shoptest.PaymentOf(o)
	paid.PaymentID = paymentID
	r.Tell(t, paid)
	o = r.Await(t, o.ID, order.StatusAwaitingShipment)
	require.Equal(t, paymentID, o.Payment.ID)
	return o, paymentID
}

func playOpened(t *testing.T, r *room) {
	o, _ := r.opensAndPays(t)
	r.asked(t, shoptest.Delivery(o.ID))
	r.Await(t, o.ID, order.StatusDelivered)
	r.RequireStock(t, r.a(), stock-2, 0)
	r.RequireStock(t, r.b(), stock-1, 0)
}

func playEnded(t *testing.T, r *room) {
	o, _ := r.opens(t)
	r.asked(t, shoptest.Cancellation(t, o.ID))
	r.Await(t, o.ID, order.StatusCancelled)
	r.requireAllBack(t)
}

// playPaidAnyhow: the buyer pays, but the provider doesn't report it before it is asked to
// cancel.
func playPaidAnyhow(t *testing.T, r *room) {
	o, paymentID := r.opens(t)
	r.pays(t, paymentID)
	r.asked(t, shoptest.Cancellation(t, o.ID))
	r.Await(t, o.ID, order.StatusCancelled)
	r.awaitRefund(t, o.ID, paymentID, order.RefundCancelled)
	r.AwaitStock(t, r.a(), stock, 0)
	r.AwaitStock(t, r.b(), stock, 0)
}

func playTakenBack(t *testing.T, r *room) {
	o, paymentID := r.opensAndPays(t)
	r.asked(t, shoptest.Cancellation(t, o.ID))
	r.Await(t, o.ID, order.StatusCancelled)
	r.awaitRefund(t, o.ID, paymentID, order.RefundCancelled)
	r.AwaitStock(t, r.a(), stock, 0)
	r.AwaitStock(t, r.b(), stock, 0)
}

// playInPart refunds a part twice: the second time all that is left.
func playInPart(t *testing.T, r *room) {
	o, _ := r.opensAndPays(t)
	for _, body := range []map[string]any{{"amount": 100}, {}} {
		key := "all"
		if len(body) > 0 {
			key = "part"
		}
		a := r.patiently(t, shoptest.Call{
			Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/refunds", Key: key, Body: shoptest.JSON(t, body),
		})
		require.Equal(t, http.StatusCreated, a.Status, "%s", a.Body)
	}
	r.AwaitPayment(t, o.ID, "all is out", func(p shoptest.PaymentResult) bool { return p.Status == order.PaymentRefunded })
	r.asked(t, shoptest.Delivery(o.ID))
	r.Await(t, o.ID, order.StatusDelivered)
}

// playProviderAway: the provider is down when the order is to end, until the order's
// journal says so.
func playProviderAway(t *testing.T, r *room) {
	o, _ := r.opens(t)
	require.NoError(t, r.rdb.Set(t.Context(), awayKey(r.name), "0", 0).Err())
	r.asked(t, shoptest.Cancellation(t, o.ID))
	r.AwaitNode(t, o.ID, "payment_unresolved")
	r.RequireStock(t, r.a(), stock, 2)
	require.NoError(t, r.rdb.Del(t.Context(), awayKey(r.name)).Err())
	r.Await(t, o.ID, order.StatusCancelled)
	r.requireAllBack(t)
}
