package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/payment/sandbox"
)

// offer is the gateway's answer to a request to pay.
type offer struct {
	PaymentID   string `json:"paymentId"`
	RedirectURL string `json:"redirectUrl"`
}

// wantsToPay opens the order's payment.
func wantsToPay(t *testing.T, shop *shoptest.Shop, orderID string) (of offer) {
	t.Helper()
	a, err := shop.Do(t.Context(), shoptest.Call{Method: http.MethodPost, Path: "/v1/orders/" + orderID + "/payment"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, a.Status, "%s", a.Body)
	a.Into(t, &of)
	require.Equal(t, shop.URL+"/sandbox/pay/"+of.PaymentID, of.RedirectURL)
	return of
}

// does acts as the buyer on the pay page.
func (o offer) does(t *testing.T, shop *shoptest.Shop, a sandbox.Action) {
	t.Helper()
	shop.Must(t, http.StatusOK, shoptest.Call{
		Method: http.MethodPost, Path: strings.TrimPrefix(o.RedirectURL, shop.URL), Body: shoptest.JSON(t, map[string]any{"action": a}),
	})
}

// Everything that the buyer can do on the sandbox's page ends as it should, with only the
// sandbox's own callbacks.
func TestABuyerAtTheSandbox(t *testing.T) {
	shop := open(t)
	shop.Offer(t, "sandboxed", 20)
	place := func(t *testing.T) (order.Order, offer) {
		o := shop.Place(t, shoptest.Line{ProductID: "sandboxed", Quantity: 1})
		return o, wantsToPay(t, shop, o.ID)
	}
	t.Run("pays", func(t *testing.T) {
		o, of := place(t)
		of.does(t, shop, sandbox.ActionPay)
		require.Equal(t, of.PaymentID, shop.Await(t, o.ID, order.StatusAwaitingShipment).Payment.ID)
	})
	t.Run("is declined, and pays", func(t *testing.T) {
		o, of := place(t)
		of.does(t, shop, sandbox.ActionDecline)
		of.does(t, shop, sandbox.ActionPay)
		shop.Await(t, o.ID, order.StatusAwaitingShipment)
	})
	t.Run("is refused", func(t *testing.T) {
		o, of := place(t)
		of.does(t, shop, sandbox.ActionRefuse)
		require.Equal(t, order.ReasonPaymentRefused, shop.Await(t, o.ID, order.StatusCancelled).CancelReason)
	})
	t.Run("pays twice", func(t *testing.T) {
		o, of := place(t)
		of.does(t, shop, sandbox.ActionPayTwice)
		shop.Await(t, o.ID, order.StatusAwaitingShipment)
		var back string
		shop.AwaitPayment(t, o.ID, "one of the payments goes back", func(r shoptest.PaymentResult) bool {
			i := slices.IndexFunc(r.Refunds, func(r order.Refund) bool { return r.Status == order.RefundPaid })
			if i >= 0 {
				back = r.Refunds[i].PaymentID
			}
			return i >= 0
		})
		require.NotEqual(t, shop.Order(t, o.ID).Payment.ID, back)
	})
	t.Run("pays after he cancelled", func(t *testing.T) {
		o, of := place(t)
		shop.Must(t, http.StatusOK, shoptest.Cancellation(t, o.ID))
		of.does(t, shop, sandbox.ActionPayLate)
		shop.AwaitRefund(t, o.ID, of.PaymentID, order.RefundPaid)
		require.Equal(t, order.StatusCancelled, shop.Order(t, o.ID).Status)
	})
	t.Run("cancels while the money comes late", func(t *testing.T) {
		o, of := place(t)
		of.does(t, shop, sandbox.ActionPayLate)
		shop.Must(t, http.StatusOK, shoptest.Cancellation(t, o.ID))
		shop.AwaitRefund(t, o.ID, of.PaymentID, order.RefundPaid)
	})
	t.Run("pays slowly while the order is to be cancelled", func(t *testing.T) {
		o, of := place(t)
		of.does(t, shop, sandbox.ActionProcess)
		a, err := shop.Do(t.Context(), shoptest.Cancellation(t, o.ID))
		require.NoError(t, err)
		require.Equal(t, http.StatusAccepted, a.Status, "nobody knows yet: %s", a.Body)
		of.does(t, shop, sandbox.ActionPay)
		shoptest.Until(t, "the money is taken or goes back", func(ctx context.Context) error {
			r, err := shop.Payment(ctx, o.ID)
			if err != nil {
				return err
			}
			paid := func(r order.Refund) bool { return r.Status == order.RefundPaid }
			if r.Status != order.PaymentPaid && !slices.ContainsFunc(r.Refunds, paid) {
				return fmt.Errorf("it is %+v", r)
			}
			return nil
		})
	})
}
