package crash_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
)

// scenario is a story that ends the same wherever a worker dies in it.
type scenario struct {
	name string
	// from is the first write to die at, if other scenarios cover those before.
	from int
	// has are writes that must be among those from there on: if the saga no longer takes
	// this path, the scenario shows nothing.
	has  []string
	opts roomOptions
	// play tells the story by REST and requires its end.
	play func(*testing.T, *room)
}

// stock that products start with.
const stock = 10

var scenarios = []scenario{
	{name: "sold", from: 1, has: []string{"reserve", "document", "commit"}, play: playSold},
	{name: "cancelled", from: 4, has: []string{"release", "document"}, play: playCancelled},
	{name: "expired", from: 4, has: []string{"release", "document"}, opts: roomOptions{window: 4 * time.Second}, play: playExpired},
	{name: "rejected", from: 3, has: []string{"release", "document"}, opts: roomOptions{hopeful: true}, play: playRejected},
	{name: "contended", from: 3, has: []string{"reserve", "release", "document"}, opts: roomOptions{hopeful: true}, play: playContended},
	{name: "delisted", from: 4, has: []string{"delist", "release", "document"}, play: playDelisted},
	{name: "late", from: 8, has: []string{"refund"}, play: playLate},
	{name: "wrong", from: 3, has: []string{"document", "refund", "commit"}, play: playWrongAmount},
	{name: "regained", from: 3, has: []string{"commit", "reserve", "document"}, play: playRegained},
	{name: "unwound", from: 4, has: []string{"commit", "reserve", "release", "restock", "document", "refund"}, play: playUnwound},
}

// both are lines of the two products of a room.
func (r *room) both() []shoptest.Line {
	return []shoptest.Line{{ProductID: r.a(), Quantity: 2}, {ProductID: r.b(), Quantity: 1}}
}

func (r *room) a() string { return r.name + "-a" }
func (r *room) b() string { return r.name + "-b" }

func (r *room) offerBoth(t *testing.T) {
	r.Offer(t, r.a(), stock)
	r.Offer(t, r.b(), stock)
}

// place places an order that gets its stock, at once or eventually.
func (r *room) place(t *testing.T, lines ...shoptest.Line) order.Order {
	t.Helper()
	a := r.patiently(t, shoptest.Placement(t, "key-"+r.name+"-"+fmt.Sprint(len(lines)), lines...))
	require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, a.Status, "%s", a.Body)
	var o order.Order
	a.Into(t, &o)
	return r.Await(t, o.ID, order.StatusAwaitingPayment)
}

// asked sends a call that ends an order, at once or eventually.
func (r *room) asked(t *testing.T, c shoptest.Call) {
	t.Helper()
	a := r.patiently(t, c)
	require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, a.Status, "%s", a.Body)
}

// patiently repeats a call while the gateway asks to come back later, as any client must.
func (r *room) patiently(t *testing.T, c shoptest.Call) (a shoptest.Answer) {
	t.Helper()
	shoptest.Until(t, c.Path+" is answered", func(ctx context.Context) (err error) {
		if a, err = r.Do(ctx, c); err == nil && a.Status == http.StatusServiceUnavailable {
			err = fmt.Errorf("status %d: %s", a.Status, a.Body)
		}
		return err
	})
	return a
}

func playSold(t *testing.T, r *room) {
	r.offerBoth(t)
	o := r.Pay(t, r.place(t, r.both()...))
	r.asked(t, shoptest.Delivery(o.ID))
	o = r.Await(t, o.ID, order.StatusDelivered)
	require.Equal(t, "pay-"+o.ID, o.Payment.ID)
	r.RequireStock(t, r.a(), stock-2, 0)
	r.RequireStock(t, r.b(), stock-1, 0)
}

func playCancelled(t *testing.T, r *room) {
	r.offerBoth(t)
	o := r.place(t, r.both()...)
	r.asked(t, shoptest.Cancellation(t, o.ID))
	o = r.Await(t, o.ID, order.StatusCancelled)
	require.Equal(t, order.ReasonCustomer, o.CancelReason)
	r.requireAllBack(t)
}

func playExpired(t *testing.T, r *room) {
	r.offerBoth(t)
	o := r.place(t, r.both()...)
	r.Await(t, o.ID, order.StatusExpired)
	r.requireAllBack(t)
}

func playRejected(t *testing.T, r *room) {
	r.Offer(t, r.a(), stock)
	r.Offer(t, r.b(), 0)
	r.placeInVain(t)
	r.AwaitStock(t, r.a(), stock, 0)
}

// playContended: another order holds what the order lacks, so it releases, asks again in
// turn, and releases again.
func playContended(t *testing.T, r *room) {
	r.Offer(t, r.a(), stock)
	r.Offer(t, r.b(), 1)
	other := r.place(t, shoptest.Line{ProductID: r.b(), Quantity: 1})
	r.placeInVain(t)
	r.AwaitStock(t, r.a(), stock, 0)
	r.RequireStock(t, r.b(), 1, 1)
	r.Pay(t, other)
}

// placeInVain places an order that gets no stock.
func (r *room) placeInVain(t *testing.T) {
	t.Helper()
	a := r.patiently(t, shoptest.Placement(t, "in-vain-"+r.name, r.both()...))
	if a.Status == http.StatusAccepted {
		var o order.Order
		a.Into(t, &o)
		r.Await(t, o.ID, order.StatusRejected)
	} else {
		require.Equal(t, http.StatusConflict, a.Status, "%s", a.Body)
		require.Equal(t, "insufficient-stock", a.Problem(t))
	}
}

func playDelisted(t *testing.T, r *room) {
	r.offerBoth(t)
	o := r.place(t, r.both()...)
	r.Delist(t, r.a())
	o = r.Await(t, o.ID, order.StatusCancelled)
	require.Equal(t, order.ReasonDelisted, o.CancelReason)
	require.Equal(t, "delisted", r.Product(t, r.a()).Status)
	r.requireAllBack(t)
}

func playLate(t *testing.T, r *room) {
	playCancelled(t, r)
	var o order.Order
	r.Must(t, http.StatusCreated, shoptest.Placement(t, "key-"+r.name+"-2", r.both()...)).Into(t, &o) // the same one
	r.Tell(t, shoptest.PaymentOf(o))
	r.awaitRefund(t, o.ID, "pay-"+o.ID, order.RefundLate)
}

func playWrongAmount(t *testing.T, r *room) {
	r.Offer(t, r.a(), stock)
	o := r.place(t, shoptest.Line{ProductID: r.a(), Quantity: 2})
	wrong := shoptest.PaymentOf(o)
	wrong.PaymentID, wrong.Amount = "pay-wrong-"+o.ID, wrong.Amount+1
	r.Tell(t, wrong)
	r.awaitRefund(t, o.ID, wrong.PaymentID, order.RefundWrongAmount)
	r.Pay(t, o)
	r.RequireStock(t, r.a(), stock-2, 0)
}

// playRegained: the paid order's units were released, but can be held again.
func playRegained(t *testing.T, r *room) {
	r.Offer(t, r.a(), stock)
	o := r.place(t, shoptest.Line{ProductID: r.a(), Quantity: 2})
	r.lose(t, o.ID, r.a())
	r.Pay(t, o)
	r.RequireStock(t, r.a(), stock-2, 0)
}

// playUnwound: the paid order's units of one product are gone for good.
func playUnwound(t *testing.T, r *room) {
	r.offerBoth(t)
	o := r.place(t, r.both()...)
	r.lose(t, o.ID, r.b())
	r.Adjust(t, r.b(), -stock)
	r.Tell(t, shoptest.PaymentOf(o))
	o = r.Await(t, o.ID, order.StatusCancelled)
	require.Equal(t, order.ReasonNoStock, o.CancelReason)
	r.awaitRefund(t, o.ID, "pay-"+o.ID, order.RefundNoStock)
	r.RequireStock(t, r.a(), stock, 0)
	r.RequireStock(t, r.b(), 0, 0)
}

// lose releases what an order holds, behind its back.
func (r *room) lose(t *testing.T, orderID, productID string) {
	t.Helper()
	_, err := inventory.New(r.rdb).Release(t.Context(), product.Holder{OrderID: orderID}, 1, []string{productID}, "lost")
	require.NoError(t, err)
}

func (r *room) requireAllBack(t *testing.T) {
	t.Helper()
	r.RequireStock(t, r.a(), stock, 0)
	r.RequireStock(t, r.b(), stock, 0)
}

func (r *room) awaitRefund(t *testing.T, orderID, paymentID string, reason order.RefundReason) {
	t.Helper()
	require.Equal(t, reason, r.AwaitRefund(t, orderID, paymentID, order.RefundPaid).Reason)
}
