package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/api"
	"holdfast/product"
	"holdfast/search"
)

func hit(id string, change ...func(*search.ProductHit)) search.ProductHit {
	h := search.ProductHit{Product: search.Product{
		ID: id, Version: 7, Status: product.StatusListed, Title: "A " + id, Currency: "EUR", MinPrice: 1000, MaxPrice: 1500,
	}}
	for _, c := range change {
		c(&h)
	}
	return h
}

func (g *gateway) search(query string) answer { return g.get("/v1/products?" + query) }

type productPage struct {
	Items []struct {
		ID string `json:"id"`
	} `json:"items"`
	NextCursor string `json:"nextCursor"`
	Total      int64  `json:"total"`
}

func (a answer) page(t testing.TB) productPage {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var p productPage
	require.NoError(t, json.Unmarshal(a.body, &p))
	return p
}

func TestAPageOfProducts(t *testing.T) {
	g := newGateway(t)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	g.index.products = []search.ProductHit{
		hit("mug", func(h *search.ProductHit) {
			h.Description, h.Brand, h.Category, h.Image = "For <tea>", "Brandt", "kitchen", "/mug.png"
			h.Tags, h.Attributes = []string{"new", "blue"}, map[string]string{"volume": "0.3 l", "colour": "blue"}
			h.Available, h.CreatedAt, h.UpdatedAt = 3, at, at.Add(1500*time.Millisecond)
			h.Highlights = map[string][]string{"title": {"A <em>mug</em>"}, "description": {"For &lt;<em>tea</em>&gt;"}}
		}),
		hit("cup"),
	}
	g.index.facets.Category = []search.FacetValue{{Value: "kitchen", Count: 1}}
	g.index.tolerant = true
	a := g.search("q=mug+tea")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, "application/json; charset=utf-8", a.header.Get("Content-Type"))
	require.JSONEq(t, `{"items":[{"id":"mug","version":7,"status":"listed","title":"A mug","description":"For <tea>",`+
		`"brand":"Brandt","category":"kitchen","tags":["new","blue"],"attributes":{"colour":"blue","volume":"0.3 l"},`+
		`"image":"/mug.png","currency":"EUR","minPrice":1000,"maxPrice":1500,"available":3,`+
		`"inStock":true,"createdAt":"2026-03-01T12:00:00Z","updatedAt":"2026-03-01T12:00:01.5Z",`+
		`"highlights":{"description":["For &lt;<em>tea</em>&gt;"],"title":["A <em>mug</em>"]}},`+
		`{"id":"cup","version":7,"status":"listed","title":"A cup","currency":"EUR","minPrice":1000,"maxPrice":1500,`+
		`"available":0,"inStock":false}],"facets":{"category":[{"value":"kitchen","count":1}],"brand":[],"tag":[]},`+
		`"total":2,"tolerant":true}`, string(a.body))

	g.index.set(func(f *fakeIndex) { f.products, f.facets, f.tolerant = nil, search.Facets{}, false })
	require.JSONEq(t, `{"items":[],"facets":{"category":[],"brand":[],"tag":[]},"total":0,"tolerant":false}`,
		string(g.search("q=nothing").body))
	g.index.set(func(f *fakeIndex) { f.products = []search.ProductHit{hit("cup")} })
	g.search("")
	for _, outcome := range []string{"found", "tolerant", "empty"} {
		require.Equal(t, "1", g.metric(`holdfast_product_searches_total{answer="`+outcome+`"}`), outcome)
	}
}

// Whatever a merchant's texts contain, the page is valid JSON and has the same texts.
func TestAnyTextOfAProductIsWrittenAsItIs(t *testing.T) {
	g := newGateway(t)
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringN(1, 8, -1)
		want := hit("mug", func(h *search.ProductHit) {
			h.Title, h.Description, h.Brand = text.Draw(rt, "title"), text.Draw(rt, "description"), text.Draw(rt, "brand")
			h.Category, h.Image = text.Draw(rt, "category"), text.Draw(rt, "image")
			h.Tags = rapid.SliceOfN(text, 1, 2).Draw(rt, "tags")
			h.Attributes = rapid.MapOfN(text, text, 1, 2).Draw(rt, "attributes")
			h.Highlights = map[string][]string{"title": {text.Draw(rt, "highlight")}}
		})
		facets := search.Facets{Tag: []search.FacetValue{{Value: text.Draw(rt, "facet"), Count: 1}}}
		g.index.set(func(f *fakeIndex) { f.products, f.facets = []search.ProductHit{want}, facets })
		a := g.search("")
		var got struct {
			Items []struct {
				search.Product
				Highlights map[string][]string `json:"highlights"`
			} `json:"items"`
			Facets search.Facets `json:"facets"`
		}
		require.NoError(rt, json.Unmarshal(a.body, &got), "%s", a.body)
		require.Equal(rt, want.Product, got.Items[0].Product)
		require.Equal(rt, want.Highlights, got.Items[0].Highlights)
		require.Equal(rt, facets.Tag, got.Facets.Tag)
	})
	g.index.set(func(f *fakeIndex) { f.products = []search.ProductHit{hit("\xff"), hit("cup")} })
	a := g.send(t.Context(), call{method: http.MethodGet, path: "/v1/products"})
	require.Equal(t, http.StatusOK, a.status)
	require.True(t, json.Valid(a.body) && utf8.Valid(a.body), "mended, should an index ever have it")
}

func TestAllOfAQueryReachesTheIndex(t *testing.T) {
	g := newGateway(t)
	number := func(n int64) *int64 { return &n }
	limit := 7
	for query, want := range map[string]search.ProductQuery{
		"":   {},
		"q=": {},
		"q=&category=a&category=b%2Cc&brand=B&tag=x&tag=y&minPrice=0&maxPrice=99&inStock=true&sort=-price&soldOut=inPlace&limit=7": {
			Category: []string{"a", "b,c"}, Brand: []string{"B"}, Tag: []string{"x", "y"},
			MinPrice: number(0), MaxPrice: number(99), InStock: true, Sort: search.SortPriceDescending, SoldOutInPlace: true, Limit: &limit,
		},
		"inStock=false&soldOut=last&sort=relevance": {Sort: search.SortRelevance},
		"sort=&soldOut=&cursor=":                    {},
		"q=" + strings.Repeat("%E8%8C%B6", 1000):    {Q: strings.Repeat("茶", 1000)},
		"sort=newest":                               {Sort: search.SortNewest},
		"sort=name":                                 {Sort: search.SortName},
		"sort=price":                                {Sort: search.SortPrice},
	} {
		a := g.search(query)
		require.Equal(t, http.StatusOK, a.status, "%s: %s", query, a.body)
		require.Equal(t, want, g.index.last(), query)
	}
}

// What users type has no operators, wildcards or field names: it reaches the index unchanged, as
// plain text.
func TestWhatIsTypedIsPlainText(t *testing.T) {
	g := newGateway(t)
	for _, typed := range []string{
		`title:mug*`, `(mug AND cup) OR NOT "tea"`, `+mug -cup ~2 ^3 ?`, `/m.g/`, `[a TO z]`, `{"match_all":{}}`,
		`mug\`, `"mug`, `mug&&cup||!tea`, "a\tb\nc", "mug\x00", "  mug  ", `<script>`, `5%`, `LA-DC52`, `;drop`,
	} {
		a := g.search("q=" + url.QueryEscape(typed))
		require.Equal(t, http.StatusOK, a.status, "%s: %s", typed, a.body)
		require.Equal(t, search.ProductQuery{Q: typed}, g.index.last())
		a = g.get("/v1/products/suggest?q=" + url.QueryEscape(typed))
		require.Equal(t, http.StatusOK, a.status, "%s: %s", typed, a.body)
		require.Equal(t, search.SuggestQuery{Q: typed}, g.index.last())
	}
}

func TestProductsPageByPage(t *testing.T) {
	g := newGateway(t)
	for i := range 5 {
		g.index.products = append(g.index.products, hit(fmt.Sprintf("p%d", i)))
	}
	var ids []string
	cursor := ""
	for range 3 {
		p := g.search("sort=name&tag=x&limit=2&cursor=" + cursor).page(t)
		require.Equal(t, int64(5), p.Total)
		for _, one := range p.Items {
			ids = append(ids, one.ID)
		}
		cursor = p.NextCursor
	}
	require.Equal(t, []string{"p0", "p1", "p2", "p3", "p4"}, ids)
	require.Empty(t, cursor)
	cursor = g.search("sort=name&limit=2").page(t).NextCursor
	require.Len(t, g.search("sort=name&limit=1&cursor="+cursor).page(t).Items, 1, "the limit may change")
	for _, other := range []string{"sort=price", "sort=name&q=mug", "sort=name&inStock=true", "sort=name&soldOut=inPlace"} {
		p := g.search(other + "&cursor=" + cursor).problem(t)
		require.Equal(t, "cursor", p.Errors[0].Path, other)
	}
	// Of this query, and still none that the index gave out.
	forged := search.ProductQuery{Sort: search.SortName}.CursorAt("-1", "x")
	require.Equal(t, "cursor", g.search("sort=name&cursor=" + forged).problem(t).Errors[0].Path)
}

func TestSuggestions(t *testing.T) {
	g := newGateway(t)
	g.index.suggests = search.Suggestions{
		Products: []search.Product{hit("mug", func(h *search.ProductHit) {
			h.Available, h.Description, h.Brand, h.Category, h.Image = 1, "long", "Brandt", "kitchen", "/mug.png"
		}).Product},
		Terms: []search.Term{{Text: "Brandt", Kind: search.TermBrand, Count: 12}},
	}
	a := g.get("/v1/products/suggest?q=mu&limit=20")
	require.JSONEq(t, `{"items":[{"id":"mug","title":"A mug","brand":"Brandt","category":"kitchen","image":"/mug.png",`+
		`"currency":"EUR","minPrice":1000,"maxPrice":1500,"inStock":true}],`+
		`"terms":[{"text":"Brandt","kind":"brand","count":12}]}`, string(a.body))
	limit := 20
	require.Equal(t, search.SuggestQuery{Q: "mu", Limit: &limit}, g.index.last())
	g.index.set(func(f *fakeIndex) { f.suggests = search.Suggestions{} })
	require.JSONEq(t, `{"items":[],"terms":[]}`, string(g.get("/v1/products/suggest").body))
}

// The path of the suggestions would hide a product with that id.
func TestNoProductIsCalledSuggest(t *testing.T) {
	g := newGateway(t)
	body := `{"title":"T","currency":"EUR","variants":[{"sku":"one","price":1}]}`
	a := g.do(call{method: http.MethodPut, path: "/v1/products/suggest", body: body})
	require.Equal(t, http.StatusBadRequest, a.status, "%s", a.body)
	require.Equal(t, "id", a.problem(t).Errors[0].Path)
	require.Contains(t, a.problem(t).Detail, "/v1/products/suggest")
	require.Equal(t, http.StatusNotFound, g.post("/v1/products/suggest/list", nil).status)
	for _, near := range []string{"suggest1", "sug", "Suggest"} {
		require.Equal(t, http.StatusCreated, g.do(call{method: http.MethodPut, path: "/v1/products/" + near, body: body}).status)
		require.Equal(t, near, g.get("/v1/products/"+near).product(t).ID)
	}
}

// listCalls are those that the index answers.
var listCalls = []string{
	"/v1/products?q=mug", "/v1/products/suggest?q=mu", "/v1/orders?status=paid", "/v1/products/mug/events",
}

func TestAnUnavailableSearchIsReported(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	g.index.set(func(f *fakeIndex) { f.err = errIndexDown })
	for _, path := range listCalls {
		a := g.get(path)
		require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
		require.Equal(t, "/problems/search-unavailable", a.problem(t).Type)
		require.NotEmpty(t, a.header.Get("Retry-After"))
		require.NotContains(t, string(a.body), "password")
	}
	require.Contains(t, g.log.String(), "wrong password")
	require.Equal(t, http.StatusBadRequest, g.search("limit=0").status, "a wrong query is wrong all the same")

	// Orders go on.
	a := g.place("", basket(line{"productId": "mug", "quantity": 1}))
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	o := a.order(t)
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-1", 1000)).status)
	require.Equal(t, http.StatusOK, g.get("/v1/orders/"+o.ID).status)
	require.Equal(t, http.StatusOK, g.post("/v1/orders/"+o.ID+"/deliver", nil).status)

	g.index.set(func(f *fakeIndex) { f.err = search.ErrClosed })
	require.Equal(t, http.StatusServiceUnavailable, g.search("").status)
	g.index.set(func(f *fakeIndex) { f.err = fmt.Errorf("%w: %w", search.ErrUnavailable, search.ErrOutdated) })
	require.Equal(t, "/problems/search-unavailable", g.search("").problem(t).Type)
}

func TestAGatewayWithoutAnIndex(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Index = nil })
	g.putProduct("mug", 5)
	for _, path := range listCalls {
		p := g.get(path).problem(t)
		require.Equal(t, http.StatusServiceUnavailable, p.Status)
		require.Equal(t, "/problems/search-unavailable", p.Type)
		require.Contains(t, p.Detail, "without a search index")
	}
	require.Equal(t, http.StatusCreated, g.place("", basket(line{"productId": "mug", "quantity": 1})).status)
	require.Equal(t, http.StatusNotFound, g.get("/v1/orders/nobody").status, "nothing ever goes cold there")
	require.JSONEq(t, `{"status":"ok","checks":{"redis":"ok","temporal":"ok"}}`, string(g.get("/readyz").body))
}

func TestAnIndexThatHangsIsNotWaitedFor(t *testing.T) {
	g := newGateway(t)
	g.index.set(func(f *fakeIndex) { f.hangs = true })
	start := time.Now()
	p := g.search("q=mug").problem(t)
	require.Equal(t, "/problems/search-unavailable", p.Type, "and not a timeout whose outcome isn't known")
	require.Less(t, time.Since(start), 10*time.Second)

	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan answer, 1)
	go func() { gone <- g.send(ctx, call{method: http.MethodGet, path: "/v1/products?q=gone"}) }()
	require.Eventually(t, func() bool { return isQuery(g.index.last(), "gone") }, 10*time.Second, time.Millisecond)
	start = time.Now()
	leave()
	require.Equal(t, 499, within(t, gone).status)
	require.Less(t, time.Since(start), time.Second, "who went away is not worked for")
}

func isQuery(q any, text string) bool {
	p, ok := q.(search.ProductQuery)
	return ok && p.Q == text
}

func TestTheIndexDegradesAndNeverFailsReadiness(t *testing.T) {
	g := newGateway(t)
	g.index.set(func(f *fakeIndex) { f.err = errIndexDown })
	a := g.get("/readyz")
	require.Equal(t, http.StatusOK, a.status)
	require.JSONEq(t, `{"status":"degraded","checks":{"redis":"ok","search":"unavailable","temporal":"ok"}}`, string(a.body))
	g.redis.Close()
	require.Eventually(t, func() bool {
		a = g.get("/readyz")
		return a.status == http.StatusServiceUnavailable
	}, 10*time.Second, 10*time.Millisecond, "at the next probe")
	require.JSONEq(t, `{"status":"unavailable","checks":{"redis":"unavailable","search":"unavailable","temporal":"ok"}}`,
		string(a.body))
}

func BenchmarkSearch(b *testing.B) {
	g := newGateway(b)
	for i := range 20 {
		g.index.products = append(g.index.products, hit(fmt.Sprintf("p%d", i), func(h *search.ProductHit) {
			h.Description, h.Tags = strings.Repeat("A fine mug for tea. ", 25), []string{"kitchen", "new"}
			h.Attributes = map[string]string{"colour": "blue", "volume": "0.3 l", "material": "stoneware"}
			h.Highlights = map[string][]string{"title": {"A <em>mug</em>"}, "description": {"fine <em>mug</em> for tea"}}
		}))
	}
	r := call{method: http.MethodGet, path: "/v1/products?q=mug&category=a&brand=b&inStock=true&limit=20"}.request(b.Context(), b)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		g.server.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
		g.index.set(func(f *fakeIndex) { f.asked = f.asked[:0] })
	}
}
