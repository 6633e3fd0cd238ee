package web_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// TestPictures makes the pictures of the documents: see `make pictures`.
func TestPictures(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "teapot", "Stoneware teapot, 1.2 litres", 2450, 9)
	offer(t, shop, "mug", "Enamel mug", 1250, 40)
	b := openBrowser(t, s.URL)
	b.lookAs(looks[2])
	b.open("/")
	require.Contains(t, b.text("h1"), "products")
	keepPicture(b, "shop")

	b.putInBasket("teapot", "1")
	b.putInBasket("mug", "4")
	b.pressText("Go to checkout")
	b.deliverTo("Ada Example")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	keepPicture(b, "shop-pay")
	id := b.orderID()
	shop.Tell(t, shoptest.PaymentOf(shop.Order(t, id)))
	b.await(`[data-stage="preparing"]`)
	packed := packs(t, shop, id, map[string]int64{"1": 1, "2": 2}, "EX1234567890")
	reports(t, shop, id, packed.ID, map[string]any{"id": "scan-1", "node": "in_transit"})
	b.await(`[data-node="in_transit"]`)
	keepPicture(b, "shop-order")

	lost := bought(t, shop, 1)
	gone := packs(t, shop, lost.ID, map[string]int64{"1": 1}, "EX5550001112")
	reports(t, shop, lost.ID, gone.ID, map[string]any{"id": "lost-1", "mark": "lost", "detail": "no scan for days"})
	shop.Tell(t, order.PaymentEvent{
		EventID: "evt-late", Provider: "sandbox", Type: order.PaymentSucceeded, OrderID: "unknown", PaymentID: "pay-late", Amount: 4900,
		Currency: "EUR", OccurredAt: time.Now(),
	})
	back := bought(t, shop, 2)
	shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPost, Path: "/v1/orders/" + back.ID + "/deliver"})
	shop.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPost, Path: "/v1/orders/" + back.ID + "/returns", Key: "back", Body: shoptest.JSON(t, map[string]any{
		"lines": []any{map[string]any{"lineId": "1", "quantity": 1, "reason": "Too small"}},
	})})

	c := openBrowser(t, s.URL)
	c.lookAs(looks[2])
	c.becomeOperator()
	for _, task := range []string{"order", "money", "return"} {
		c.awaitReloading("/console", `[data-task="`+task+`"]`)
	}
	keepPicture(c, "console")
	c.openOrder(id)
	keepPicture(c, "console-order")
}

// packs packs units of lines, which then leave the warehouse.
func packs(t *testing.T, shop *shoptest.Shop, orderID string, units map[string]int64, number string) (p order.Package) {
	t.Helper()
	var items []any
	for line, n := range units {
		items = append(items, map[string]any{"lineId": line, "quantity": n})
	}
	shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + orderID + "/packages", Key: "pack-" + number, Body: shoptest.JSON(t, map[string]any{
			"items": items, "courier": "Example Post", "trackingNumbers": []string{number}, "node": "left_warehouse",
		}),
	}).Into(t, &p)
	return p
}

// reports tells what has just happened to a package.
func reports(t *testing.T, shop *shoptest.Shop, orderID, packageID string, event map[string]any) {
	t.Helper()
	event["occurredAt"] = time.Now().UTC().Format(time.RFC3339)
	shop.Must(t, http.StatusOK, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + orderID + "/packages/" + packageID + "/events",
		Body: shoptest.JSON(t, map[string]any{"events": []any{event}}),
	})
}
