package webui_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// openBrowser starts Chromium without a window. Without Chromium the test is skipped,
// unless HOLDFAST_REQUIRE names it: then its absence is a failure.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	program := findBrowser()
	if program == "" {
		if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "chromium") {
			t.Fatal("chromium is required: neither CHROME_PATH nor PATH has it")
		}
		t.Skip("left out: no Chromium in CHROME_PATH or on PATH")
	}
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	t.Cleanup(cancel)
	allocator, stop := chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		chromedp.NoSandbox, // it visits only our own pages, and as root it has no sandbox
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.WindowSize(windowWidth, windowHeight),
	)
	t.Cleanup(stop)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	require.NoError(t, chromedp.Run(browser), "start %s", program)
	return browser
}

// The window, in CSS pixels: that of a usual laptop.
const windowWidth, windowHeight = 1440, 1000

func findBrowser() string {
	if given := os.Getenv("CHROME_PATH"); given != "" {
		return given
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
