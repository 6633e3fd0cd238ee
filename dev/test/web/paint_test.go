package web_test

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// mostPaint is far above what a visitor should wait for the list, so that a busy machine doesn't fail:
// docs/benchmarks.md says what a quiet one takes.
const mostPaint = 5 * time.Second

// largestPaint is when the page's largest part was painted, in ms after the visitor asked for it
// (https://www.w3.org/TR/largest-contentful-paint/).
const largestPaint = `new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
	.observe({type: 'largest-contentful-paint', buffered: true}))`

func TestTheListIsPaintedAtOnce(t *testing.T) {
	s, _ := open(t)
	b := openBrowser(t, s.URL)
	b.lookAs(looks[2])
	for _, first := range []bool{true, false} {
		if first {
			b.do(network.ClearBrowserCache())
		}
		b.open("/")
		var ms float64
		b.do(chromedp.Evaluate(largestPaint, &ms, func(p *cdpruntime.EvaluateParams) *cdpruntime.EvaluateParams { return p.WithAwaitPromise(true) }))
		t.Logf("first visit: %v, largest contentful paint after %.0f ms", first, ms)
		require.Less(t, ms, float64(mostPaint.Milliseconds()))
	}
}
