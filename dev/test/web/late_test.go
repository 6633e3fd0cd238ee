package web_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/identity"
	"holdfast/order"
)

// Whoever pays after the window ended hears that the payment goes back, and it does.
func TestALatePaymentGoesBack(t *testing.T) {
	guests, err := identity.NewGuests("of the tests of the pages, 32 bytes or more", identity.Names{}, time.Hour)
	require.NoError(t, err)
	var opts stack.Options
	opts.WithoutUI, opts.Guests, opts.PaymentWindow = true, guests, 10*time.Second
	s, shop := start(t, opts)
	offer(t, shop, "mug", "Enamel mug", 1250, 5)
	b := openBrowser(t, s.URL)
	b.putInBasket("mug", "2")
	b.pressText("Go to checkout")
	b.deliverTo("Ada")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	id := b.orderID()
	pays := shoptest.PaymentOf(shop.Order(t, id))
	b.await(`[data-stage="expired"]`) // the page follows
	require.Contains(t, b.text("main"), "A payment that arrives now is returned")
	b.requireFine("expired")
	shop.Tell(t, pays)
	b.awaitReloading("/orders/"+id, "[data-returned]")
	require.Contains(t, b.text("[data-returned]"), "€25.00 arrived when the order had already ended.")
	require.Equal(t, order.StatusExpired, shop.Order(t, id).Status)
	b.requireFine("expired-refunded")
	b.open("/products/mug")
	require.Contains(t, b.text("main"), "5 left")
}
