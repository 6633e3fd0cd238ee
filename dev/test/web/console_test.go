package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// console starts a stack with something to sell, and a browser of its operator.
func console(t *testing.T) (*browser, *stack.Stack, *shoptest.Shop) {
	t.Helper()
	var opts stack.Options
	opts.WithoutUI, opts.ReturnWindow, opts.WebhooksAllow = true, time.Hour, "127.0.0.0/8"
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
	offer(t, shop, "teapot", "Stoneware teapot, 1.2 litres", 2450, 20)
	b := openBrowser(t, s.URL)
	b.becomeOperator()
	return b, s, shop
}

func (b *browser) becomeOperator() {
	b.t.Helper()
	b.open("/console")
	require.Contains(b.t, b.text("h1"), "for staff", "guests are told that it isn't for them")
	b.press(`button[name="who"][value="operator"]`)
	b.await(".rail")
}

// bought is a paid order of some teapots.
func bought(t *testing.T, shop *shoptest.Shop, units int64) order.Order {
	t.Helper()
	o := shop.Place(t, shoptest.Line{ProductID: "teapot", Quantity: units})
	shop.Pay(t, o)
	return shop.Await(t, o.ID, order.StatusAwaitingShipment)
}

func (b *browser) openOrder(id string) {
	b.t.Helper()
	b.open("/console/orders/" + id)
	b.await(fmt.Sprintf(`[data-order=%q]`, id))
}

// unfold opens the form behind a button.
func (b *browser) unfold(form string) {
	b.t.Helper()
	b.do(chromedp.Click(fmt.Sprintf(`[id=%q] > summary`, form), chromedp.ByQuery), chromedp.WaitVisible(fmt.Sprintf(`[id=%q] form`, form), chromedp.ByQuery))
}

// send sends the form behind a button, and waits for the page that follows.
func (b *browser) send(form string) {
	b.t.Helper()
	b.press(fmt.Sprintf(`[id=%q] form button.go`, form))
}

// awaitReloading loads a page again until it has something: lists are a moment late.
func (b *browser) awaitReloading(path, selector string) {
	b.t.Helper()
	shoptest.Until(b.t, selector+" at "+path, func(context.Context) error {
		b.open(path) //nolint:contextcheck // the browser has its own
		var n int
		b.do(chromedp.Evaluate(fmt.Sprintf("document.querySelectorAll(%q).length", selector), &n)) //nolint:contextcheck // the browser has its own
		if n == 0 {
			return fmt.Errorf("%s isn't there yet", selector)
		}
		return nil
	})
}

func TestAnOperatorPacksShipsAndDelivers(t *testing.T) {
	b, _, shop := console(t)
	o := bought(t, shop, 3)
	b.open("/console")
	b.requireFine("console-inbox-empty")
	b.awaitReloading("/console/orders?status=awaiting_shipment", fmt.Sprintf(`tr[data-order=%q]`, o.ID))
	b.requireFine("console-orders")
	b.openOrder(o.ID)
	require.Contains(t, b.text(".acts"), "Pack")
	b.do(chromedp.Click("[data-why=release]", chromedp.ByQuery, chromedp.AtLeast(0)))
	b.unfold("pack")
	b.requireFine("console-pack")

	// What the API refuses is said beside the field, and nothing that was typed is lost.
	b.fill(`#pack input[name="trackingNumbers"]`, "1")
	b.fill(`#pack input[name="courier"]`, "Example Post")
	b.send("pack")
	require.Contains(t, b.text("#pack [role=alert]"), "needs another value")
	require.Contains(t, b.text("#pack-numbers"), "4 to 50 letters and digits")
	var courier string
	b.do(chromedp.Value(`#pack input[name="courier"]`, &courier, chromedp.ByQuery))
	require.Equal(t, "Example Post", courier)
	b.requireFine("console-pack-wrong")

	b.fill(`#pack input[name="trackingNumbers"]`, "1Z 999 AA1 01 2345 6784")
	b.do(chromedp.Click(`#pack input[name="left"]`, chromedp.ByQuery))
	b.send("pack")
	b.await(`[data-package][data-node="left_warehouse"]`)
	require.Contains(t, b.text("[data-package]"), "1Z999AA10123456784")
	require.Len(t, shop.Order(t, o.ID).Packages, 1)

	form := "report-" + shop.Order(t, o.ID).Packages[0].ID
	b.unfold(form)
	b.do(chromedp.SetValue(fmt.Sprintf(`[id=%q] select[name="what"]`, form), "node:delivered", chromedp.ByQuery))
	b.send(form)
	b.await(`[data-package][data-node="delivered"]`)
	require.Equal(t, order.StatusDelivered, shop.Await(t, o.ID, order.StatusDelivered).Status)
	b.openOrder(o.ID)
	b.requireFine("console-delivered")
}

func TestAnOperatorSettlesAReturn(t *testing.T) {
	b, _, shop := console(t)
	o := bought(t, shop, 3)
	b.openOrder(o.ID)
	b.unfold("deliver")
	b.send("deliver")
	shop.Await(t, o.ID, order.StatusDelivered)
	var opened order.Return
	shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/returns", Key: "return-1",
		Body: shoptest.JSON(t, map[string]any{"lines": []any{map[string]any{"lineId": o.Lines[0].ID, "quantity": 2, "reason": "too heavy"}}}),
	}).Into(t, &opened)

	b.awaitReloading("/console", `[data-task="return"]`)
	b.press(`[data-task="return"] > .btn`)
	require.Contains(t, b.text("[data-return]"), "too heavy")
	b.requireFine("console-return")
	b.unfold("approve-" + opened.ID)
	b.send("approve-" + opened.ID)
	b.await(`[data-return][data-status="approved"]`)
	b.unfold("receive-" + opened.ID)
	line := o.Lines[0].ID
	b.fill(fmt.Sprintf(`input[name="u.%s"]`, line), "1")
	b.fill(fmt.Sprintf(`input[name="d.%s"]`, line), "1")
	b.send("receive-" + opened.ID)
	b.await(`[data-return][data-status="received"]`)
	shop.AwaitPayment(t, o.ID, "the money of two teapots goes back", func(p shoptest.PaymentResult) bool {
		return len(p.Refunds) == 1 && p.Refunds[0].Amount == 4900
	})
	shop.AwaitStock(t, "teapot", 18, 0) // 20, less 3, and one can be sold again
}

func TestAnOperatorHoldsReleasesCancelsAPartAndRefunds(t *testing.T) {
	b, s, shop := console(t)
	o := bought(t, shop, 3)
	b.openOrder(o.ID)
	b.unfold("hold")
	b.fill(`#hold input[name="note"]`, "the address looks odd")
	b.send("hold")
	require.Contains(t, b.text("main"), "the address looks odd")
	require.NotNil(t, shop.Order(t, o.ID).Brake)
	b.do(chromedp.Click(".act ~ details summary, #actions ~ details > summary", chromedp.ByQuery, chromedp.AtLeast(0)))
	b.requireFine("console-held")
	b.unfold("release")
	b.send("release")
	require.Nil(t, shop.Order(t, o.ID).Brake)

	b.unfold("cancelUnits")
	b.fill(fmt.Sprintf(`#cancelUnits input[name="u.%s"]`, o.Lines[0].ID), "1")
	b.send("cancelUnits")
	require.EqualValues(t, 1, shop.Order(t, o.ID).Lines[0].Removed)

	b.unfold("refund")
	b.fill(`#refund input[name="amount"]`, "ten")
	b.send("refund")
	require.Contains(t, b.text("#refund .field"), "isn't an amount")
	b.fill(`#refund input[name="amount"]`, "10.00")
	b.send("refund")
	shop.AwaitPayment(t, o.ID, "€24.50 and €10.00 go back", func(p shoptest.PaymentResult) bool {
		sum := int64(0)
		for _, r := range p.Refunds {
			sum += r.Amount
		}
		return sum == 3450
	})

	// The same form, sent six times at once, refunds once.
	v := newVisitor(t, s.URL)
	v.post("/switch", url.Values{"who": {"operator"}, "back": {"/console"}})
	again := url.Values{"key": {"one-form-of-the-page"}, "currency": {"EUR"}, "amount": {"1.00"}}
	done := make(chan struct{})
	for range 6 {
		go func() {
			defer func() { done <- struct{}{} }()
			res, err := v.http.PostForm(v.base+"/console/orders/"+o.ID+"/refund", again)
			if err == nil {
				_ = res.Body.Close() // only that it was answered counts
			}
		}()
	}
	for range 6 {
		<-done
	}
	shop.AwaitPayment(t, o.ID, "one more euro goes back", func(p shoptest.PaymentResult) bool { return len(p.Refunds) == 3 })
}

func TestTheInboxLeadsToWhatSettlesIt(t *testing.T) {
	b, _, shop := console(t)
	o := bought(t, shop, 2)
	var p order.Package
	shop.Must(t, http.StatusCreated, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/packages", Key: "pack-1",
		Body: shoptest.JSON(t, map[string]any{
			"items": []any{map[string]any{"lineId": o.Lines[0].ID, "quantity": 2}}, "node": "left_warehouse", "trackingNumbers": []string{"EX12345678"},
		}),
	}).Into(t, &p)
	shop.Must(t, http.StatusOK, shoptest.Call{
		Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/packages/" + p.ID + "/events",
		Body: shoptest.JSON(t, map[string]any{"events": []any{map[string]any{
			"id": "lost-1", "mark": "lost", "occurredAt": time.Now().UTC().Format(time.RFC3339), "detail": "no scan for days",
		}}}),
	})
	b.awaitReloading("/console", `[data-task="order"]`)
	require.Contains(t, b.text(`[data-task="order"]`), "Lost")
	b.requireFine("console-inbox")
	b.press(`[data-task="order"] > .btn`)
	form := "resolve-" + p.ID
	b.await(fmt.Sprintf(`[id=%q][open]`, form))
	b.requireFine("console-resolve")
	b.do(chromedp.Click(fmt.Sprintf(`[id=%q] input[value="refund"]`, form), chromedp.ByQuery))
	b.send(form)
	shop.AwaitPayment(t, o.ID, "what was lost is refunded", func(p shoptest.PaymentResult) bool {
		return len(p.Refunds) == 1 && p.Refunds[0].Amount == 4900
	})
	shoptest.Until(t, "the inbox is empty", func(context.Context) error {
		b.open("/console")                                                        //nolint:contextcheck // the browser has its own
		if text := b.text("main"); !strings.Contains(text, "Nothing needs you") { //nolint:contextcheck // the browser has its own
			return fmt.Errorf("it has %q", text)
		}
		return nil
	})
}

func TestBulkActionsReportEachRow(t *testing.T) {
	b, _, shop := console(t)
	paid := bought(t, shop, 1)
	unpaid := shop.Place(t, shoptest.Line{ProductID: "teapot", Quantity: 1})
	b.awaitReloading("/console/orders", fmt.Sprintf(`tr[data-order=%q]`, unpaid.ID))
	for _, o := range []order.Order{paid, unpaid} {
		b.do(chromedp.Click(fmt.Sprintf(`input[value=%q]`, o.ID), chromedp.ByQuery))
	}
	b.press(`button[name="do"][value="hold"]`)
	require.Contains(t, b.text(fmt.Sprintf(`tr[data-order=%q]`, paid.ID)), "Done")
	require.Contains(t, b.text(fmt.Sprintf(`tr[data-order=%q]`, unpaid.ID)), "isn't paid")
	require.Contains(t, b.text(".lead"), "1 of 2")
	b.requireFine("console-bulk")

	// What can't be taken back is asked about first.
	b.awaitReloading("/console/orders", fmt.Sprintf(`tr[data-order=%q]`, unpaid.ID))
	b.do(chromedp.Click(fmt.Sprintf(`input[value=%q]`, unpaid.ID), chromedp.ByQuery))
	b.press(`button[name="do"][value="cancel"]`)
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, unpaid.ID).Status)
	b.requireFine("console-sure")
	b.press("main button.go")
	shop.Await(t, unpaid.ID, order.StatusCancelled)
}

func TestAnOperatorWorksOnAProduct(t *testing.T) {
	b, _, shop := console(t)
	held := shop.Place(t, shoptest.Line{ProductID: "teapot", Quantity: 4})
	b.awaitReloading("/console/products/teapot", ".holds count-down")
	require.Contains(t, b.text(".holds"), "4 units")
	b.requireFine("console-product")

	b.unfold("adjustteapot-1")
	b.fill(`[id="adjustteapot-1"] input[name="number"]`, "-5")
	b.fill(`[id="adjustteapot-1"] input[name="reason"]`, "Broken on the shelf")
	b.send("adjustteapot-1")
	shop.RequireStock(t, "teapot", 15, 4)
	b.awaitReloading("/console/products/teapot", ".timeline li:nth-child(3)")
	require.Contains(t, b.text(".timeline"), "Broken on the shelf")

	b.unfold("priceteapot-1")
	b.fill(`[id="priceteapot-1"] input[name="price"]`, "19.90")
	b.send("priceteapot-1")
	require.Contains(t, b.text("[data-sku]"), "€19.90")

	b.unfold("delist")
	b.send("delist")
	shop.Await(t, held.ID, order.StatusCancelled)
	b.awaitReloading("/console/products/teapot", "#list")
	shop.AwaitStock(t, "teapot", 15, 0)
	b.open("/console/products/teapot")
	b.unfold("list")
	b.send("list")
	b.await("#delist")
	b.open("/console/products")
	b.requireFine("console-products")
}

func TestAnOperatorPublishesPricesAndCoupons(t *testing.T) {
	b, _, _ := console(t)
	b.open("/console/prices")
	b.requireFine("console-prices-none")
	b.fill("textarea", `{"levels": [{"number": 1, "name": "Member", "discount": 0}, {"number": 3, "name": "Gold", "discount": 500}]}`)
	b.press(`button[value="check"]`)
	require.Contains(t, b.text("[role=alert]"), "levels", "a gap would let members pay in full")
	b.requireFine("console-prices-wrong")
	b.fill("textarea", `{"levels": [{"number": 1, "name": "Member", "discount": 0}, {"number": 2, "name": "Gold", "discount": 500}]}`)
	b.press(`button[value="check"]`)
	require.Contains(t, b.text("main [role=status]"), "can be published")
	b.press(`button[value="publish"]`)
	require.Contains(t, b.text("main"), "Version 1 is published")
	b.press(`a[href="/console/prices/versions/1"]`)
	require.Contains(t, b.text("pre"), "Gold")
	b.requireFine("console-version")

	b.open("/console/coupons")
	b.fill(`input[name="code"]`, "spring")
	b.fill(`input[name="rate"]`, "10")
	b.fill(`input[name="limit"]`, "5")
	b.press("aside button.go")
	require.Contains(t, b.text(`[data-coupon="SPRING"]`), "10% off")
	b.requireFine("console-coupons")
	b.press(`[data-coupon="SPRING"] button`)
	require.Contains(t, b.text(`[data-coupon="SPRING"]`), "Ended")
}

func TestAnOperatorReplaysADelivery(t *testing.T) {
	var refuse atomic.Bool
	refuse.Store(true)
	got := make(chan string, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
		got <- r.Header.Get("webhook-id")
	}))
	t.Cleanup(receiver.Close)
	b, _, shop := console(t)
	b.open("/console/webhooks")
	b.requireFine("console-webhooks-none")
	b.fill(`input[name="url"]`, receiver.URL)
	b.press("aside button.go")
	require.Contains(t, b.text("main"), "whsec_")
	b.requireFine("console-secret")
	b.pressText("To the webhook")
	b.pressText("Send a test")
	first := <-got
	hook := b.path()
	b.awaitReloading(hook, `tr[data-attempts="1"]`)
	b.requireFine("console-webhook")
	b.awaitReloading("/console", `[data-task="webhook"]`)
	refuse.Store(false)
	b.open(hook)
	b.pressText("Replay")
	require.Equal(t, first, <-got, "the receiver can tell that it is the same message")
	b.awaitReloading(hook, `tr[data-status="delivered"]`)

	// What it is told about an order is in the order's timeline.
	o := bought(t, shop, 1)
	timeline := "/console/orders/" + o.ID + "?show=webhooks"
	b.awaitReloading(timeline, `.timeline a[href^="/console/webhooks/"]`)
	placed := "order.placed to " + strings.TrimPrefix(receiver.URL, "http://")
	shoptest.Until(t, placed, func(context.Context) error { // each is delivered by itself
		b.open(timeline)                                                  //nolint:contextcheck // the browser has its own
		if text := b.text(".timeline"); !strings.Contains(text, placed) { //nolint:contextcheck // the browser has its own
			return errors.New(text)
		}
		return nil
	})
	b.requireFine("console-timeline-webhooks")
}

// Every form is a form: the console works where scripts don't.
func TestTheConsoleWorksWithoutScripts(t *testing.T) {
	b, _, shop := console(t)
	o := bought(t, shop, 1)
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.openOrder(o.ID)
	b.unfold("pack")
	b.send("pack")
	b.await(`[data-package]`)
	require.Len(t, shop.Order(t, o.ID).Packages, 1)
	b.open("/console/refunds")
	require.Contains(t, b.text("main"), "No refund waits")
	b.open("/console/scans")
	require.Contains(t, b.text("main"), "No scan waits")
}
