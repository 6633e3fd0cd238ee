package webui_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/carrier/sandbox"
	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
)

// A tester moves a parcel along on the sandbox carrier's page, and the gateway takes its callbacks.
func TestATesterMovesAParcelAlong(t *testing.T) {
	browser := openBrowser(t)
	s := start(t, stack.Options{WithoutUI: true})
	shop, err := shoptest.At(s.URL)
	require.NoError(t, err)
	t.Cleanup(shop.Close)

	var parcel, display, sent string
	require.NoError(t, chromedp.Run(browser,
		chromedp.Navigate(s.URL+sandbox.Path),
		chromedp.SendKeys("#number", "1z 999 aa1"),
	))
	_, err = chromedp.RunResponse(browser, chromedp.Submit("#number"))
	require.NoError(t, err)
	require.NoError(t, chromedp.Run(browser,
		chromedp.Text("#parcel", &parcel),
		// A style that the policy blocks would leave the page bare.
		chromedp.Evaluate(`getComputedStyle(document.querySelector("ul")).display`, &display),
	))
	require.Equal(t, "1Z999AA1", parcel)
	require.Equal(t, "flex", display)
	if *screenshots != "" {
		keepScreenshot(t, browser, "carrier-page.png")
	}
	for _, step := range []struct{ button, says string }{
		{"delivered", "Reported: Delivered."}, {"in_transit", "Reported: In transit."}, {"delayed", "Reported: Delayed."},
	} {
		_, err = chromedp.RunResponse(browser, chromedp.Click(`button[value="`+step.button+`"]`))
		require.NoError(t, err)
		require.NoError(t, chromedp.Run(browser, chromedp.Text("#sent", &sent)))
		require.Equal(t, step.says, sent)
	}
	// A reload sends nothing again.
	require.NoError(t, chromedp.Run(browser, chromedp.Reload(), chromedp.WaitVisible("#sent")))
	a := shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/carriers/unmatched"})
	var page struct {
		Items []struct{ TrackingNumber, Node, Mark string }
	}
	require.NoError(t, json.Unmarshal(a.Body, &page))
	require.Len(t, page.Items, 3, "no package has the number yet")
	for _, item := range page.Items {
		require.Equal(t, "1Z999AA1", item.TrackingNumber)
	}
}
