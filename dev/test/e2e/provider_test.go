package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

func TestABuyerPaysOnTheProvidersPage(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "page", 5)
	o := shop.Place(t, shoptest.Line{ProductID: "page", Quantity: 2})
	offer := shop.Open(t, o, http.StatusCreated)
	require.EqualValues(t, 2*shoptest.Price, offer.Amount)
	require.Equal(t, offer, shop.Open(t, o, http.StatusOK))
	shop.Choose(t, offer, "pay")
	o = shop.Await(t, o.ID, order.StatusAwaitingShipment)
	require.Equal(t, offer.PaymentID, o.Payment.ID)
	require.Equal(t, "sandbox", o.Payment.Provider)
	require.Equal(t, "order-paid", shop.Must(t, http.StatusConflict, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/payment",
	}).Problem(t))
	shop.RequireStock(t, "page", 3, 0)

	// A part is refunded, then the customer cancels: the rest is refunded too, and the
	// goods are returned.
	shop.Refund(t, o.ID, "k-1", 100, http.StatusCreated)
	shop.Refund(t, o.ID, "k-1", 100, http.StatusCreated) // the same call
	require.Equal(t, "refund-too-large", shop.Refund(t, o.ID, "k-2", 2*shoptest.Price-99, http.StatusConflict).Problem(t))
	shop.AwaitPayment(t, o.ID, "a part is out", func(p shoptest.PaymentResult) bool {
		return p.Status == order.PaymentPartiallyRefunded
	})
	require.EqualValues(t, 100, shop.Order(t, o.ID).Amounts[order.AmountRefunded])
	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, o.ID))
	p := shop.AwaitPayment(t, o.ID, "all is out", func(p shoptest.PaymentResult) bool {
		return p.Status == order.PaymentRefunded
	})
	require.Len(t, p.Refunds, 2)
	shop.RequireStock(t, "page", 5, 0)
	require.Equal(t, order.StatusCancelled, shop.Order(t, o.ID).Status)
	require.Equal(t, "refund-too-large", shop.Refund(t, o.ID, "k-3", 0, http.StatusConflict).Problem(t))
}

func TestADeliveredOrderIsRefundedInPart(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "returned", 5)
	o := shop.Place(t, shoptest.Line{ProductID: "returned", Quantity: 1})
	shop.Choose(t, shop.Open(t, o, http.StatusCreated), "pay")
	shop.Await(t, o.ID, order.StatusAwaitingShipment)
	shop.Must(t, http.StatusOK, shoptest.Delivery(o.ID))
	require.Equal(t, "order-closed", shop.Must(t, http.StatusConflict, shoptest.Cancellation(t, o.ID)).Problem(t))
	shop.Refund(t, o.ID, "k", 0, http.StatusCreated)
	shop.AwaitPayment(t, o.ID, "all is out", func(p shoptest.PaymentResult) bool {
		return p.Status == order.PaymentRefunded
	})
	require.Equal(t, order.StatusDelivered, shop.Order(t, o.ID).Status)
	shop.RequireStock(t, "returned", 4, 0)
}

func TestABuyerPaysTwiceAtTheProvider(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "twice", 5)
	o := shop.Place(t, shoptest.Line{ProductID: "twice", Quantity: 1})
	shop.Choose(t, shop.Open(t, o, http.StatusCreated), "pay_twice")
	shop.Await(t, o.ID, order.StatusAwaitingShipment)
	p := shop.AwaitPayment(t, o.ID, "the second one went back", func(p shoptest.PaymentResult) bool {
		return len(p.Refunds) == 1 && p.Refunds[0].Status == order.RefundPaid
	})
	require.Equal(t, order.RefundDouble, p.Refunds[0].Reason)
}

// The payment window ends while the buyer's money is in transit.
func TestPaidSlowlyAcrossTheEndOfTheWindow(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "slow", 5)
	o := everything.hasty.Place(t, shoptest.Line{ProductID: "slow", Quantity: 1})
	offer := everything.hasty.Open(t, o, http.StatusCreated)
	shop.Choose(t, offer, "process")
	shop.AwaitNode(t, o.ID, "payment_unresolved")
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, o.ID).Status)
	shop.RequireStock(t, "slow", 5, 1) // held, as long as money may arrive
	shop.Choose(t, offer, "pay")
	shop.Await(t, o.ID, order.StatusAwaitingShipment)
	shop.RequireStock(t, "slow", 4, 0)
}

func TestExpiredThroughTheProvider(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "left", 5)
	o := everything.hasty.Place(t, shoptest.Line{ProductID: "left", Quantity: 1})
	offer := everything.hasty.Open(t, o, http.StatusCreated)
	shop.Await(t, o.ID, order.StatusExpired)
	shop.RequireStock(t, "left", 5, 0)
	p, err := shop.Payment(t.Context(), o.ID)
	require.NoError(t, err)
	require.Equal(t, order.PaymentEnded, p.Attempts[0].Type)
	shop.Choose(t, offer, "pay_late") // but the money arrives all the same
	require.Equal(t, order.RefundLate, shop.AwaitRefund(t, o.ID, offer.PaymentID, order.RefundPaid).Reason)
}
