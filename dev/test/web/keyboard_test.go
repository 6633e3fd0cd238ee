package web_test

import (
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
)

// mostTabs is how far a keyboard may have to go to anything on a page.
const mostTabs = 80

// tabTo presses the tab key until an element has the focus. Whatever has it on the way must show that.
func (b *browser) tabTo(selector string) {
	b.t.Helper()
	for range mostTabs {
		var at struct {
			There, Shown bool
			HTML         string
		}
		b.do(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`(() => {
			const e = document.activeElement, s = getComputedStyle(e);
			return {
				there: e.matches(`+strconv.Quote(selector)+`), html: e.outerHTML.slice(0, 200),
				shown: e === document.body || e === document.documentElement || s.outlineStyle !== 'none' || s.boxShadow !== 'none',
			};
		})()`, &at))
		require.True(b.t, at.Shown, "the focus doesn't show on %s", at.HTML)
		if at.There {
			return
		}
	}
	b.t.Fatalf("%d tabs don't reach %s at %s", mostTabs, selector, b.path())
}

// pressEnter sends the enter key, and waits for the page that it leads to.
func (b *browser) pressEnter() {
	b.t.Helper()
	_, err := chromedp.RunResponse(b, chromedp.KeyEvent(kb.Enter))
	require.NoError(b.t, err, "press enter at %s", b.path())
}

func (b *browser) typeText(text string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(text))
}

func TestAnOrderIsPlacedWithTheKeyboardAlone(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "zither", "Concert zither", 2450, 9)
	b := openBrowser(t, s.URL)
	b.open("/")
	b.tabTo("a.skip")
	b.do(chromedp.KeyEvent(kb.Enter))
	var in bool
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.Evaluate(`document.querySelector('#main').contains(document.activeElement)`, &in))
	require.True(t, in, "the first link skips to the content")

	b.open("/")
	b.tabTo(`input[type="search"]`)
	b.typeText("zither")
	b.pressEnter()
	b.tabTo(`main a[href^="/products/zither"]`)
	b.pressEnter()
	b.tabTo(".buy button")
	b.pressEnter()
	require.Equal(t, "/basket", b.path())
	b.tabTo(`main a[href="/checkout"]`)
	b.pressEnter()
	for _, f := range []struct{ field, text string }{
		{"#recipient", "Ada"}, {"#line1", "12 St James’s Square"}, {"#city", "London"}, {"#postalCode", "SW1Y 4LB"},
	} {
		b.tabTo(f.field)
		b.typeText(f.text)
	}
	b.tabTo("#country")
	b.typeText("united k")
	b.tabTo("main form button")
	b.pressEnter()
	require.Equal(t, "/checkout/review", b.path())
	b.tabTo(`main form[action="/checkout/order"] button`)
	b.pressEnter()
	b.await(`[data-stage="pay"]`)
	require.Equal(t, "GB", shop.Order(t, b.orderID()).Address.Country)

	// What a script puts into the page leaves the focus where it was.
	b.tabTo(`main a, main button`)
	var before, after string
	const focused = `(e => e.tagName + ' ' + (e.href || e.name || e.id || e.textContent.trim()))(document.activeElement)`
	b.do(chromedp.Evaluate(focused, &before))
	shop.Tell(t, shoptest.PaymentOf(shop.Order(t, b.orderID())))
	b.await(`[data-stage="preparing"]`)
	b.do(chromedp.Evaluate(focused, &after))
	require.NotContains(t, after, "BODY", "the focus was on %s and is lost", before)
	var live string
	b.do(chromedp.AttributeValue("[aria-live]", "aria-live", &live, nil, chromedp.ByQuery))
	require.Equal(t, "polite", live)
}
