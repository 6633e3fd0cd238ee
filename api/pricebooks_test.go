package api_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/customer"
	"holdfast/price"
)

type bookVersion struct {
	Number      int64           `json:"number"`
	Hash        string          `json:"hash"`
	PublishedAt time.Time       `json:"publishedAt"`
	PublishedBy string          `json:"publishedBy"`
	Bytes       int             `json:"bytes"`
	PriceBook   json.RawMessage `json:"priceBook"`
}

const bookPath = "/v1/price-book"

// discounts is a price book with a level for each discount.
func discounts(of ...int) string {
	levels := make([]string, len(of))
	for i, d := range of {
		levels[i] = `{"number":` + strconv.Itoa(i+1) + `,"name":"A level","discount":` + strconv.Itoa(d) + `}`
	}
	return `{"levels":[` + strings.Join(levels, ",") + `]}`
}

func (g *gateway) publishes(body, match string) answer {
	g.t.Helper()
	k := call{method: http.MethodPut, path: bookPath, body: body, header: http.Header{}}
	if match != "" {
		k.header.Set("If-Match", match)
	}
	return g.do(k)
}

func requireProblem(t *testing.T, a answer, status int, name string) api.Problem {
	t.Helper()
	p := a.problem(t)
	require.Equal(t, "/problems/"+name, p.Type, "%s", a.body)
	require.Equal(t, status, a.status, "%s", a.body)
	return p
}

func TestAPriceBookIsPublishedReadAndReplaced(t *testing.T) {
	g := newGateway(t)
	requireProblem(t, g.get(bookPath), 404, "unknown-price-book")
	requireProblem(t, g.publishes(discounts(100), "*"), 412, "stale")

	a := g.publishes("{\"levels\": [ {\"name\": \"A level\", \"number\": 1, \"discount\": 100} ]}\n", "")
	require.Equal(t, 201, a.status, "%s", a.body)
	require.Equal(t, bookPath+"/versions/1", a.header.Get("Location"))
	var first bookVersion
	require.NoError(t, json.Unmarshal(a.body, &first))
	require.Equal(t, int64(1), first.Number)
	require.JSONEq(t, discounts(100), string(first.PriceBook))
	require.Equal(t, len(first.PriceBook), first.Bytes)
	require.Len(t, first.Hash, 64)
	tag := a.header.Get("ETag")
	require.Equal(t, `"1-`+first.Hash[:16]+`"`, tag)

	again := g.publishes(discounts(100), `"9-0000000000000000"`)
	require.Equal(t, 200, again.status, "%s", again.body)
	require.Equal(t, string(a.body), string(again.body), "it is the current one already")

	requireProblem(t, g.publishes(discounts(200), `"1-0000000000000000"`), 412, "stale")
	second := g.publishes(discounts(200), "W/"+tag)
	require.Equal(t, 201, second.status, "%s", second.body)
	requireProblem(t, g.publishes(discounts(300), tag), 412, "stale")

	read := g.get(bookPath)
	require.Equal(t, string(second.body), string(read.body))
	old := g.get(bookPath + "/versions/1")
	require.Equal(t, string(a.body), string(old.body), "a version stays what it was")
	unchanged := g.do(call{method: http.MethodGet, path: bookPath, header: http.Header{"If-None-Match": {read.header.Get("ETag")}}})
	require.Equal(t, 304, unchanged.status)
	requireProblem(t, g.get(bookPath+"/versions/3"), 404, "unknown-price-book")
	requireProblem(t, g.get(bookPath+"/versions/0"), 400, "malformed-request")
	requireProblem(t, g.get(bookPath+"/versions/x"), 400, "malformed-request")
}

func TestVersionsOfThePriceBookAreListedByPage(t *testing.T) {
	g := newGateway(t)
	require.JSONEq(t, `{"items": []}`, string(g.get(bookPath+"/versions").body))
	for i := range 5 {
		require.Equal(t, 201, g.publishes(discounts(100+i), "").status)
	}
	var numbers []int64
	cursor := ""
	for page := range 3 {
		a := g.get(bookPath + "/versions?limit=2&cursor=" + cursor)
		require.Equal(t, 200, a.status, "%s", a.body)
		var p struct {
			Items      []bookVersion `json:"items"`
			NextCursor string        `json:"nextCursor"`
		}
		require.NoError(t, json.Unmarshal(a.body, &p))
		for _, v := range p.Items {
			require.Empty(t, v.PriceBook)
			numbers = append(numbers, v.Number)
		}
		require.Equal(t, page == 2, p.NextCursor == "", "%s", a.body)
		cursor = p.NextCursor
	}
	require.Equal(t, []int64{5, 4, 3, 2, 1}, numbers)
	for _, wrong := range []string{"?cursor=x", "?limit=0", "?limit=101"} {
		requireProblem(t, g.get(bookPath+"/versions"+wrong), 400, "malformed-request")
	}
}

func TestWhatKeepsAPriceBookFromBeingPublishedIsNamed(t *testing.T) {
	g := newGateway(t)
	for name, c := range map[string]struct {
		body    string
		status  int
		problem string
		path    string
	}{
		"an unknown field":    {`{"levels": [], "level": []}`, 400, "malformed-request", "level"},
		"a fraction":          {`{"levels": [{"number": 1, "name": "a", "discount": 2.5}]}`, 400, "malformed-request", "levels[0].discount"},
		"no JSON":             {`{`, 400, "malformed-request", ""},
		"a gap in the levels": {`{"levels": [{"number": 2, "name": "a", "discount": 1}]}`, 422, "invalid-values", "levels[0].number"},
		"a missing discount":  {`{"levels": [{"number": 1, "name": "a"}]}`, 422, "invalid-values", "levels[0].discount"},
		"above 100 percent":   {discounts(10001), 422, "invalid-values", "levels[0].discount"},
		"257 KiB":             {discounts(1) + strings.Repeat(" ", 257<<10), 413, "body-too-large", ""},
	} {
		for _, k := range []call{
			{method: http.MethodPut, path: bookPath, body: c.body}, {method: http.MethodPost, path: bookPath + "/check", body: c.body},
		} {
			p := requireProblem(t, g.do(k), c.status, c.problem)
			if c.path != "" {
				require.Len(t, p.Errors, 1, "%s: %v", name, p.Errors)
				require.Equal(t, c.path, p.Errors[0].Path, name)
			}
		}
	}
	for _, match := range []string{"1", `""`, `"a" "b"`, `"a`, `"*"`} {
		requireProblem(t, g.publishes(discounts(1), match), 400, "malformed-request")
	}
	requireProblem(t, g.get(bookPath), 404, "unknown-price-book")
}

func TestACheckedPriceBookIsNotPublished(t *testing.T) {
	g := newGateway(t)
	check := func(body string) (c struct {
		Hash      string
		Published bool
	},
	) {
		a := g.do(call{method: http.MethodPost, path: bookPath + "/check", body: body})
		require.Equal(t, 200, a.status, "%s", a.body)
		require.NoError(t, json.Unmarshal(a.body, &c))
		return c
	}
	book, err := price.Parse([]byte(discounts(100)))
	require.NoError(t, err)
	require.Equal(t, book.Version.Hash, check(discounts(100)).Hash)
	require.False(t, check(discounts(100)).Published)
	requireProblem(t, g.get(bookPath), 404, "unknown-price-book")
	require.Equal(t, 201, g.publishes(discounts(100), "").status)
	require.True(t, check(discounts(100)).Published)
	require.False(t, check(discounts(101)).Published)
}

func TestALevelThatACustomerHasStaysInThePriceBook(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, 201, g.publishes(discounts(1, 2, 3), "").status)
	_, _, err := g.customers.Put(t.Context(), customer.Change{ID: "ada", Standing: &customer.Standing{Level: 3}, At: time.Now()})
	require.NoError(t, err)
	for _, k := range []call{
		{method: http.MethodPut, path: bookPath, body: discounts(1, 2)}, {method: http.MethodPost, path: bookPath + "/check", body: discounts(1, 2)},
	} {
		p := requireProblem(t, g.do(k), 422, "invalid-values")
		require.Equal(t, "must keep level 3 (customers who have it: 1)", p.Errors[0].Reason)
	}
	require.Equal(t, 201, g.publishes(discounts(1, 2, 4), "").status)
}

func TestPriceBooksAreUnavailableWithTheirRedis(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, 201, g.publishes(discounts(1), "").status)
	g.redis.SetError("LOADING")
	for _, k := range []call{
		{method: http.MethodGet, path: bookPath},
		{method: http.MethodGet, path: bookPath + "/versions"},
		{method: http.MethodGet, path: bookPath + "/versions/1"},
		{method: http.MethodPut, path: bookPath, body: discounts(2)},
		{method: http.MethodPost, path: bookPath + "/check", body: discounts(2)},
	} {
		requireProblem(t, g.do(k), 503, "prices-unavailable")
	}
}
