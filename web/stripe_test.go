package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/web/site"
)

const (
	stripeKey    = "pk_test_TYooMQauvdEDq54NiTphI7jx"
	clientSecret = "pi_1_secret_hush"
)

const unpaid = `{"id": "o-1", "status": "awaiting_payment", "version": 2, "currency": "EUR", "amounts": {"total": 1250}, "lines": [],
	"payment": {"status": "pending", "deadline": "2199-01-01T00:00:00Z"}}`

const opened = `{"status": "pending", "attempts": [{"provider": "stripe", "paymentId": "pi_1", "status": "created", "amount": 1250, "currency": "EUR"}]}`

// atStripe is a gateway whose one order is paid through Stripe.
func atStripe() *api {
	gateway := ready()
	gateway.answers["GET /v1/orders/o-1"] = says(http.StatusOK, unpaid)
	gateway.answers["GET /v1/orders/o-1/payment"] = says(http.StatusOK, opened)
	gateway.answers["POST /v1/orders/o-1/payment"] = says(http.StatusCreated, `{"orderId": "o-1", "provider": "stripe", "paymentId": "pi_1",
		"attempt": 1, "amount": 1250, "currency": "EUR", "clientSecret": "`+clientSecret+`"}`)
	return gateway
}

// logged is what the pages log.
type logged struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

func (l *logged) into(c *site.Config) {
	c.Log = slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func withStripe(c *site.Config) { c.StripeKey = stripeKey }

// buyer is a visitor who has ordered, and doesn't follow redirects.
type buyer struct {
	t    *testing.T
	at   string
	http *http.Client
}

// answer is what a page answered.
type answer struct {
	status int
	header http.Header
	page   string
}

func newBuyer(t *testing.T, gateway *api, changes ...func(*site.Config)) buyer {
	t.Helper()
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)
	gateway.answers["POST /v1/orders"] = says(http.StatusCreated, unpaid)
	at, v := pages(t, gateway, changes...)
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b := buyer{t, at, v}
	b.post("/basket/add", url.Values{"product": {"mug"}})
	b.post("/checkout", url.Values{"recipient": {"Ada"}, "line1": {"1"}, "city": {"Hamburg"}, "country": {"DE"}})
	_, rest, ok := strings.Cut(b.get("/checkout/review").page, `name="key" value="`)
	require.True(t, ok)
	key, _, _ := strings.Cut(rest, `"`)
	require.Equal(t, "/orders/o-1", b.post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}}).header.Get("Location"))
	return b
}

func (b buyer) get(path string) answer {
	b.t.Helper()
	res, err := b.http.Get(b.at + path) //nolint:bodyclose // read closes it
	status, page := read(b.t, res, err)
	return answer{status, res.Header, page}
}

func (b buyer) post(path string, form url.Values) answer {
	b.t.Helper()
	res, err := b.http.PostForm(b.at+path, form) //nolint:bodyclose // read closes it
	status, page := read(b.t, res, err)
	return answer{status, res.Header, page}
}

// The page that pays takes Stripe's script and frames, and no other page does.
func TestOnlyThePageThatPaysTakesStripesScript(t *testing.T) {
	b := newBuyer(t, atStripe(), withStripe)
	led := b.post("/orders/o-1/pay", nil)
	require.Equal(t, http.StatusSeeOther, led.status)
	require.Equal(t, "/orders/o-1/pay", led.header.Get("Location"))

	pay := b.get("/orders/o-1/pay")
	require.Equal(t, http.StatusOK, pay.status)
	require.Contains(t, pay.page, `<script defer src="https://js.stripe.com/dahlia/stripe.js"></script>`)
	require.Contains(t, pay.page, `data-key="`+stripeKey+`"`)
	require.Contains(t, pay.page, "€12.50")
	require.Contains(t, pay.page, "needs JavaScript")
	require.Equal(t, "no-store", pay.header.Get("Cache-Control"))
	policy := pay.header.Get("Content-Security-Policy")
	require.Contains(t, policy, "script-src 'self' https://js.stripe.com https://*.js.stripe.com;")
	require.Contains(t, policy, "connect-src 'self' https://api.stripe.com ")
	require.Contains(t, policy, "frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com ")
	require.Contains(t, policy, "default-src 'none'")
	require.Contains(t, policy, "style-src 'self';")
	require.NotContains(t, policy, "unsafe")
	require.Contains(t, pay.header.Get("Permissions-Policy"), `payment=(self "https://js.stripe.com")`)

	for _, path := range []string{"/", "/basket", "/orders", "/orders/o-1", "/orders/o-1/part", "/orders/o-2/pay"} {
		other := b.get(path)
		require.NotContains(t, other.header.Get("Content-Security-Policy"), "stripe", path)
		require.Contains(t, other.header.Get("Permissions-Policy"), "payment=()", path)
		require.Equal(t, "same-origin", other.header.Get("Cross-Origin-Opener-Policy"), path)
		require.NotContains(t, other.page, "stripe.com", path)
	}
}

// Whoever has the client secret can pay: it is on the one page, in no address, cookie or log.
func TestTheClientSecretIsOnThePageAlone(t *testing.T) {
	var log logged
	b := newBuyer(t, atStripe(), withStripe, log.into)
	led := b.post("/orders/o-1/pay", nil)
	pay := b.get("/orders/o-1/pay")
	require.Equal(t, 1, strings.Count(pay.page, clientSecret))
	require.Contains(t, pay.page, `data-secret="`+clientSecret+`"`)
	for _, a := range []answer{led, pay, b.get("/orders/o-1"), b.get("/orders")} {
		for name, values := range a.header {
			require.NotContains(t, strings.Join(values, " "), clientSecret, name)
		}
	}
	require.NotContains(t, b.get("/orders/o-1").page, clientSecret)

	// Stripe's own way back has it in the address. It is gone before a page is shown.
	for _, status := range []string{"succeeded", "failed", "pending", "<b>"} {
		back := b.get("/orders/o-1?payment_intent=pi_1&payment_intent_client_secret=" + clientSecret + "&redirect_status=" + url.QueryEscape(status))
		require.Equal(t, http.StatusSeeOther, back.status)
		require.Equal(t, "/orders/o-1", back.header.Get("Location"))
		require.NotContains(t, back.page, clientSecret)
		shown := b.get("/orders/o-1").page
		require.Equal(t, status == "failed", strings.Contains(shown, "The payment failed."), status)
		require.Contains(t, shown, `data-stage="pay"`, "only the order says that it is paid")
	}
	require.NotContains(t, log.String(), "secret_hush")
}

func TestWithoutAKeyThePageSaysWhatToDo(t *testing.T) {
	var log logged
	b := newBuyer(t, atStripe(), log.into)
	for _, send := range []func() answer{
		func() answer { return b.post("/orders/o-1/pay", nil) },
		func() answer { return b.get("/orders/o-1/pay") },
	} {
		require.Equal(t, "/orders/o-1", send().header.Get("Location"))
		require.Contains(t, b.get("/orders/o-1").page, "Please contact the shop")
	}
	require.Equal(t, 1, strings.Count(log.String(), "HOLDFAST_STRIPE_PUBLISHABLE_KEY"), "it is logged once")
	require.NotContains(t, log.String(), "secret_hush")
}

// The form on the order's page opens the payment. An address alone opens none, and none after the window.
func TestThePageThatPaysIsReachedThroughTheOrder(t *testing.T) {
	gateway := atStripe()
	asked := 0
	open := gateway.answers["POST /v1/orders/o-1/payment"]
	gateway.answers["POST /v1/orders/o-1/payment"] = func(w http.ResponseWriter, r *http.Request) {
		asked++
		open(w, r)
	}
	b := newBuyer(t, gateway, withStripe)
	for name, order := range map[string]string{
		"too late":  strings.Replace(unpaid, "2199", "2001", 1),
		"paid":      strings.Replace(unpaid, "awaiting_payment", "paid", 1),
		"cancelled": strings.Replace(unpaid, "awaiting_payment", "cancelled", 1),
	} {
		gateway.answers["GET /v1/orders/o-1"] = says(http.StatusOK, order)
		res := b.get("/orders/o-1/pay")
		require.Equal(t, "/orders/o-1", res.header.Get("Location"), name)
		require.NotContains(t, res.page, clientSecret, name)
	}
	gateway.answers["GET /v1/orders/o-1"] = says(http.StatusOK, unpaid)
	gateway.answers["GET /v1/orders/o-1/payment"] = says(http.StatusOK, `{"status": "pending", "attempts": []}`)
	require.Equal(t, "/orders/o-1", b.get("/orders/o-1/pay").header.Get("Location"), "never opened")
	require.Zero(t, asked)

	gateway.answers["GET /v1/orders/o-1/payment"] = says(http.StatusOK, opened)
	gateway.answers["POST /v1/orders/o-1/payment"] = says(http.StatusConflict, `{"type": "/problems/payment-processing", "title": "Processing", "status": 409}`)
	require.Equal(t, "/orders/o-1", b.get("/orders/o-1/pay").header.Get("Location"))
	require.Contains(t, b.get("/orders/o-1").page, "Your payment is being processed")
	stranger, v := pages(t, gateway, withStripe)
	res, err := v.Get(stranger + "/orders/o-1/pay") //nolint:bodyclose // read closes it
	status, _ := read(t, res, err)
	require.Equal(t, http.StatusNotFound, status)
}
