package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/web"
	"holdfast/web/session"
	"holdfast/web/site"
)

// api is a gateway that answers by path.
type api struct {
	answers map[string]func(http.ResponseWriter, *http.Request)
	last    atomic.Pointer[http.Request]
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.last.Store(r)
	if answer, ok := a.answers[r.Method+" "+r.URL.Path]; ok {
		answer(w, r)
		return
	}
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `{"type": "/problems/unknown", "title": "Unknown", "status": 404}`) // the test is gone
}

func says(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // the test is gone
	}
}

// pages starts the pages before a gateway.
func pages(t testing.TB, gateway http.Handler, changes ...func(*site.Config)) (url string, visitor *http.Client) {
	t.Helper()
	behind := httptest.NewServer(gateway)
	t.Cleanup(behind.Close)
	c, err := client.New(client.Config{URL: behind.URL})
	require.NoError(t, err)
	cfg := site.Config{
		Gateway: c, Secret: strings.Repeat("s", 32), LinkSecret: strings.Repeat("l", 32), Sessions: session.NewMemory(), Log: slog.New(slog.DiscardHandler),
	}
	for _, change := range changes {
		change(&cfg)
	}
	server, err := web.New(cfg)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	front := httptest.NewServer(server)
	t.Cleanup(front.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return front.URL, &http.Client{Jar: jar}
}

func read(t testing.TB, res *http.Response, err error) (int, string) {
	t.Helper()
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }() // it was read
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, string(b)
}

const guest = `{"customerId": "guest-1", "token": "guests-token", "expiresAt": "2199-01-01T00:00:00Z"}`

func ready() *api {
	return &api{answers: map[string]func(http.ResponseWriter, *http.Request){
		"POST /v1/guests":          says(http.StatusCreated, guest),
		"GET /v1/products":         says(http.StatusOK, `{"items": [], "facets": {"category": [], "brand": [], "tag": []}, "total": 0, "tolerant": false}`),
		"GET /v1/shipping-methods": says(http.StatusOK, `{"items": []}`),
		"POST /v1/prices":          says(http.StatusOK, `{"items": []}`),
		"GET /v1/products/mug":     says(http.StatusOK, `{"id": "mug", "status": "listed", "title": "<script>alert(1)</script>", "currency": "EUR", "variants": [{"sku": "m", "price": 1250, "available": 3}]}`),
	}}
}

func TestEveryPageHasAStrictPolicy(t *testing.T) {
	at, v := pages(t, ready())
	for _, path := range []string{"/", "/basket", "/nowhere", "/products/mug", "/robots.txt"} {
		res, err := v.Get(at + path)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		policy := res.Header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'", path)
		require.NotContains(t, policy, "unsafe", path)
		require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
	}
}

func TestMarkupInProductsIsShownAsText(t *testing.T) {
	at, v := pages(t, ready())
	res, err := v.Get(at + "/products/mug") //nolint:bodyclose // read closes it
	status, page := read(t, res, err)
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, page, "<script>alert")
	require.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;")
	require.NotContains(t, page, "style=")
}

// A gateway that is away is a page that says so and comes back by itself.
func TestAnAwayGatewayIsAPage(t *testing.T) {
	gateway := ready()
	var away atomic.Bool
	at, v := pages(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		gateway.ServeHTTP(w, r)
	}))
	res, err := v.Get(at + "/") //nolint:bodyclose // read closes it
	status, _ := read(t, res, err)
	require.Equal(t, http.StatusOK, status)
	away.Store(true)
	res, err = v.Get(at + "/") //nolint:bodyclose // read closes it
	status, page := read(t, res, err)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, "5", res.Header.Get("Retry-After"))
	require.Contains(t, page, "The shop is away for a moment")
	require.Contains(t, page, `http-equiv="refresh"`)
	require.Contains(t, page, "data-again")
	away.Store(false)
	res, err = v.Get(at + "/") //nolint:bodyclose // read closes it
	status, _ = read(t, res, err)
	require.Equal(t, http.StatusOK, status)
}

func TestCallsAreMadeForTheVisitorsAddress(t *testing.T) {
	gateway := ready()
	at, v := pages(t, gateway, func(c *site.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/", nil)
	require.NoError(t, err)
	req.Header.Set("X-Forwarded-For", "10.9.9.9, 192.0.2.7")
	res, err := v.Do(req) //nolint:bodyclose // read closes it
	_, _ = read(t, res, err)
	require.Equal(t, "192.0.2.7", gateway.last.Load().Header.Get("X-Forwarded-For"), "what the visitor wrote doesn't count")
	require.Equal(t, "Bearer guests-token", gateway.last.Load().Header.Get("Authorization"))
}

// Cookies that were changed or made up are no basket and no session.
func TestForgedCookiesAreNothing(t *testing.T) {
	at, v := pages(t, ready())
	u, err := url.Parse(at)
	require.NoError(t, err)
	v.Jar.SetCookies(u, []*http.Cookie{{Name: "hf_basket", Value: "AAAA"}, {Name: "hf_session", Value: "made-up"}, {Name: "hf_zone", Value: "../../etc/passwd"}})
	res, err := v.Get(at + "/basket") //nolint:bodyclose // read closes it
	status, page := read(t, res, err)
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, page, "Your basket is empty")
	res, err = v.Get(at + "/orders/o-1") //nolint:bodyclose // read closes it
	status, _ = read(t, res, err)
	require.Equal(t, http.StatusNotFound, status)
}

// An unanswered order is never called a failure, and is asked for again under the same key.
func TestAnUnansweredOrderIsAskedForAgain(t *testing.T) {
	gateway := ready()
	var keys []string
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)
	gateway.answers["POST /v1/orders"] = func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		if len(keys) == 1 {
			says(http.StatusServiceUnavailable, `{"type": "/problems/timeout", "title": "Timeout", "status": 503, "orderId": "o-1"}`)(w, r)
			return
		}
		says(http.StatusCreated, `{"id": "o-1", "status": "awaiting_payment", "version": 2, "currency": "EUR", "amounts": {"total": 1250}, "lines": [], "payment": {"status": "pending", "deadline": "2199-01-01T00:00:00Z"}}`)(w, r)
	}
	gateway.answers["GET /v1/orders/o-1"] = says(http.StatusOK, `{"id": "o-1", "status": "awaiting_payment", "version": 2, "currency": "EUR", "amounts": {"total": 1250}, "lines": [], "payment": {"status": "pending", "deadline": "2199-01-01T00:00:00Z"}}`)
	at, v := pages(t, gateway)
	post := func(path string, form url.Values) (int, string, string) {
		res, err := v.PostForm(at+path, form) //nolint:bodyclose // read closes it
		status, page := read(t, res, err)
		return status, page, res.Request.URL.Path
	}
	post("/basket/add", url.Values{"product": {"mug"}})
	_, review, _ := post("/checkout", url.Values{"recipient": {"Ada"}, "line1": {"1"}, "city": {"Hamburg"}, "country": {"DE"}})
	_, rest, ok := strings.Cut(review, `name="key" value="`)
	require.True(t, ok, review)
	key, _, _ := strings.Cut(rest, `"`)
	form := url.Values{"key": {key}, "total": {"1250"}}
	status, page, _ := post("/checkout/order", form)
	require.Equal(t, http.StatusAccepted, status)
	require.Contains(t, page, "We don&#39;t know yet")
	require.Contains(t, page, `data-again`)
	require.Contains(t, page, `value="`+key+`"`)
	_, _, path := post("/checkout/order", form)
	require.Equal(t, "/orders/o-1", path)
	require.Equal(t, []string{key, key}, keys)
	// It was shown, so the basket is empty; the form from before leads to the order.
	_, _, path = post("/checkout/order", form)
	require.Equal(t, "/orders/o-1", path)
	require.Len(t, keys, 2)
}

// A browser opens a stream again when it ends, unless it was told that the order is over.
func TestAStreamSaysThatTheOrderIsOver(t *testing.T) {
	gateway := ready()
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}], "items": 1250, "total": 1250}`)
	gateway.answers["POST /v1/orders"] = says(http.StatusCreated, `{"id": "o-1", "status": "awaiting_payment", "version": 2, "currency": "EUR", "amounts": {"total": 1250}, "lines": []}`)
	gateway.answers["GET /v1/orders/o-1"] = says(http.StatusOK, `{"id": "o-1", "shape": 2, "status": "cancelled", "version": 3, "closedAt": "2026-11-29T11:00:00Z", "amounts": {}, "lines": []}`)
	at, v := pages(t, gateway)
	post := func(path string, form url.Values) string {
		res, err := v.PostForm(at+path, form) //nolint:bodyclose // read closes it
		_, page := read(t, res, err)
		return page
	}
	post("/basket/add", url.Values{"product": {"mug"}})
	review := post("/checkout", url.Values{"recipient": {"Ada"}, "line1": {"1"}, "city": {"Hamburg"}, "country": {"DE"}})
	_, rest, _ := strings.Cut(review, `name="key" value="`)
	key, _, _ := strings.Cut(rest, `"`)
	post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
	res, err := v.Get(at + "/orders/o-1/live?v=2") //nolint:bodyclose // read closes it
	_, stream := read(t, res, err)
	require.Contains(t, stream, `data-stage="cancelled"`)
	require.True(t, strings.HasSuffix(stream, "event: over\ndata: \n\n"), stream)
}

func TestSecretsThatCouldBeGuessedAreRefused(t *testing.T) {
	_, err := site.NewSealer("short", "cookies")
	require.ErrorContains(t, err, "HOLDFAST_WEB_SECRET")
	one, err := site.NewSealer(strings.Repeat("a", 32), "cookies")
	require.NoError(t, err)
	other, err := site.NewSealer(strings.Repeat("a", 32), "links")
	require.NoError(t, err)
	sealed, err := one.Seal("basket", map[string]string{"k": "v"})
	require.NoError(t, err)
	var into map[string]string
	require.NoError(t, one.Open("basket", sealed, &into))
	require.Error(t, one.Open("session", sealed, &into), "under another name")
	require.Error(t, other.Open("basket", sealed, &into), "for another purpose")
	require.Error(t, one.Open("basket", sealed[:len(sealed)-2]+"AA", &into), "changed")
}

func TestOnlyPathsOfTheSiteAreFollowed(t *testing.T) {
	for path, want := range map[string]string{
		"/basket?x=1": "/basket?x=1", "//evil.example": "/", "https://evil.example/": "/", `/\evil.example`: "/", "basket": "/", "": "/",
	} {
		require.Equal(t, want, site.Local(path, "/"), path)
	}
}

// What a visitor agrees to is the order that they get, with what the shop's commands made of it: the basket and
// the last page before the order show it, and ask for nothing but the quote.
func TestTheBasketAndTheLastPageShowWhatCommandsChanged(t *testing.T) {
	gateway := ready()
	gateway.answers["POST /v1/quotes"] = says(http.StatusOK, `{"currency": "EUR", "lines": [{"sku": "m", "unitPrice": 1250}, {"sku": "s", "unitPrice": 500}, {"sku": "c", "unitPrice": 300, "total": 0}], "items": 2750, "total": 2750,
		"ordered": {"lines": [{"productId": "mug", "sku": "m", "title": "A mug", "quantity": 1}, {"productId": "sticker", "sku": "s", "title": "A sticker", "quantity": 3},
			{"productId": "card", "sku": "c", "title": "A card – Blue", "quantity": 1, "giftFor": "1"}],
			"address": {"recipient": "Ada", "line1": "1 High Street", "city": "Hamburg", "country": "DE"}}}`)
	var asked []string
	at, v := pages(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		gateway.ServeHTTP(w, r)
	}))
	res, err := v.PostForm(at+"/basket/add", url.Values{"product": {"mug"}, "quantity": {"3"}})
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	asked = nil
	res, err = v.Get(at + "/basket") //nolint:bodyclose // read closes it
	_, page := read(t, res, err)
	require.Contains(t, page, "The shop makes this 1")
	require.Contains(t, page, "A sticker")
	require.Contains(t, page, "€15.00")
	require.Contains(t, page, "A card – Blue")
	require.Contains(t, page, `<span class="num amount">free</span>`)
	require.Equal(t, 2, strings.Count(page, "added by the shop"))
	require.Equal(t, 1, strings.Count(page, `name="q:`), "what was added can't be changed")
	require.Equal(t, 1, strings.Count(page, `name="remove"`))
	require.ElementsMatch(t, []string{"POST /v1/quotes", "POST /v1/prices"}, asked)
	asked = nil
	res, err = v.PostForm(at+"/checkout", url.Values{"recipient": {"Ada"}, "line1": {"1 high st"}, "city": {"Hamburg"}, "country": {"DE"}}) //nolint:bodyclose // read closes it
	_, page = read(t, res, err)
	require.Contains(t, page, "instead of 3")
	require.Contains(t, page, "3 × A sticker")
	require.Contains(t, page, "added by the shop")
	require.Contains(t, page, "€15.00")
	require.Contains(t, page, "1 High Street")
	require.NotContains(t, page, "3 × &lt;script")
	require.NotContains(t, strings.Join(asked, " "), "/v1/products/", "the quote names what was added")
}

// Why the shop's own rules refuse an order is said in its words, in the basket and at the end.
func TestTheShopsOwnWordsReachTheBuyer(t *testing.T) {
	gateway := ready()
	gateway.answers["POST /v1/quotes"] = says(http.StatusConflict, `{"type": "/problems/order-refused", "title": "Order refused", "status": 409, "detail": "Please call us: 555"}`)
	at, v := pages(t, gateway)
	res, err := v.PostForm(at+"/basket/add", url.Values{"product": {"mug"}}) //nolint:bodyclose // read closes it
	_, basket := read(t, res, err)
	require.Contains(t, basket, "Please call us: 555")
	res, err = v.PostForm(at+"/checkout", url.Values{"recipient": {"Ada"}, "line1": {"1"}, "city": {"Hamburg"}, "country": {"DE"}}) //nolint:bodyclose // read closes it
	_, review := read(t, res, err)
	require.Contains(t, review, "Please call us: 555")
}

// A list of thousands is shown by pages, each of which leads to the next, and says how many there are.
func TestTenThousandResultsArePages(t *testing.T) {
	gateway := ready()
	gateway.answers["GET /v1/products"] = func(w http.ResponseWriter, r *http.Request) {
		next := `"nextCursor": "c2", `
		if r.URL.Query().Get("cursor") == "c2" {
			next = ""
		}
		says(http.StatusOK, `{"items": [{"id": "mug", "title": "Mug", "category": "Cups", "currency": "EUR", "minPrice": 1, "maxPrice": 2, "inStock": true}], `+
			next+`"facets": {"category": [{"value": "Cups", "count": 10000}], "brand": [], "tag": []}, "total": 10000, "tolerant": false}`)(w, r)
	}
	at, v := pages(t, gateway)
	res, err := v.Get(at + "/?category=Cups") //nolint:bodyclose // read closes it
	_, page := read(t, res, err)
	require.Contains(t, page, "10,000 products")
	require.Equal(t, []string{"Cups"}, gateway.last.Load().URL.Query()["category"])
	_, link, ok := strings.Cut(page, `rel="next" href="`)
	require.True(t, ok, page)
	link, _, _ = strings.Cut(link, `"`)
	link = strings.ReplaceAll(link, "&amp;", "&")
	require.Contains(t, link, "category=Cups", "the next page has the same filters")
	res, err = v.Get(at + link) //nolint:bodyclose // read closes it
	_, page = read(t, res, err)
	require.NotContains(t, page, `rel="next"`)
}
