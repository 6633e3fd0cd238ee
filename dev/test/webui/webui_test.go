// Package webui tests that a person finds an order's story in Temporal's web UI.
package webui_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/saga"
)

var screenshots = flag.String("screenshots", "", "folder to keep the screenshots in, such as ../../../docs; empty keeps none")

// testTimeout bounds everything that the browser does.
const testTimeout = 3 * time.Minute

func TestOrdersTellTheirStory(t *testing.T) {
	browser := openBrowser(t)
	ui, shop := startStack(t)
	offerTea(t, shop)
	waiting := shop.Place(t, shoptest.Line{ProductID: "teapot", Quantity: 1}, shoptest.Line{ProductID: "green-tea", Quantity: 3})
	cancelled := shop.Place(t, shoptest.Line{ProductID: "teapot", Quantity: 2})
	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, cancelled.ID))

	for _, page := range []struct {
		orderID, tab, screenshot string
		says                     []string
	}{
		{waiting.ID, "user-metadata", "webui-awaiting-payment.png", []string{
			"customer customer-1 · 2 lines · 51.60 EUR", // summary
			"awaiting_payment", "Payment awaited until " + waiting.Payment.Deadline.Format(time.RFC3339),
			"teapot-1", "Cast-iron teapot, 0.8 l", "12.90 EUR", "Green tea, 100 g", "38.70 EUR",
		}},
		{waiting.ID, "history", "", []string{"hold 2 lines, try 1", "payment window, until"}},
		{waiting.ID, "search-attributes", "", []string{
			"OrderStatus", saga.StatusOpen, "CustomerId", "customer-1", "ProductIds", "teapot", "green-tea",
		}},
		{cancelled.ID, "user-metadata", "webui-cancelled.png", []string{
			"customer customer-1 · 1 line · 25.80 EUR", "cancelled", "Reason: customer", "Cast-iron teapot, 0.8 l",
		}},
		{cancelled.ID, "history", "", []string{"hold 1 line, try 1", "payment window, until", "release: customer", "record as cancelled"}},
		{cancelled.ID, "search-attributes", "", []string{"OrderStatus", "cancelled"}},
	} {
		address := fmt.Sprintf("%s/namespaces/%s/workflows/%s/%s/%s", ui.UIURL, ui.Namespace,
			url.PathEscape(saga.OrderWorkflowID(page.orderID)), runID(t, ui, page.orderID), page.tab)
		require.NoError(t, chromedp.Run(browser, chromedp.Navigate(address)))
		requireSays(t, browser, page.tab, page.says)
		if page.screenshot != "" && *screenshots != "" {
			keepScreenshot(t, browser, page.screenshot)
		}
	}
}

// whatItSays is the text of the page and of the frames in it, in which the web UI renders a
// user's Markdown.
const whatItSays = `[document.body, ...[...document.querySelectorAll("iframe")].map(f => f.contentDocument?.body)]
	.map(body => body?.innerText ?? "").join("\n")`

// requireSays waits until the page shows all texts.
func requireSays(t *testing.T, browser context.Context, tab string, texts []string) {
	t.Helper()
	var said string
	shoptest.Until(t, "the page "+tab+" tells the order's story", func(context.Context) error { //nolint:contextcheck // the browser has a context of its own
		if err := chromedp.Run(browser, chromedp.Evaluate(whatItSays, &said)); err != nil {
			return err
		}
		for _, text := range texts {
			if !strings.Contains(said, text) {
				return fmt.Errorf("%q is missing in:\n%s", text, said)
			}
		}
		return nil
	})
}

func keepScreenshot(t *testing.T, browser context.Context, name string) {
	t.Helper()
	const lossless = 100
	var png []byte
	require.NoError(t, chromedp.Run(browser, chromedp.FullScreenshot(&png, lossless)))
	require.NoError(t, os.WriteFile(filepath.Join(*screenshots, name), png, 0o644))
}
