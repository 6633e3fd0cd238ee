package webui_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
)

// A buyer pays on the sandbox's page, and the order receives the payment.
func TestABuyerPaysOnTheSandboxsPage(t *testing.T) {
	browser := openBrowser(t)
	s := start(t, stack.Options{WithoutUI: true})
	shop, err := shoptest.At(s.URL)
	require.NoError(t, err)
	t.Cleanup(shop.Close)
	offerTea(t, shop)
	o := shop.Place(t, shoptest.Line{ProductID: "teapot", Quantity: 2})
	a := shop.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/payment"})
	var offer struct {
		RedirectURL string `json:"redirectUrl"`
	}
	require.NoError(t, json.Unmarshal(a.Body, &offer))

	var open, paid, title, shown, address string
	require.NoError(t, chromedp.Run(browser,
		chromedp.Navigate(offer.RedirectURL),
		chromedp.Text("#state", &open),
		chromedp.Text(".amount", &shown),
		// A style that the policy blocks would leave the page bare.
		chromedp.Evaluate(`getComputedStyle(document.querySelector("dl")).display`, &title),
	))
	require.Equal(t, "waiting for the buyer", open)
	require.Equal(t, "€25.80", shown)
	require.Equal(t, "grid", title)
	if *screenshots != "" {
		keepScreenshot(t, browser, "pay-page.png")
	}
	// Each click loads a new page: the buttons of the one before must not be clicked.
	_, err = chromedp.RunResponse(browser, chromedp.Click(`button[value="decline"]`))
	require.NoError(t, err)
	_, err = chromedp.RunResponse(browser, chromedp.Click(`button[value="pay"]`))
	require.NoError(t, err)
	require.NoError(t, chromedp.Run(browser,
		chromedp.WaitVisible(`#state.succeeded`),
		chromedp.Text("#state", &paid),
		chromedp.Title(&title),
		chromedp.Location(&address),
	))
	require.Equal(t, "paid", paid)
	require.Contains(t, title, "paid")
	require.Equal(t, offer.RedirectURL, address)
	require.NoError(t, chromedp.Run(browser, chromedp.Reload(), chromedp.WaitVisible(`#state.succeeded`)))
	shop.Await(t, o.ID, order.StatusAwaitingShipment)
}
