package web_test

import (
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// What decides about the total can be chosen, with what it costs, and a coupon that can't be used says why.
func TestShippingAndCouponsAreChosenWithTheirPrice(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "mug", "Enamel mug", 1250, 5)
	method := func(id, title string, price int64, byDefault bool) map[string]any {
		return map[string]any{"id": id, "title": title, "currency": "EUR", "default": byDefault, "brackets": []any{map[string]any{"from": 0, "price": price}}}
	}
	shop.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPut, Path: "/v1/price-book", Body: shoptest.JSON(t, map[string]any{
		"levels":          []any{map[string]any{"number": 1, "name": "Gold", "discount": 1000}},
		"shippingMethods": []any{method("parcel", "Parcel", 590, true), method("express", "Express", 1490, false)},
	})})
	shop.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPut, Path: "/v1/coupons/SPRING", Body: shoptest.JSON(t, map[string]any{
		"limit": 5, "action": map[string]any{"amount": 200, "currency": "EUR"},
	})})
	shop.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPut, Path: "/v1/customers/ada", Body: shoptest.JSON(t, map[string]any{
		"level": 1, "addresses": []any{map[string]any{"id": "home", "recipient": "Ada", "line1": "1 Harbour Street", "city": "Hamburg", "country": "DE"}}, "defaultAddress": "home",
	})})

	b := openBrowser(t, s.URL)
	b.open("/")
	b.press(`button[value="ada"]`)
	b.open("/products/mug")
	require.Contains(t, b.text("main"), "€11.25", "the member's price")
	b.requireFine("product-member")
	b.putInBasket("mug", "2")
	b.pressText("Go to checkout")
	b.press(`[data-saved="home"] button`)
	require.Contains(t, b.text("address"), "1 Harbour Street")
	require.Contains(t, b.text("#shipping"), "€14.90")
	require.Contains(t, b.text("aside"), "€28.40")
	b.do(chromedp.Click(`input[value="express"]`, chromedp.ByQuery))
	b.press("#shipping button")
	require.Contains(t, b.text("aside"), "€37.40")

	b.fill("#code", "nothing")
	b.press("#coupon form:last-of-type button")
	require.Contains(t, b.text("#coupon"), "There is no such coupon")
	b.press("#coupon form button[name=remove]")
	b.fill("#code", "spring")
	b.press("#coupon form:last-of-type button")
	require.Contains(t, b.text("aside"), "€35.40")
	b.requireFine("review-shipping")
	b.pressText("Order and pay €35.40")
	b.await(`[data-stage="pay"]`)
	o := shop.Order(t, b.orderID())
	require.Equal(t, "ada", o.CustomerID)
	require.EqualValues(t, 3540, o.Amounts[order.AmountTotal])
	require.Equal(t, "express", o.Pricing.Shipping.MethodID)
}
