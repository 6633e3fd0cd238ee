package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// Of an order of two units, three quarters of the money have gone back when one unit is cancelled. What is
// missing is an alert: in the order, and in the view, where staff find it. The order closes all the same.
func TestAShortfallIsInTheInboxUntilItIsDismissed(t *testing.T) {
	shop := open(t)
	product := "short-" + uuid.NewString()[:8]
	shop.Offer(t, product, 5)
	o := shop.Place(t, shoptest.Line{ProductID: product, Quantity: 2})
	offer := shop.Open(t, o, http.StatusCreated)
	shop.Choose(t, offer, "pay")
	shop.Await(t, o.ID, order.StatusAwaitingShipment)
	const back = shoptest.Price * 3 / 2
	shop.Refund(t, o.ID, uuid.NewString(), back, http.StatusCreated)
	shop.AwaitRefund(t, o.ID, offer.PaymentID, order.RefundPaid)
	path := "/v1/orders/" + o.ID
	shop.Must(t, http.StatusOK, shoptest.Call{
		Method: http.MethodPost, Path: path + "/cancel", Key: "one",
		Body: shoptest.JSON(t, map[string]any{"lines": []map[string]any{{"lineId": "1", "quantity": 1}}}),
	})
	shop.AwaitPayment(t, o.ID, "what was left goes back", func(r shoptest.PaymentResult) bool {
		return len(r.Refunds) == 2 && r.Refunds[1].Status == order.RefundPaid && r.Refunds[1].Shortfall == shoptest.Price/2
	})
	shop.Must(t, http.StatusOK, shoptest.Delivery(o.ID))

	o = shop.Order(t, o.ID)
	require.True(t, o.Closed(), "the alert doesn't keep it open")
	require.EqualValues(t, shoptest.Price, o.Removals[0].Refund)
	require.EqualValues(t, shoptest.Price/2, o.Removals[0].Refunded)
	require.Len(t, o.Alerts, 1)
	require.Equal(t, order.RuleRefundShortfall, o.Alerts[0].Rule)
	inbox := func(wanted int) {
		t.Helper()
		shoptest.Until(t, "the view shows the alert", func(ctx context.Context) error {
			a, err := shop.Do(ctx, shoptest.Call{Method: http.MethodGet, Path: "/v1/orders?alert=refund_shortfall&productId=" + product})
			if err != nil {
				return err
			}
			var page struct{ Items []order.Summary }
			if a.Into(t, &page); len(page.Items) != wanted {
				return fmt.Errorf("%d orders: %s", len(page.Items), a.Body)
			}
			return nil
		})
	}
	inbox(1)
	dismiss := shoptest.Call{Method: http.MethodPost, Path: path + "/alerts/" + o.Alerts[0].ID + "/dismiss"}
	shop.Must(t, http.StatusOK, dismiss)
	shop.Must(t, http.StatusOK, dismiss)
	require.Empty(t, shop.Order(t, o.ID).Alerts)
	inbox(0)
}
