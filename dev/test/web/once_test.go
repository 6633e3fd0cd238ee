package web_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
)

// visitor sends forms as a browser does, and can send them twice.
type visitor struct {
	t    *testing.T
	base string
	http *http.Client
}

func newVisitor(t *testing.T, base string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visitor{t, base, &http.Client{Jar: jar}}
}

func (v *visitor) get(path string) string {
	v.t.Helper()
	res, err := v.http.Get(v.base + path) //nolint:bodyclose // read closes it
	require.NoError(v.t, err)
	return v.read(res)
}

// post sends a form and follows where it leads; it returns that page and its path.
func (v *visitor) post(path string, form url.Values) (page, at string) {
	v.t.Helper()
	res, err := v.http.PostForm(v.base+path, form) //nolint:bodyclose // read closes it
	require.NoError(v.t, err)
	return v.read(res), res.Request.URL.Path
}

func (v *visitor) read(res *http.Response) string {
	v.t.Helper()
	defer func() { _ = res.Body.Close() }() // it was read
	b, err := io.ReadAll(res.Body)
	require.NoError(v.t, err)
	return string(b)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="(key|total)" value="([^"]*)">`)

// agree returns the form that orders, as the page has it.
func (v *visitor) agree() url.Values {
	v.t.Helper()
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(v.get("/checkout/review"), -1) {
		form.Set(m[1], m[2])
	}
	require.Len(v.t, form, 2)
	return form
}

var address = url.Values{"recipient": {"Ada"}, "line1": {"1 Harbour Street"}, "city": {"Hamburg"}, "country": {"DE"}}

// A double click, a reload, the back button, a second tab: there is one order.
func TestAFormThatIsSentAgainOrdersOnce(t *testing.T) {
	s, shop := open(t)
	offer(t, shop, "mug", "Enamel mug", 1250, 9)
	v := newVisitor(t, s.URL)
	v.post("/basket/add", url.Values{"product": {"mug"}, "quantity": {"2"}})
	v.post("/checkout", address)
	form := v.agree()

	var mu sync.Mutex
	led := map[string]int{}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			_, at := v.post("/checkout/order", form)
			mu.Lock()
			led[at]++
			mu.Unlock()
		})
	}
	wg.Wait()
	require.Len(t, led, 1, "all of them lead to one order: %v", led)
	_, at := v.post("/checkout/order", form) // much later, by the back button
	require.Equal(t, 6, led[at])
	require.EqualValues(t, 7, available(t, shop, "mug"))

	// A tab that was opened before, with another basket, shows the order that there is.
	other := newVisitor(t, s.URL)
	other.post("/basket/add", url.Values{"product": {"mug"}, "quantity": {"1"}})
	other.post("/checkout", address)
	first := other.agree()
	_, ordered := other.post("/checkout/order", first)
	other.post("/basket/add", url.Values{"product": {"mug"}, "quantity": {"1"}})
	page, again := other.post("/checkout/order", first)
	require.Equal(t, ordered, again, "%s", page)
	require.EqualValues(t, 6, available(t, shop, "mug"))
	require.True(t, strings.HasPrefix(ordered, "/orders/"))
}

func available(t *testing.T, shop *shoptest.Shop, id string) int64 {
	t.Helper()
	var p struct {
		Variants []struct{ Available int64 }
	}
	shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/products/" + id}).Into(t, &p)
	return p.Variants[0].Available
}

// Pages of other sites can't send our forms.
func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	s, _ := open(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/switch", strings.NewReader("who=operator"))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Empty(t, res.Header.Get("Set-Cookie"))

	// Another name for this machine, as DNS rebinding makes one, gets no page.
	req, err = http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/", nil)
	require.NoError(t, err)
	req.Host = "shop.evil.example"
	res, err = http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusMisdirectedRequest, res.StatusCode)
}

// 100 KB compressed, without images, and ten requests.
func TestPagesAreLight(t *testing.T) {
	s, _ := open(t)
	var total int64
	requests := 1
	fetch := func(path string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
		require.NoError(t, err)
		req.Header.Set("Accept-Encoding", "gzip")
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }() // it was read
		require.Equal(t, http.StatusOK, res.StatusCode, path)
		require.Equal(t, "gzip", res.Header.Get("Content-Encoding"), path)
		n, err := io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		total += n
	}
	fetch("/")
	page := newVisitor(t, s.URL).get("/")
	for _, m := range regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		fetch(m[1])
		requests++
	}
	t.Logf("%d bytes in %d requests", total, requests)
	require.Less(t, total, int64(100<<10))
	require.LessOrEqual(t, requests, 10)
}
