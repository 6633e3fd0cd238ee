package api_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/product"
)

const mergePatch = "application/merge-patch+json"

// patchProduct sends a merge patch; match is its If-Match, "" for none.
func (g *gateway) patchProduct(id, body, match string) answer {
	g.t.Helper()
	k := call{method: http.MethodPatch, path: "/v1/products/" + id, body: body, header: http.Header{"Content-Type": {mergePatch}}}
	if match != "" {
		k.header.Set("If-Match", match)
	}
	return g.do(k)
}

func (g *gateway) putShirt() answer {
	g.t.Helper()
	a := g.do(call{method: http.MethodPut, path: "/v1/products/shirt", body: line{
		"title": "Shirt", "description": "A shirt", "brand": "Denimo", "currency": "EUR", "tags": []string{"cotton", "new"},
		"attributes": map[string]string{"fit": "slim", "fabric": "cotton"}, "maxPerOrder": 3, "image": "/shirt.jpg",
		"variants": []line{{"sku": "S", "title": "Small", "price": 1500, "stock": 3}, {"sku": "M", "price": 1600}},
	}})
	require.Equal(g.t, http.StatusCreated, a.status, "%s", a.body)
	return a
}

func TestAPatchChangesWhatItNamesAndNothingElse(t *testing.T) {
	g := newGateway(t)
	g.putShirt()
	for _, c := range []struct {
		patch string
		want  func(p *product.Product)
	}{
		{`{}`, func(*product.Product) {}},
		{`{"title":"Shirt, washed"}`, func(p *product.Product) { p.Title = "Shirt, washed" }},
		{`{"brand":null,"image":null,"maxPerOrder":null}`, func(p *product.Product) { p.Brand, p.Image, p.MaxPerOrder = "", "", 0 }},
		{`{"brand":null}`, func(*product.Product) {}},
		{`{"attributes":{"fit":null,"colour":"blue","never":null}}`, func(p *product.Product) {
			p.Attributes = map[string]string{"fabric": "cotton", "colour": "blue"}
		}},
		{`{"attributes":null}`, func(p *product.Product) { p.Attributes = nil }},
		{`{"attributes":{"a":"b"},"tags":["old"]}`, func(p *product.Product) { p.Attributes, p.Tags = map[string]string{"a": "b"}, []string{"old"} }},
		{`{"variants":[{"sku":"S","price":1},{"sku":"L","price":2,"stock":4}],"maxPerOrder":9}`, func(p *product.Product) {
			p.MaxPerOrder = 9
			p.Variants = []product.Variant{
				{SKU: "S", Price: 1, Stock: product.Stock{OnHand: 3, Adjusted: 3}}, {SKU: "L", Price: 2, Stock: product.Stock{OnHand: 4, Adjusted: 4}},
			}
		}},
		{`{"status":"listed","currency":"EUR"}`, func(*product.Product) {}},
		{`{"status":null}`, func(*product.Product) {}},
	} {
		want, err := g.stock.Get(t.Context(), "shirt")
		require.NoError(t, err)
		unchanged := want
		c.want(&want)
		a := g.patchProduct("shirt", c.patch, "")
		require.Equal(t, http.StatusOK, a.status, "%s: %s", c.patch, a.body)
		got, err := g.stock.Get(t.Context(), "shirt")
		require.NoError(t, err)
		require.Equal(t, got.Version, a.product(t).Version)
		require.Equal(t, a.header.Get("ETag"), g.get("/v1/products/shirt").header.Get("ETag"))
		got.Version, got.DocVersion, got.UpdatedAt = unchanged.Version, unchanged.DocVersion, unchanged.UpdatedAt
		require.Equal(t, want, got, c.patch)
	}
}

func TestAPatchIsHeldToTheRulesOfAPut(t *testing.T) {
	g := newGateway(t)
	g.putShirt()
	before := g.state()
	for patch, c := range map[string]struct {
		status     int
		kind, path string
	}{
		`{"titel":"x"}`:                           {400, "malformed-request", "titel"},
		`{"titel":null}`:                          {400, "malformed-request", "titel"},
		`{"variants":[{"sku":"S","prize":1}]}`:    {400, "malformed-request", "variants[0].prize"},
		`{"variants":[{"sku":"S","price":null}]}`: {400, "malformed-request", "variants[0].price"},
		`{"attributes":{"a":{"b":"c"}}}`:          {400, "malformed-request", "attributes.a"},
		`{"attributes":{"a":"1","a":"2"}}`:        {400, "malformed-request", "attributes.a"},
		`{"title":"a","title":"b"}`:               {400, "malformed-request", "title"},
		`{"tags":["a",null]}`:                     {400, "malformed-request", "tags[1]"},
		`{"variants":[{"sku":"S","price":1.5}]}`:  {400, "malformed-request", "variants[0].price"},
		`{"title":7}`:                             {400, "malformed-request", "title"},
		`{"title":`:                               {400, "malformed-request", ""},
		`[]`:                                      {400, "malformed-request", ""},
		`"title"`:                                 {400, "malformed-request", ""},
		`null`:                                    {400, "malformed-request", ""},
		` `:                                       {400, "malformed-request", ""},
		`{"title":null}`:                          {422, "invalid-values", "title"},
		`{"currency":null}`:                       {422, "invalid-values", "currency"},
		`{"currency":"XXQ"}`:                      {422, "invalid-values", "currency"},
		`{"variants":null}`:                       {422, "invalid-values", "variants"},
		`{"maxPerOrder":0}`:                       {422, "invalid-values", "maxPerOrder"},
		`{"currency":"USD"}`:                      {409, "moves-by-its-own-call", ""},
		`{"status":"draft"}`:                      {409, "moves-by-its-own-call", ""},
		`{"variants":[{"sku":"M","price":1600}]}`: {409, "variant-in-stock", ""},

		`{"variants":[{"sku":"S","price":1,"stock":9}]}`: {409, "moves-by-its-own-call", ""},
	} {
		a := g.patchProduct("shirt", patch, "")
		require.Equal(t, c.status, a.status, "%s: %s", patch, a.body)
		p := a.problem(t)
		require.Equal(t, "/problems/"+c.kind, p.Type, patch)
		if c.path != "" {
			require.Equal(t, c.path, p.Errors[0].Path, patch)
		}
	}
	require.JSONEq(t, before, g.state(), "what is refused changes nothing")
	require.Equal(t, "/problems/unknown-product", g.patchProduct("none", `{"title":"x"}`, "").problem(t).Type)
	require.Equal(t, "/problems/invalid-values", g.patchProduct("none", `{"variants":[{"sku":"S"}]}`, "*").problem(t).Type, "whatever the product")
}

func TestAPatchSaysWhatItIs(t *testing.T) {
	g := newGateway(t)
	g.putShirt()
	for _, media := range []string{"application/json", "application/json-patch+json", "text/plain", mergePatch + "; charset=latin1", ""} {
		a := g.send(t.Context(), call{
			method: http.MethodPatch, path: "/v1/products/shirt", body: `{"title":"x"}`, header: http.Header{"Content-Type": {media}},
		})
		require.Equal(t, http.StatusUnsupportedMediaType, a.status, media)
		require.Equal(t, mergePatch, a.header.Get("Accept-Patch"))
	}
	a := g.do(call{method: http.MethodPatch, path: "/v1/products/shirt", body: `{"title":"x"}`, header: http.Header{"Content-Type": {mergePatch + ";charset=UTF-8"}}})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	a = g.do(call{method: http.MethodPut, path: "/v1/products/shirt", body: `{}`, header: http.Header{"Content-Type": {mergePatch}}})
	require.Equal(t, http.StatusUnsupportedMediaType, a.status)
}

func TestAConditionalPatchGoesByTheVersionThatWasRead(t *testing.T) {
	g := newGateway(t)
	tag := g.putShirt().header.Get("ETag")
	a := g.patchProduct("shirt", `{"title":"Mine"}`, tag)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	again := g.patchProduct("shirt", `{"title":"Mine"}`, tag)
	require.Equal(t, http.StatusOK, again.status, "it was applied: its caller had no answer")
	require.Equal(t, a.body, again.body)
	stale := g.patchProduct("shirt", `{"title":"Yours"}`, tag)
	require.Equal(t, http.StatusPreconditionFailed, stale.status)
	require.Equal(t, "/problems/stale", stale.problem(t).Type)
	require.Equal(t, http.StatusOK, g.patchProduct("shirt", `{"title":"Theirs"}`, "W/"+a.header.Get("ETag")).status)
	require.Equal(t, http.StatusOK, g.patchProduct("shirt", `{"title":"Anyone's"}`, "*").status)
	require.Equal(t, http.StatusPreconditionFailed, g.patchProduct("none", `{"title":"x"}`, "*").status)
	require.Equal(t, http.StatusPreconditionFailed, g.patchProduct("none", `{"title":"x"}`, tag).status)
	require.Equal(t, http.StatusBadRequest, g.patchProduct("shirt", `{"title":"x"}`, "7").status)
}

// rivals edit the product each time that it was read, until they have had enough.
type rivals struct {
	api.Products
	edits atomic.Int64
	edit  func(ctx context.Context)
}

func (r *rivals) Get(ctx context.Context, id string) (product.Product, error) {
	p, err := r.Products.Get(ctx, id)
	if r.edits.Add(-1) >= 0 {
		r.edit(ctx)
	}
	return p, err
}

func TestAPatchLosesNoEditThatCameInBetween(t *testing.T) {
	r := &rivals{}
	g := newGateway(t, func(c *api.Config) { r.Products, c.Products = c.Products, r })
	g.putShirt()
	n := 0
	r.edit = func(ctx context.Context) {
		n++
		p, err := r.Products.Get(ctx, "shirt")
		require.NoError(t, err)
		spec := p.Spec()
		spec.Brand += "."
		_, _, err = r.Put(ctx, "shirt", spec, nil)
		require.NoError(t, err)
	}
	r.edits.Store(3)
	a := g.patchProduct("shirt", `{"title":"Patched"}`, "")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, 3, n, "the race was reached")
	require.Equal(t, "Patched", a.product(t).Title)
	require.Equal(t, "Denimo...", a.product(t).Brand)

	r.edits.Store(1 << 30)
	a = g.patchProduct("shirt", `{"title":"Never"}`, "")
	require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
	require.Equal(t, "/problems/stale", a.problem(t).Type)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Equal(t, 3+8, n, "it gives up")
	r.edits.Store(0)
	require.Equal(t, "Patched", g.get("/v1/products/shirt").product(t).Title)
}
