package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

func TestOrderIsPlacedPaidAndDelivered(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "paid-a", 10)
	shop.Offer(t, "paid-b", 5)
	o := shop.Place(t, shoptest.Line{ProductID: "paid-a", Quantity: 2}, shoptest.Line{ProductID: "paid-b", Quantity: 1})
	require.EqualValues(t, 3*shoptest.Price, o.Amounts[order.AmountTotal])
	require.Equal(t, order.PaymentPending, o.Payment.Status)
	shop.RequireStock(t, "paid-a", 10, 2)
	shop.RequireStock(t, "paid-b", 5, 1)

	require.Equal(t, "order-not-paid", shop.Must(t, http.StatusConflict, shoptest.Delivery(o.ID)).Problem(t))
	o = shop.Pay(t, o)
	require.EqualValues(t, 3*shoptest.Price, o.Amounts[order.AmountPaid])
	require.Equal(t, "pay-"+o.ID, o.Payment.ID)
	shop.RequireStock(t, "paid-a", 8, 0)
	shop.RequireStock(t, "paid-b", 4, 0)

	for range 2 { // a repeated call gets the same answer
		shop.Must(t, http.StatusOK, shoptest.Delivery(o.ID)).Into(t, &o)
		require.Equal(t, order.StatusDelivered, o.Status)
	}
	require.Equal(t, []string{"reserving", "awaiting_payment", "paid", "awaiting_shipment", "package_added", "packed", "delivered", "closed"}, nodes(o))
	pay, err := shop.Payment(t.Context(), o.ID)
	require.NoError(t, err)
	require.Equal(t, order.PaymentPaid, pay.Status)
	require.Len(t, pay.Attempts, 1)
	require.True(t, pay.Attempts[0].Taken)
	require.Empty(t, pay.Refunds)
}

func TestOrderWithoutPaymentExpires(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "expired", 3)
	o := everything.hasty.Place(t, shoptest.Line{ProductID: "expired", Quantity: 3})
	soldOut := shop.Must(t, http.StatusConflict, shoptest.Placement(t, "", shoptest.Line{ProductID: "expired", Quantity: 1}))
	require.Equal(t, "insufficient-stock", soldOut.Problem(t))

	o = shop.Await(t, o.ID, order.StatusExpired)
	require.Equal(t, order.PaymentNone, o.Payment.Status)
	shop.RequireStock(t, "expired", 3, 0)
	shop.Place(t, shoptest.Line{ProductID: "expired", Quantity: 3}) // others can hold it now
	require.Equal(t, "order-closed", shop.Must(t, http.StatusConflict, shoptest.Cancellation(t, o.ID)).Problem(t))
}

func TestCustomerCancels(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "cancelled", 3)
	o := shop.Place(t, shoptest.Line{ProductID: "cancelled", Quantity: 2})
	for range 2 {
		shop.Must(t, http.StatusOK, shoptest.Cancellation(t, o.ID)).Into(t, &o)
		require.Equal(t, order.StatusCancelled, o.Status)
		require.Equal(t, order.ReasonCustomer, o.CancelReason)
	}
	shop.RequireStock(t, "cancelled", 3, 0)
	require.Equal(t, "order-closed", shop.Must(t, http.StatusConflict, shoptest.Delivery(o.ID)).Problem(t))
}

func TestRefusedPaymentCancels(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "refused", 3)
	o := shop.Place(t, shoptest.Line{ProductID: "refused", Quantity: 2})
	failed := shoptest.PaymentOf(o)
	failed.Type, failed.PaymentID = order.PaymentFailed, "pay-failed-"+o.ID
	shop.Tell(t, failed)
	shop.AwaitPayment(t, o.ID, "the failed attempt is on record", attempts(1))
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, o.ID).Status) // the buyer may try again

	refused := shoptest.PaymentOf(o)
	refused.Type = order.PaymentDeclined
	shop.Tell(t, refused)
	o = shop.Await(t, o.ID, order.StatusCancelled)
	require.Equal(t, order.ReasonPaymentRefused, o.CancelReason)
	shop.RequireStock(t, "refused", 3, 0)
	shop.AwaitPayment(t, o.ID, "both attempts are on record", attempts(2))
}

// attempts reports whether this many payments are recorded.
func attempts(n int) func(shoptest.PaymentResult) bool {
	return func(r shoptest.PaymentResult) bool { return len(r.Attempts) == n }
}

func nodes(o order.Order) []string {
	var n []string
	for _, e := range o.Journal {
		n = append(n, e.Node)
	}
	return n
}
