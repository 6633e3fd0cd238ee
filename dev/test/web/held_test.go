package web_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// publish makes steps the chain of a scenario.
func publish(t *testing.T, shop *shoptest.Shop, scenario string, steps ...map[string]any) {
	t.Helper()
	shop.Must(t, http.StatusOK, shoptest.Call{
		Method: http.MethodPut, Path: "/v1/scenarios/" + scenario + "/draft", Body: shoptest.JSON(t, map[string]any{"steps": steps}),
	})
	shop.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPost, Path: "/v1/scenarios/" + scenario + "/publish"})
}

// An order that a command puts on hold after it was packed is in the inbox, and is released from there.
func TestTheInboxHasAnOrderThatIsHeldAfterPacking(t *testing.T) {
	b, _, shop := console(t)
	publish(t, shop, "node", map[string]any{
		"command": "hold-for-review", "version": 1, "when": `event.node == "packed"`, "params": map[string]any{"reason": "Check the weight of the parcel"},
	})
	o := bought(t, shop, 3)
	shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/packages", Key: "pack-1",
		Body: shoptest.JSON(t, map[string]any{"items": []any{map[string]any{"lineId": o.Lines[0].ID, "quantity": 3}}}),
	})
	shop.Await(t, o.ID, order.StatusPacked)
	row := fmt.Sprintf(`[data-task="command"] a[href="/console/orders/%s?open=release#release"]`, o.ID)
	b.awaitReloading("/console", row)
	require.Contains(t, b.text(".tasks"), "Check the weight of the parcel")
	b.requireFine("console-inbox-held")
	b.press(`.figures a[href="/console/orders?hold=onHold"]`)
	require.Contains(t, b.text(fmt.Sprintf(`tr[data-order=%q]`, o.ID)), "On hold")
	b.requireFine("console-orders-held")
	b.press(`button[value="zh"]`)
	b.awaitReloading("/console", row)
	b.requireFine("console-inbox-held-zh")
	b.press(`button[value="en"]`)
	b.open("/console")
	b.press(row)
	b.await("#release[open]")
	b.send("release")
	require.Nil(t, shop.Order(t, o.ID).Brake)
}

// The basket has what the shop adds to it, with its price, and nothing of it can be changed there.
func TestTheBasketShowsAGift(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "teapot", "Stoneware teapot, 1.2 litres", 2450, 9)
	offer(t, shop, "cloth", "Tea cloth of unbleached linen", 450, 9)
	publish(t, shop, "submit", map[string]any{"command": "gift", "version": 1, "params": map[string]any{"productId": "cloth", "forProduct": "teapot"}})
	b := openBrowser(t, s.URL)
	b.putInBasket("teapot", "2")
	require.Contains(t, b.text(".lines"), "Tea cloth of unbleached linen")
	require.Contains(t, b.text(".lines .ordered"), "added by the shop")
	require.Contains(t, b.text(".lines .ordered .amount"), "free")
	b.requireFine("basket-gift")
	b.press(`button[value="zh"]`)
	require.Contains(t, b.text(".lines .ordered"), "由本店添加")
	b.requireFine("basket-gift-zh")
	b.press(`button[value="en"]`)
	b.pressText("Go to checkout")
	b.deliverTo("Ada Byron")
	require.Contains(t, b.text("main"), "Tea cloth of unbleached linen")
}
