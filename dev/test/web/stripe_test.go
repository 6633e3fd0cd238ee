package web_test

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/payment/stripe/stripetest"
)

//go:embed testdata/stripe.js
var standIn string

// atStripe is what browsers reach of Stripe: a stand-in for its script, with the account behind it.
type atStripe struct {
	t       *testing.T
	account *stripetest.Account

	mu       sync.Mutex
	declines bool
	away     bool
	confirms int
}

func (s *atStripe) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// confirmed is how often a page confirmed a payment.
func (s *atStripe) confirmed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.confirms
}

// openWithStripe starts the whole stack with a shop that is paid through Stripe.
func openWithStripe(t *testing.T) (*stack.Stack, *shoptest.Shop, *atStripe) {
	t.Helper()
	account, provider := stripetest.New(t)
	account.Pass(time.Since(stripetest.Start))
	s, shop := open(t, func(o *stack.Options) { o.Stripe, o.StripePublishable = provider, "pk_test_TYooMQauvdEDq54NiTphI7jx" })
	offer(t, shop, "mug", "Enamel mug", 1250, 9)
	return s, shop, &atStripe{t: t, account: account}
}

// answerIn answers what a tab asks of Stripe.
func (s *atStripe) answerIn(tab context.Context) {
	s.t.Helper()
	chromedp.ListenTarget(tab, func(event any) {
		asked, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() {
			ctx := cdp.WithExecutor(tab, chromedp.FromContext(tab).Target)
			_ = s.answer(asked).Do(ctx) // the tab may be gone
		}()
	})
	require.NoError(s.t, chromedp.Run(tab, fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: "https://*"}})))
}

type done interface {
	Do(ctx context.Context) error
}

func (s *atStripe) answer(asked *fetch.EventRequestPaused) done {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, err := url.Parse(asked.Request.URL)
	if err != nil || s.away {
		return fetch.FailRequest(asked.RequestID, network.ErrorReasonConnectionFailed)
	}
	fulfil := func(media, body string) done {
		return fetch.FulfillRequest(asked.RequestID, http.StatusOK).WithBody(base64.StdEncoding.EncodeToString([]byte(body))).
			WithResponseHeaders([]*fetch.HeaderEntry{{Name: "Content-Type", Value: media}, {Name: "Access-Control-Allow-Origin", Value: "*"}})
	}
	switch {
	case at.Host == "js.stripe.com" && strings.HasSuffix(at.Path, "/stripe.js"):
		return fulfil("text/javascript", standIn)
	case at.Host == "js.stripe.com":
		return fulfil("text/html", `<!DOCTYPE html><html lang="en"><title>Card</title><main><h1>Card</h1></main></html>`)
	case at.Host == "api.stripe.com":
		return fulfil("application/json", s.call(asked.Request.Method, strings.Split(at.Path, "/")))
	}
	s.t.Errorf("the page asks %s", asked.Request.URL)
	return fetch.FailRequest(asked.RequestID, network.ErrorReasonAccessDenied)
}

// call is what the script asks of the API: a payment, or its confirmation.
func (s *atStripe) call(method string, path []string) string {
	id := path[3]
	if method == http.MethodPost {
		s.confirms++
		switch status := s.account.States()[id]; {
		case status != "requires_payment_method":
			return s.refusal(id, "This PaymentIntent can't be confirmed: it is "+status+".")
		case s.declines:
			require.NoError(s.t, s.account.Decline(id))
			return s.refusal(id, "Your card was declined.")
		}
		require.NoError(s.t, s.account.Pay(id))
	}
	return s.json(map[string]string{"id": id, "status": s.account.States()[id]})
}

func (s *atStripe) refusal(id, message string) string {
	return s.json(map[string]any{"error": map[string]any{
		"message": message, "payment_intent": map[string]string{"id": id, "status": s.account.States()[id]},
	}})
}

func (s *atStripe) json(v any) string {
	b, err := json.Marshal(v)
	require.NoError(s.t, err)
	return string(b)
}

// send sends the webhooks about a payment to the gateway, as Stripe does in its own time.
func (s *atStripe) send(shop *shoptest.Shop, id string) {
	s.t.Helper()
	for _, cb := range s.account.Callbacks(id) {
		shop.Must(s.t, http.StatusNoContent, shoptest.Call{
			Method: http.MethodPost, Path: "/v1/payments/callbacks/stripe", Header: cb.Header, Body: cb.Body,
		})
	}
}

// open are the payments that a buyer could pay now.
func (s *atStripe) open() (ids []string) {
	for id, status := range s.account.States() {
		if status == "requires_payment_method" {
			ids = append(ids, id)
		}
	}
	return ids
}

// orderAtStripe orders a mug, and opens the page that pays.
func (b *browser) orderAtStripe(s *atStripe) (id string) {
	b.t.Helper()
	s.answerIn(b)
	b.putInBasket("mug", "1")
	b.pressText("Go to checkout")
	b.deliverTo("Ada")
	b.pressText("Order and pay")
	b.await(`[data-stage="pay"]`)
	id = b.orderID()
	b.do(chromedp.Click(".pay form button", chromedp.ByQuery))
	b.await("stripe-payment")
	require.Equal(b.t, "/orders/"+id+"/pay", b.path())
	return id
}

const payReady = `stripe-payment form:not([hidden]) button[aria-disabled="false"]`

func TestABuyerPaysWithStripe(t *testing.T) {
	s, shop, at := openWithStripe(t)
	b := openBrowser(t, s.URL)
	id := b.orderAtStripe(at)
	b.await(payReady)
	require.Contains(t, b.text("main"), "You pay €12.50 through Stripe")
	require.Contains(t, b.text("main"), "Time left")
	b.requireFine("stripe")
	require.Len(t, at.open(), 1)

	// A card that is declined: in Stripe's words, and the order stays.
	at.set(func() { at.declines = true })
	b.do(chromedp.Click(payReady, chromedp.ByQuery))
	b.await("[data-said]:not([hidden])")
	require.Equal(t, "Your card was declined.", b.text("[data-said]"))
	b.await(payReady)
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, id).Status)
	b.requireFine("stripe-declined")
	declined := at.open()[0]
	at.set(func() { at.declines = false })

	// The gateway hears of it, and the next page has another payment. The one before can't be paid any more.
	at.send(shop, declined)
	b.do(chromedp.Reload())
	b.await(payReady)
	require.Len(t, at.open(), 1)
	require.NotEqual(t, declined, at.open()[0])
	b.do(chromedp.Reload())
	b.await(payReady)
	require.Len(t, at.account.States(), 2, "a reload opens nothing")

	// A second tab, and a double click in the first.
	tab, closeTab := chromedp.NewContext(b.Context)
	t.Cleanup(closeTab)
	second := &browser{Context: tab, t: t, base: b.base}
	at.answerIn(second)
	second.open("/orders/" + id + "/pay")
	second.await(payReady)
	before := at.confirmed()
	paying := at.open()[0]
	b.do(page.BringToFront(), chromedp.Evaluate(`for (const n of [1, 2]) document.querySelector('stripe-payment form button').click()`, nil))
	b.await(`[data-stage="pay"]`)
	require.Equal(t, "/orders/"+id, b.path(), "no secret, no claim of Stripe's")
	require.Equal(t, before+1, at.confirmed())
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, id).Status)

	// The other tab learns that it is paid, when it tries.
	second.do(page.BringToFront(), chromedp.Click(payReady, chromedp.ByQuery))
	second.await(`[data-stage="pay"]`)
	require.Equal(t, "/orders/"+id, second.path())
	require.Len(t, at.account.States(), 2)
	require.Empty(t, at.open())
	second.open("/orders/" + id + "/pay") // the order is unpaid yet, but its payment is made
	second.await(`[data-stage="pay"]`)
	require.Equal(t, "/orders/"+id, second.path())

	// Only the webhook makes it paid, and the page follows.
	at.send(shop, paying)
	b.do(page.BringToFront())
	b.await(`[data-stage="preparing"]`)
	b.open("/orders/" + id + "/pay")
	b.await(`[data-stage="preparing"]`)
	require.EqualValues(t, 1250, shop.Order(t, id).Amounts[order.AmountPaid])
	require.Len(t, at.account.States(), 2)
}

func TestThePageThatPaysWithStripeSaysWhatIsMissing(t *testing.T) {
	s, _, at := openWithStripe(t)
	b := openBrowser(t, s.URL)
	id := b.orderAtStripe(at)
	b.await(payReady)
	at.set(func() { at.away = true })
	b.do(chromedp.Click(payReady, chromedp.ByQuery))
	b.await("[data-said]:not([hidden])")
	require.Contains(t, b.text("[data-said]"), "We don't know whether the payment went through")
	at.set(func() { at.away = false })
	b.await(payReady)
	b.do(chromedp.Evaluate(`document.querySelector('count-down').setAttribute('until', '2001-01-01T00:00:00Z')`, nil))
	b.await("stripe-payment:not(:has(form))")
	require.Contains(t, b.text("[data-said]"), "The time to pay is over")
	b.requireFine("stripe-over")

	at.set(func() { at.away = true })
	b.open("/orders/" + id + "/pay")
	b.await("[data-said]:not([hidden])")
	require.Contains(t, b.text("[data-said]"), "Stripe can't be reached")
	at.set(func() { at.away = false })

	b.do(emulation.SetScriptExecutionDisabled(true))
	b.open("/orders/" + id + "/pay")
	require.Contains(t, b.text("main"), "This way of paying needs JavaScript")
	b.pressText("Back to the order")
	require.Equal(t, "/orders/"+id, b.path())
	require.Len(t, at.account.States(), 1)
}
