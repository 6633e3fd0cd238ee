package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/settings"
)

// delivery is a shop that takes returns, and the REST client of its staff.
type delivery struct {
	*shoptest.Shop
	*client.Client
}

func newDelivery(t *testing.T, window time.Duration) delivery {
	t.Helper()
	st, err := stack.Start(t.Context(), stack.Options{WithoutUI: true, WithoutSearch: true, Shop: settings.Shop{ReturnWindow: window}})
	require.NoError(t, err)
	t.Cleanup(func() {
		booksOf(st).RequireClean(untilCleanup{t})
		require.NoError(t, stop(st))
	})
	shop, err := shoptest.At(st.URL)
	require.NoError(t, err)
	t.Cleanup(shop.Close)
	staff, err := client.New(client.Config{URL: st.URL})
	require.NoError(t, err)
	return delivery{shop, staff}
}

// paid returns a paid order of two mugs and three cups, which goes to Hamburg.
func (d delivery) paid(t *testing.T) order.Order {
	t.Helper()
	d.Offer(t, "mug", 10)
	d.Offer(t, "cup", 10)
	body := shoptest.JSON(t, map[string]any{
		"customerId": "ada", "address": hamburg("1 Harbour Street"),
		"lines": []map[string]any{{"productId": "mug", "quantity": 2}, {"productId": "cup", "quantity": 3}},
	})
	placed, err := d.Client.Place(t.Context(), "basket", body)
	require.NoError(t, err)
	var o order.Order
	require.NoError(t, placed.Decode(&o))
	return d.Pay(t, o)
}

func hamburg(line1 string) order.Address {
	return order.Address{Recipient: "Ada", Line1: line1, City: "Hamburg", Country: "DE"}
}

func of(lineID string, n int64) order.LineUnits { return order.LineUnits{LineID: lineID, Quantity: n} }

// An order goes out in two packages, whose scans arrive out of order. One unit is cancelled before it is
// packed, the address changes on the way, and one unit comes back.
func TestAnOrderInTwoPackagesIsFollowedToItsReturn(t *testing.T) {
	d := newDelivery(t, time.Hour)
	ctx, o := t.Context(), d.paid(t)
	require.Equal(t, order.StatusAwaitingShipment, o.Status)

	o, err := d.CancelUnits(ctx, o.ID, "part", []order.LineUnits{of("2", 1)}, client.Cancellation{Reason: "customer"})
	require.NoError(t, err)
	require.EqualValues(t, 1, o.Lines[1].Removed)
	d.RequireStock(t, "cup", 8, 0)

	first, err := d.Pack(ctx, o.ID, "first", client.Parcel{Items: []order.LineUnits{of("1", 2), of("2", 1)}, TrackingNumbers: []string{"ex 1234"}})
	require.NoError(t, err)
	again, err := d.Pack(ctx, o.ID, "first", client.Parcel{Items: []order.LineUnits{of("1", 2), of("2", 1)}, TrackingNumbers: []string{"ex 1234"}})
	require.NoError(t, err)
	require.Equal(t, first, again)
	_, err = d.Pack(ctx, o.ID, "second", client.Parcel{Items: []order.LineUnits{of("2", 2)}})
	var refused *client.Problem
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "over-packed", refused.Kind())
	require.Equal(t, []order.UnitsShort{{LineID: "2", Requested: 2, Open: 1}}, refused.Lines)
	second, err := d.Pack(ctx, o.ID, "second", client.Parcel{Items: []order.LineUnits{of("2", 1)}, Node: order.NodeLeftWarehouse})
	require.NoError(t, err)
	require.Equal(t, order.NodeLeftWarehouse, second.Node())
	require.Equal(t, order.StatusPacked, d.order(t, o.ID).Status)

	o, err = d.Redirect(ctx, o.ID, client.Redirection{Address: hamburg("7 Canal Street")})
	require.NoError(t, err)
	require.Equal(t, order.AddressRelabel, o.Package(first.ID).AddressChange)
	require.Equal(t, order.AddressIntercept, o.Package(second.ID).AddressChange)

	now := time.Now().UTC()
	late := []client.Event{
		{ID: "s-3", Node: order.NodeDelivered, OccurredAt: now},
		{ID: "s-1", Node: order.NodeInTransit, OccurredAt: now.Add(-2 * time.Hour)},
		{ID: "s-2", Mark: order.MarkDelayed, OccurredAt: now.Add(-time.Hour)},
	}
	for range 2 { // the second time, they are repeated
		o, err = d.Report(ctx, o.ID, first.ID, late...)
		require.NoError(t, err)
		require.Equal(t, order.StatusLeftWarehouse, o.Status, "as far as the second package")
		require.Len(t, o.Package(first.ID).Events, 3)
		require.Empty(t, o.Package(first.ID).Marks(), "it was delivered later")
	}
	o, err = d.Report(ctx, o.ID, second.ID, client.Event{ID: "s-4", Node: order.NodeDelivered, OccurredAt: now})
	require.NoError(t, err)
	require.Equal(t, order.StatusDelivered, o.Status)
	o, err = d.Strike(ctx, o.ID, second.ID, "s-4", "the wrong parcel")
	require.NoError(t, err)
	require.Equal(t, order.StatusLeftWarehouse, o.Status)
	require.Zero(t, o.ReturnBy)
	delivered, err := d.Deliver(ctx, o.ID, "")
	require.NoError(t, err)
	require.NoError(t, delivered.Decode(&o))
	require.Equal(t, order.StatusDelivered, o.Status)
	require.NotZero(t, o.ReturnBy)

	back, err := d.OpenReturn(ctx, o.ID, "return", client.Announcement{Lines: []order.ReturnLine{{LineUnits: of("1", 1), Reason: "chipped"}}})
	require.NoError(t, err)
	back, err = d.DecideReturn(ctx, o.ID, back.ID, true, "")
	require.NoError(t, err)
	require.Equal(t, order.ReturnApproved, back.Status)
	units := []order.ReceivedUnits{{LineUnits: of("1", 1), Condition: order.ConditionRestock}}
	for range 2 {
		back, err = d.ReceiveReturn(ctx, o.ID, back.ID, "receipt", units)
		require.NoError(t, err)
		require.Equal(t, order.ReturnReceived, back.Status)
		require.EqualValues(t, shoptest.Price, back.Refund)
	}
	d.AwaitStock(t, "mug", 9, 0)
	paid := d.AwaitPayment(t, o.ID, "two parts are refunded", func(p shoptest.PaymentResult) bool {
		return len(p.Refunds) == 2 && p.Refunds[0].Status == order.RefundPaid && p.Refunds[1].Status == order.RefundPaid
	})
	require.EqualValues(t, 2*shoptest.Price, paid.Refunds[0].Amount+paid.Refunds[1].Amount)
}

func (d delivery) order(t *testing.T, id string) order.Order {
	t.Helper()
	o, err := d.Client.Order(t.Context(), id)
	require.NoError(t, err)
	return o
}

// After the last thing that can happen to an order, its calls still find their first answers.
func TestAClosedOrderRepeatsItsAnswersAndTakesNothingNew(t *testing.T) {
	d := newDelivery(t, 0)
	ctx, o := t.Context(), d.paid(t)
	parcel := client.Parcel{Items: []order.LineUnits{of("1", 2), of("2", 3)}}
	first, err := d.Pack(ctx, o.ID, "first", parcel)
	require.NoError(t, err)
	_, err = d.Deliver(ctx, o.ID, "")
	require.NoError(t, err)
	shoptest.Until(t, "the order closes", func(context.Context) error {
		if o = d.order(t, o.ID); o.ClosedAt.IsZero() { //nolint:contextcheck // it has the test's
			return fmt.Errorf("it is %s", o.Status)
		}
		return nil
	})
	again, err := d.Pack(ctx, o.ID, "first", parcel)
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, order.NodeDelivered, again.Node())
	for what, try := range map[string]func() error{
		"pack":    func() error { _, err := d.Pack(ctx, o.ID, "other", parcel); return err },
		"hold":    func() error { _, err := d.Hold(ctx, o.ID, ""); return err },
		"address": func() error { _, err := d.Redirect(ctx, o.ID, client.Redirection{Address: hamburg("2")}); return err },
		"return": func() error {
			_, err := d.OpenReturn(ctx, o.ID, "r", client.Announcement{Lines: []order.ReturnLine{{LineUnits: of("1", 1)}}})
			return err
		},
		"events": func() error {
			_, err := d.Report(ctx, o.ID, first.ID, client.Event{ID: "e", Node: order.NodeDelivered, OccurredAt: time.Now()})
			return err
		},
	} {
		var refused *client.Problem
		require.ErrorAs(t, try(), &refused, what)
		require.Equal(t, "order-closed", refused.Kind(), what)
		require.Equal(t, http.StatusConflict, refused.Status)
	}
}
