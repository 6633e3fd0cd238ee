package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/identity"
	"holdfast/order"
)

const stopTimeout = 30 * time.Second

// open starts the whole stack with guests, and returns the shop as a merchant sees it.
func open(t *testing.T, changes ...func(*stack.Options)) (*stack.Stack, *shoptest.Shop) {
	t.Helper()
	guests, err := identity.NewGuests("of the tests of the pages, 32 bytes or more", identity.Names{}, time.Hour)
	require.NoError(t, err)
	var opts stack.Options
	opts.WithoutUI, opts.Guests, opts.Demo, opts.ReturnWindow = true, guests, "en", time.Hour
	for _, change := range changes {
		change(&opts)
	}
	return start(t, opts)
}

func start(t *testing.T, opts stack.Options) (*stack.Stack, *shoptest.Shop) {
	t.Helper()
	s, err := stack.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		require.NoError(t, s.Stop(ctx))
	})
	shop, err := shoptest.At(s.URL)
	require.NoError(t, err)
	t.Cleanup(shop.Close)
	return s, shop
}

// offer puts a product on sale.
func offer(t *testing.T, shop *shoptest.Shop, id, title string, price, stock int64) {
	t.Helper()
	shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPut, Path: "/v1/products/" + id, Body: shoptest.JSON(t, map[string]any{
			"title": title, "category": "Kitchen", "currency": "EUR", "variants": []any{map[string]any{"sku": id + "-1", "price": price, "stock": stock}},
		}),
	})
}

// putInBasket puts units of a product into the basket, from its page.
func (b *browser) putInBasket(id, quantity string) {
	b.t.Helper()
	b.open("/products/" + id)
	b.fill("#quantity", quantity)
	b.press(".buy button")
	require.Equal(b.t, "/basket", b.path())
}

// deliverTo fills in the address.
func (b *browser) deliverTo(recipient string) {
	b.t.Helper()
	for field, text := range map[string]string{
		"#recipient": recipient, "#line1": "12 St James’s Square", "#city": "London", "#postalCode": "SW1Y 4LB", "#country": "GB",
	} {
		b.fill(field, text)
	}
	b.pressText("Continue")
	require.Equal(b.t, "/checkout/review", b.path())
}

// orderID is the order whose page is shown.
func (b *browser) orderID() string {
	b.t.Helper()
	b.await("[data-order]")
	var id string
	b.do(chromedp.AttributeValue("[data-order]", "data-order", &id, nil, chromedp.ByQuery))
	return id
}

func TestABuyerOrdersPaysAndFollowsTheParcel(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "teapot", "Stoneware teapot, 1.2 litres", 2450, 9)
	b := openBrowser(t, s.URL)

	b.open("/")
	require.Contains(t, b.text("h1"), "products")
	b.requireFine("list")
	b.open("/?q=laptop&sort=price")
	b.requireFine("search")
	b.open("/?q=laptop")
	b.do(chromedp.Click(`input[name="stock"]`, chromedp.ByQuery)) // the list follows by itself
	require.Eventually(t, func() bool { return strings.Contains(b.path(), "stock=1") }, shoptest.Patience, 50*time.Millisecond)
	b.await(`input[name="stock"][checked]`)
	b.open("/?category=Laptops")
	b.await(`input[name="category"][value="Laptops"][checked]`)
	b.requireFine("filtered")
	b.open("/?q=qqqqzzzz")
	require.Contains(t, b.text("main"), "Nothing found")
	b.requireFine("nothing")
	b.open("/basket")
	b.requireFine("basket-empty")
	b.open("/orders")
	b.requireFine("orders-empty")

	b.open("/products/teapot")
	require.Contains(t, b.text("main"), "9 left")
	b.requireFine("product")
	b.putInBasket("teapot", "2")
	require.Contains(t, b.text("main"), "€49.00")
	b.requireFine("basket")
	b.pressText("Go to checkout")
	b.requireFine("checkout")
	b.deliverTo("Ada <b>Byron</b>")
	require.Contains(t, b.text("address"), "Ada <b>Byron</b>", "markup is text")
	b.requireFine("review")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	id := b.orderID()
	require.Contains(t, b.text("address"), "Ada <b>Byron</b>")
	require.Contains(t, b.text("main"), "€49.00")
	b.requireFine("pay")
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, id).Status)

	// The provider is elsewhere; its page is reached through one of ours.
	b.do(chromedp.Click(".pay form button", chromedp.ByQuery))
	b.await(`button[value="pay"]`)
	b.press(`button[value="pay"]`)
	b.press("#back")
	require.Equal(t, id, b.orderID())
	b.await(`[data-stage="preparing"]`)
	b.requireFine("paid")

	// From here on the page follows by itself.
	var parcel order.Package
	shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + id + "/packages", Key: "p1", Body: shoptest.JSON(t, map[string]any{
			"items": []any{map[string]any{"lineId": "1", "quantity": 1}}, "courier": "Example Post", "trackingNumbers": []string{"EX123456"}, "node": "left_warehouse",
		}),
	}).Into(t, &parcel)
	b.await(`[data-node="left_warehouse"]`)
	require.Contains(t, b.text("[data-parcel]"), "EX123456")
	b.requireFine("parcel")

	b.pressText("Cancel some items")
	b.requireFine("cancel-items")
	b.fill(`[name="units:1"]`, "1")
	b.pressText("Cancel these items")
	require.Contains(t, b.text("main"), "The items are cancelled")

	b.pressText("Change the address")
	b.requireFine("address")
	b.fill("#line1", "7 Canal Street")
	b.pressText("Use this address")
	require.Contains(t, b.text("address"), "7 Canal Street")
	require.Contains(t, b.text("[data-parcel]"), "ask them to redirect it")

	shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPost, Path: "/v1/orders/" + id + "/deliver"})
	b.await(`[data-stage="delivered"]`)
	b.requireFine("delivered")
	b.pressText("Return something")
	b.requireFine("return")
	b.fill(`[name="units:1"]`, "1")
	b.fill("#reason", "Too small")
	b.pressText("Ask for the return")
	require.Contains(t, b.text("main"), "Return requested")

	b.open("/orders")
	require.Contains(t, b.text("main"), "Stoneware teapot")
	b.requireFine("orders")
}

func TestWhoeverComesTooLateTakesWhatIsLeft(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "mug", "Enamel mug", 1250, 5)
	b := openBrowser(t, s.URL)
	b.putInBasket("mug", "4")
	shop.Place(t, shoptest.Line{ProductID: "mug", Quantity: 3})
	b.open("/basket")
	require.Contains(t, b.text(".note.bad"), "only 2 are left, you chose 4")
	b.requireFine("short")
	b.pressText("Take what is left")
	require.Contains(t, b.text("main"), "€25.00")
	b.pressText("Go to checkout")
	b.deliverTo("Ada")
	// Between the look and the order the last ones go.
	shop.Place(t, shoptest.Line{ProductID: "mug", Quantity: 1})
	b.pressText("Order and pay")
	require.Contains(t, b.text(".note.bad"), "only 1 is left")
	b.pressText("Take what is left")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	require.EqualValues(t, 1, shop.Order(t, b.orderID()).Lines[0].Quantity)
	b.open("/products/mug")
	require.Contains(t, b.text("main"), "In other baskets")
}

// The price and the total are those that the buyer saw.
func TestAChangedPriceIsShownAndAskedAgain(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "mug", "Enamel mug", 1250, 5)
	b := openBrowser(t, s.URL)
	b.putInBasket("mug", "1")
	reprice := func(price int64) {
		shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPatch, Path: "/v1/products/mug", Body: shoptest.JSON(t, map[string]any{
			"variants": []any{map[string]any{"sku": "mug-1", "price": price}},
		})})
	}
	reprice(1300)
	b.open("/basket")
	require.Contains(t, b.text("main"), "was €12.50 when you added it")
	b.pressText("Go to checkout")
	b.deliverTo("Ada")
	reprice(1400)
	b.pressText("Order and pay €13.00")
	require.Contains(t, b.text(".note.bad"), "The total is now €14.00. It was €13.00.")
	b.pressText("Order and pay €14.00")
	b.await(`[data-stage="pay"]`)
	require.EqualValues(t, 1400, shop.Order(t, b.orderID()).Amounts[order.AmountTotal])
}

// Every form works without scripts, and pages that change load again.
func TestOrderingWithoutScripts(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "mug", "Enamel mug", 1250, 5)
	b := openBrowser(t, s.URL)
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.open("/?q=mug")
	b.putInBasket("mug", "2")
	b.pressText("Go to checkout")
	b.deliverTo("Ada")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	id := b.orderID()
	shop.Tell(t, shoptest.PaymentOf(shop.Order(t, id)))
	b.await(`[data-stage="preparing"]`) // by its refresh
	b.pressText("Cancel the order")
	b.await(`[data-stage="cancelled"]`)
}

// A link shows one order, and nothing else of its guest.
func TestAGuestsLinkShowsOneOrder(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "mug", "Enamel mug", 1250, 5)
	b := openBrowser(t, s.URL)
	order := func() string {
		b.putInBasket("mug", "1")
		b.pressText("Go to checkout")
		if b.path() == "/checkout" {
			b.pressText("Continue")
		}
		b.pressText("Order and pay")
		b.await(`[data-stage="pay"]`)
		return b.orderID()
	}
	b.putInBasket("mug", "1")
	b.pressText("Go to checkout")
	b.deliverTo("Ada")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	first := b.orderID()
	second := order()
	require.NotEqual(t, first, second)
	b.open("/orders/" + first + "/link")
	b.requireFine("link")
	var link string
	b.do(chromedp.Value("#link", &link, chromedp.ByQuery))

	other := openBrowser(t, s.URL)
	other.open("/orders/" + first)
	require.Contains(t, other.text("h1"), "no such page")
	other.do(chromedp.Navigate(link))
	require.Equal(t, "/orders/"+first, other.path(), "the link isn't in the address")
	require.Equal(t, first, other.orderID())
	other.open("/orders/" + second)
	require.Contains(t, other.text("h1"), "no such page")
	other.do(chromedp.Navigate(link + "x"))
	require.Contains(t, other.text("h1"), "no such page")
}

func TestChineseAndTheSwitcher(t *testing.T) {
	s, _ := open(t)
	b := openBrowser(t, s.URL)
	b.open("/")
	b.press(`button[value="zh"]`)
	require.Contains(t, b.text("h1"), "全部商品")
	b.press(`button[value="operator"]`)
	require.Contains(t, b.text("header"), "后台")
	b.press(`button[value="en"]`)
	b.press(`button[value="ada"]`)
	require.NotContains(t, b.text("header"), "Console")
	b.open("/nowhere")
	b.requireFine("missing")
}
