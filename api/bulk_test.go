package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/product"
)

// result is a line of a bulk call's answer.
type result struct {
	Line      int
	ID        string
	ProductID string
	SKU       string
	Status    int
	Version   int64
	OnHand    *int64
	Held      *int64
	Available *int64
	Problem   *api.Problem
}

func (r result) kind() string {
	if r.Problem == nil {
		return ""
	}
	return strings.TrimPrefix(r.Problem.Type, "/problems/")
}

// bulk sends lines under a key, "" for none.
func (g *gateway) bulk(path, k string, lines ...string) answer {
	g.t.Helper()
	header := http.Header{"Content-Type": {"application/jsonl"}}
	if k != "" {
		header.Set("Idempotency-Key", k)
	}
	return g.do(call{method: http.MethodPost, path: path, body: strings.Join(lines, "\n"), header: header})
}

// results requires that the call was answered line by line.
func (a answer) results(t testing.TB) (all []result) {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, "application/jsonl", a.header.Get("Content-Type"))
	for text := range bytes.SplitSeq(bytes.TrimSpace(a.body), []byte("\n")) {
		var r result
		require.NoError(t, json.Unmarshal(text, &r), "%s", text)
		require.Equal(t, r.Status >= 400, r.Problem != nil, "%s", text)
		all = append(all, r)
	}
	return all
}

func (g *gateway) putAll(k string, lines ...string) []result {
	g.t.Helper()
	return g.bulk("/v1/products/bulk", k, lines...).results(g.t)
}

func (g *gateway) adjustAll(k string, lines ...string) []result {
	g.t.Helper()
	return g.bulk("/v1/stock/bulk", k, lines...).results(g.t)
}

func onePiece(id, title string, stock int) string {
	return fmt.Sprintf(`{"id":%q,"title":%q,"currency":"EUR","variants":[{"sku":"one","price":5,"stock":%d}]}`, id, title, stock)
}

func TestManyProductsArePutEachByItself(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	old := product.Spec{Description: product.Description{Title: "T"}, Currency: "DEM", Variants: []product.VariantSpec{{SKU: "one", Price: 1}}}
	_, _, err := g.stock.Put(t.Context(), "old", old, nil)
	require.NoError(t, err)
	got := g.putAll("",
		onePiece("bowl", "Bowl", 3),
		`{"id":"mug","title":"Large mug","currency":"EUR","variants":[{"sku":"one","price":7}]}`,
		`not json`,
		``,
		`{"id":"plate","titel":"Plate"}`,
		`{"id":"plate","title":"Plate","currency":"EUR","variants":[]}`,
		`{"title":"Nameless","currency":"EUR","variants":[{"sku":"one","price":7}]}`,
		`{"id":"a/b","title":"T","currency":"EUR","variants":[{"sku":"one","price":7}]}`,
		`{"id":"suggest","title":"T","currency":"EUR","variants":[{"sku":"one","price":7}]}`,
		onePiece("bowl", "Another bowl", 3),
		`{"id":"mug2","title":"T","currency":"EUR","variants":[{"sku":"one"}]}`,
		`{"id":"old","title":"Better","currency":"DEM","variants":[{"sku":"one","price":1}]}`,
		`{"id":"older","title":"T","currency":"DEM","variants":[{"sku":"one","price":1}]}`,
		onePiece("last", "Last", 1)+"\r",
	)
	type short struct {
		line, status int
		id, kind     string
	}
	var all []short
	for _, r := range got {
		all = append(all, short{r.Line, r.Status, r.ID, r.kind()})
	}
	require.Equal(t, []short{
		{1, 201, "bowl", ""},
		{2, 200, "mug", ""},
		{3, 400, "", "malformed-request"},
		{5, 400, "plate", "malformed-request"},
		{6, 422, "plate", "invalid-values"},
		{7, 400, "", "malformed-request"},
		{8, 400, "a/b", "malformed-request"},
		{9, 400, "suggest", "malformed-request"},
		{10, 422, "bowl", "invalid-values"},
		{11, 422, "mug2", "invalid-values"},
		{12, 200, "old", ""},
		{13, 422, "older", "invalid-values"},
		{14, 201, "last", ""},
	}, all)
	require.Equal(t, "titel", got[3].Problem.Errors[0].Path)
	require.Equal(t, "variants[0].price", got[9].Problem.Errors[0].Path)
	for i, id := range map[int]string{0: "bowl", 1: "mug", 10: "old", 12: "last"} {
		p, err := g.stock.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, p.Version, got[i].Version, id)
	}
	require.Equal(t, "Bowl", g.get("/v1/products/bowl").product(t).Title, "the first line about it counts")
	require.Equal(t, "Large mug", g.get("/v1/products/mug").product(t).Title)
	require.Equal(t, http.StatusNotFound, g.get("/v1/products/plate").status)
}

// eventCount counts what was published of all entities.
func (g *gateway) eventCount() (n int) {
	for _, key := range g.redis.Keys() {
		if strings.HasSuffix(key, ":events") {
			entries, err := g.redis.Stream(key)
			require.NoError(g.t, err)
			n += len(entries)
		}
	}
	return n
}

func TestTheSameProductsSentAgainChangeNothing(t *testing.T) {
	g := newGateway(t)
	lines := []string{onePiece("bowl", "Bowl", 3), onePiece("plate", "Plate", 4), `{`}
	first := g.putAll("k", lines...)
	require.Equal(t, []int{201, 201, 400}, []int{first[0].Status, first[1].Status, first[2].Status})
	events := g.eventCount()
	require.Equal(t, http.StatusOK, g.post("/v1/products/bowl/stock", line{"delta": -1}).status)
	require.Equal(t, http.StatusOK, g.patchProduct("plate", `{"title":"Theirs"}`, "").status)
	for i, r := range g.putAll("k", lines...) {
		require.Equal(t, first[i].Status, r.Status, "answered by what it did, whatever has happened since")
	}
	require.Equal(t, events+2, g.eventCount())
	require.Equal(t, "Theirs", g.get("/v1/products/plate").product(t).Title)

	again := g.putAll("", lines...)
	require.Equal(t, "moves-by-its-own-call", again[0].kind(), "without the key it is a request of its own")
	other := g.bulk("/v1/products/bulk", "k", lines[:2]...)
	require.Equal(t, http.StatusUnprocessableEntity, other.status)
	require.Equal(t, "/problems/idempotency-mismatch", other.problem(t).Type)
	require.Equal(t, http.StatusOK, g.bulk("/v1/stock/bulk", "k", `{"productId":"bowl","delta":1}`).status, "another call has keys of its own")
}

// A line that changed nothing was done, too: sent again after an edit by another caller, it must not
// undo that edit.
func TestALineThatChangedNothingIsRememberedUnderItsKey(t *testing.T) {
	g := newGateway(t)
	line := `{"id":"bowl","title":"Bowl","currency":"EUR","variants":[{"sku":"one","price":5}]}`
	require.Equal(t, 201, g.putAll("", line)[0].Status)
	require.Equal(t, 200, g.putAll("k", line)[0].Status)
	require.Equal(t, http.StatusOK, g.patchProduct("bowl", `{"title":"Theirs"}`, "").status)
	require.Equal(t, 200, g.putAll("k", line)[0].Status)
	require.Equal(t, "Theirs", g.get("/v1/products/bowl").product(t).Title)
}

func TestManyStocksMoveOncePerLine(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	g.putProduct("pair", 5, func(s *product.Spec) { s.Variants = append(s.Variants, product.VariantSpec{SKU: "two", Price: 1}) })
	lines := []string{
		`{"productId":"mug","delta":4,"reason":"delivery"}`,
		`{"productId":"mug","onHand":2}`,
		`{"productId":"mug","delta":1,"actionId":"mine"}`,
		`{"productId":"pair","delta":1}`,
		`{"productId":"pair","sku":"two","delta":3}`,
		`{"productId":"none","delta":3}`,
		`{"productId":"mug","delta":-9}`,
		`{"productId":"mug","delta":1,"onHand":1}`,
		`{"productId":"mug","delta":1,"extra":1}`,
		`{"productId":"mug","delta":1,"actionId":"two words"}`,
		`nonsense`,
		`{"productId":"..","delta":1}`,
	}
	var got []result
	for range 2 {
		got = g.adjustAll("k", lines...)
		require.Len(t, got, len(lines))
		var statuses []int
		for i, r := range got {
			require.Equal(t, i+1, r.Line)
			statuses = append(statuses, r.Status)
		}
		require.Equal(t, []int{200, 200, 200, 404, 200, 404, 409, 422, 400, 400, 400, 400}, statuses)
		require.Equal(t, []int64{9, 2, 3, 3}, []int64{*got[0].OnHand, *got[1].OnHand, *got[2].OnHand, *got[4].OnHand}, "in their order")
	}
	require.Equal(t, result{Line: 5, ProductID: "pair", SKU: "two", Status: 200, OnHand: new(int64(3)), Held: new(int64(0)), Available: new(int64(3))}, got[4])
	require.Contains(t, got[3].Problem.Detail, "sku is required")
	require.Equal(t, "stock-held", got[6].kind())
	require.Equal(t, "mug", got[6].ProductID)
	p, err := g.stock.Get(t.Context(), "mug")
	require.NoError(t, err)
	require.Equal(t, int64(3), p.Variants[0].Stock.OnHand)

	a := g.bulk("/v1/stock/bulk", "k", lines[1:]...)
	require.Equal(t, "/problems/idempotency-mismatch", a.problem(t).Type, "else each line would count as another one")
	single := g.postOnce("mine", "/v1/products/mug/stock", line{"delta": 1})
	require.Equal(t, http.StatusOK, single.status)
	require.Contains(t, string(single.body), `"onHand":3`, "an action id means the same to the single call")
	reused := g.adjustAll("", `{"productId":"mug","delta":2,"actionId":"mine"}`, `{"productId":"mug","delta":2}`)
	require.Equal(t, "idempotency-mismatch", reused[0].kind())
	require.Equal(t, "idempotency-key-required", reused[1].kind())
}

func TestABulkCallIsBounded(t *testing.T) {
	g := newGateway(t)
	refused := func(status int, kind string, k call) {
		t.Helper()
		k.method = http.MethodPost
		for _, k.path = range []string{"/v1/products/bulk", "/v1/stock/bulk"} {
			a := g.send(t.Context(), k)
			require.Equal(t, status, a.status, "%s", a.body)
			require.Equal(t, "/problems/"+kind, a.problem(t).Type)
		}
	}
	lines := http.Header{"Content-Type": {"application/x-ndjson; charset=utf-8"}}
	refused(422, "invalid-values", call{body: strings.Repeat("{}\n", 1001), header: lines})
	refused(400, "malformed-request", call{body: "\n \n", header: lines})
	refused(413, "body-too-large", call{body: strings.Repeat("x", 1<<20+1), header: lines})
	refused(415, "unsupported-media-type", call{body: "{}"})
	refused(400, "malformed-request", call{body: "{}", header: http.Header{"Content-Type": {"application/jsonl"}, "Idempotency-Key": {"two words"}}})

	many := make([]string, 1000)
	for i := range many {
		many[i] = onePiece(fmt.Sprintf("p-%d", i), "T", 1)
	}
	for _, r := range g.putAll("", many...) {
		require.Equal(t, http.StatusCreated, r.Status)
	}
	for i := range many {
		many[i] = `{"productId":"p-7","delta":1}`
	}
	all := g.adjustAll("k", many...)
	require.Equal(t, int64(1001), *all[999].OnHand)
}

func TestABulkCallCostsByItsLines(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Caller: 21} })
	k := call{
		method: http.MethodPost, path: "/v1/products/bulk", body: strings.Repeat("{}\n", 1000), header: http.Header{"Content-Type": {"application/jsonl"}},
	}.as(t, staffName, api.RoleOperator)
	refused, _ := burst(2, func() answer { return g.send(t.Context(), k) })
	require.Equal(t, 1, refused, "one takes the whole allowance: 2 and 19 for its lines")
}

// slowProducts let the time of a request pass after one line.
type slowProducts struct {
	api.Products
}

func (s *slowProducts) AdjustMany(ctx context.Context, all []product.Adjustment) []product.Adjusted {
	over, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	done := s.Products.AdjustMany(ctx, all[:1])
	return append(done, s.Products.AdjustMany(over, all[1:])...)
}

func TestLinesThatWereNotReachedInTimeSaySo(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.Products = &slowProducts{Products: c.Products} })
	g.putProduct("mug", 5)
	got := g.adjustAll("k", `{"productId":"mug","delta":1}`, `{"productId":"mug","delta":2}`, `{`, `{"productId":"mug","delta":3}`)
	require.Equal(t, []int{200, 503, 400, 503}, []int{got[0].Status, got[1].Status, got[2].Status, got[3].Status})
	require.Equal(t, "timeout", got[1].kind())
	require.Contains(t, got[1].Problem.Detail, "nothing was changed")
	p, err := g.stock.Get(t.Context(), "mug")
	require.NoError(t, err)
	require.Equal(t, int64(6), p.Variants[0].Stock.OnHand)
}

func TestLinesReportThatRedisIsUnavailable(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	g.redis.SetError("LOADING")
	got := g.adjustAll("", `{"productId":"mug","delta":1,"actionId":"a"}`, `{`)
	require.Equal(t, "stock-unavailable", got[0].kind())
	require.Equal(t, "malformed-request", got[1].kind())
	require.Equal(t, http.StatusServiceUnavailable, g.bulk("/v1/stock/bulk", "k", `{"productId":"mug","delta":1}`).status, "whether the key is another body's can't be known")
	g.redis.SetError("")
	require.Equal(t, http.StatusOK, g.adjustAll("", `{"productId":"mug","delta":1,"actionId":"a"}`)[0].Status)
}
