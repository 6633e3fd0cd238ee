package web_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// testTimeout bounds what a browser may take for one test.
const testTimeout = 3 * time.Minute

// The widths of a phone and of a laptop, in CSS pixels.
const (
	phoneWidth = 360
	wideWidth  = 1280
)

//go:embed axe/axe.min.js
var axe string

// browser is one visitor's, with cookies of its own.
type browser struct {
	context.Context
	t    *testing.T
	base string

	mu         sync.Mutex
	complaints []string
}

// openBrowser starts Chromium without a window. Without Chromium the test is skipped, unless
// HOLDFAST_REQUIRE names it: then its absence is a failure.
func openBrowser(t *testing.T, base string) *browser {
	t.Helper()
	program := findBrowser()
	if program == "" {
		if slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "chromium") {
			t.Fatal("chromium is required: neither CHROME_PATH nor PATH has it")
		}
		t.Skip("left out: no Chromium in CHROME_PATH or on PATH")
	}
	profile, err := os.MkdirTemp("", "holdfast-browser-*") //nolint:usetesting // a browser that ends still writes there for a moment
	require.NoError(t, err)
	t.Cleanup(func() {
		require.Eventually(t, func() bool { return os.RemoveAll(profile) == nil }, 10*time.Second, 50*time.Millisecond)
	})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), testTimeout)
	t.Cleanup(cancel)
	allocator, stop := chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(program), chromedp.UserDataDir(profile),
		chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.DisableGPU,
		chromedp.NoSandbox, // it visits only our own pages, and as root it has no sandbox
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en-GB"), chromedp.WindowSize(wideWidth, 900),
	)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		_ = chromedp.Cancel(tab) // waits until the browser has ended
		closeTab()
	})
	b := &browser{Context: tab, t: t, base: base}
	chromedp.ListenTarget(tab, b.listen)
	require.NoError(t, chromedp.Run(tab, cdplog.Enable()), "start %s", program)
	t.Cleanup(b.requireNoComplaints)
	return b
}

// listen notes what a page's policy blocked, and what its scripts threw.
func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if strings.Contains(e.Entry.Text, "Content Security Policy") || e.Entry.Source == cdplog.SourceSecurity {
			b.complaints = append(b.complaints, e.Entry.Text+" "+e.Entry.URL)
		}
	case *cdpruntime.EventExceptionThrown:
		b.complaints = append(b.complaints, e.ExceptionDetails.Error())
	case *cdpruntime.EventConsoleAPICalled:
		if e.Type == cdpruntime.APITypeError || e.Type == cdpruntime.APITypeWarning {
			var parts []string
			for _, a := range e.Args {
				parts = append(parts, string(a.Value)+a.Description)
			}
			b.complaints = append(b.complaints, strings.Join(parts, " "))
		}
	}
}

func (b *browser) requireNoComplaints() {
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.complaints)
}

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

// do runs actions, which must succeed.
func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Run(b, actions...))
}

// open shows a page of the shop.
func (b *browser) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + path))
}

// press clicks something that leads to another page, and waits for that.
func (b *browser) press(selector string) {
	b.t.Helper()
	_, err := chromedp.RunResponse(b, chromedp.Click(selector, chromedp.NodeVisible))
	require.NoError(b.t, err, "press %s at %s", selector, b.path())
}

// pressText clicks the button or link with this text.
func (b *browser) pressText(text string) {
	b.t.Helper()
	_, err := chromedp.RunResponse(b, chromedp.Click(
		fmt.Sprintf(`//main//*[self::a or self::button][contains(normalize-space(.), %q)]`, text), chromedp.BySearch, chromedp.NodeVisible))
	require.NoError(b.t, err, "press %q at %s", text, b.path())
}

// fill replaces the text of a field.
func (b *browser) fill(selector, text string) {
	b.t.Helper()
	b.do(chromedp.SetValue(selector, text, chromedp.ByQuery))
}

// text is what an element shows.
func (b *browser) text(selector string) string {
	b.t.Helper()
	var text string
	b.do(chromedp.Text(selector, &text, chromedp.ByQuery))
	return text
}

// path is the address of the page, without the host.
func (b *browser) path() string {
	var at string
	_ = chromedp.Run(b, chromedp.Location(&at)) // it is for a message
	return strings.TrimPrefix(at, b.base)
}

// await waits until a selector is on the page.
func (b *browser) await(selector string) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Run(b, chromedp.WaitReady(selector, chromedp.ByQuery)), "%s at %s", selector, b.path())
}

// look is how a page is looked at.
type look struct {
	name   string
	width  int64
	scheme string
}

var looks = []look{
	{"phone", phoneWidth, "light"}, {"phone-dark", phoneWidth, "dark"}, {"wide", wideWidth, "light"}, {"wide-dark", wideWidth, "dark"},
}

func (b *browser) lookAs(l look) {
	b.t.Helper()
	b.do(
		emulation.SetDeviceMetricsOverride(l.width, 900, 1, l.width == phoneWidth),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: l.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}),
	)
}

// requireFine requires of the page, in each look, that axe finds nothing serious and that nothing has to
// be scrolled sideways.
func (b *browser) requireFine(name string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(axe+";0", nil))
	for _, l := range looks {
		b.lookAs(l)
		var overflow int
		var findings string
		b.do(
			chromedp.Evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &overflow),
			chromedp.Evaluate(`axe.run(document, {resultTypes: ['violations']}).then(r => JSON.stringify(r.violations
				.filter(v => v.impact === 'serious' || v.impact === 'critical')
				.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + (n.failureSummary || '')).join(' | '))))`,
				&findings, func(p *cdpruntime.EvaluateParams) *cdpruntime.EvaluateParams { return p.WithAwaitPromise(true) }),
		)
		require.LessOrEqual(b.t, overflow, 0, "%s, %s is wider than the window", name, l.name)
		var list []string
		require.NoError(b.t, json.Unmarshal([]byte(findings), &list))
		require.Empty(b.t, list, "%s, %s", name, l.name)
		keepPicture(b, name+"-"+l.name)
	}
	b.lookAs(looks[2])
}

// keepPicture keeps a picture of the page in the folder that HOLDFAST_SCREENSHOTS names.
func keepPicture(b *browser, name string) {
	b.t.Helper()
	folder := os.Getenv("HOLDFAST_SCREENSHOTS")
	if folder == "" {
		return
	}
	var png []byte
	b.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		png, err = page.CaptureScreenshot().Do(ctx)
		return err
	}))
	require.NoError(b.t, os.WriteFile(filepath.Join(folder, name+".png"), png, 0o600))
}
