package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api"
)

// ifTag reads the path as a client that has the response with that tag.
func (g *gateway) ifTag(path, tag string) answer {
	g.t.Helper()
	return g.do(call{method: http.MethodGet, path: path, header: http.Header{"If-None-Match": {tag}}})
}

func TestAProductsTagStandsForItsStockAndAnEditOutlivesASale(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	read := g.get("/v1/products/mug")
	tag := read.header.Get("ETag")
	same := g.ifTag("/v1/products/mug", tag)
	require.Equal(t, http.StatusNotModified, same.status)
	require.Empty(t, same.body)
	require.Equal(t, tag, same.header.Get("ETag"))

	require.Equal(t, http.StatusCreated, g.place("", basket(line{"productId": "mug", "quantity": 2})).status)
	sold := g.ifTag("/v1/products/mug", tag)
	require.Equal(t, http.StatusOK, sold.status, "other bytes by the same strong tag would be stock from before the sale")
	require.NotEqual(t, tag, sold.header.Get("ETag"))

	title := "A finer mug"
	put := func(match string) answer {
		return g.do(call{
			method: http.MethodPut, path: "/v1/products/mug", header: http.Header{"If-Match": {match}},
			body: line{"title": title, "currency": "EUR", "variants": []line{{"sku": "one", "price": 1100}}},
		})
	}
	edited := put("W/" + tag)
	require.Equal(t, http.StatusOK, edited.status, "%s: the stock is not what a PUT replaces", edited.body)
	require.Equal(t, http.StatusOK, put(tag).status, "the same edit, sent again")
	title = "The finest mug"
	require.Equal(t, http.StatusPreconditionFailed, put(tag).status, "another edit came between")
	require.Equal(t, http.StatusPreconditionFailed, put("W/"+tag).status)
	require.Equal(t, http.StatusOK, put(edited.header.Get("ETag")).status)
	edited = g.get("/v1/products/mug")
	version, _, found := strings.Cut(strings.Trim(edited.header.Get("ETag"), `"`), "-")
	require.True(t, found)
	require.Equal(t, http.StatusOK, put(`"`+version+`"`).status, "the version alone will do")
}

func TestACallerWhoSeesLessOfAProductGetsAnotherTag(t *testing.T) {
	g := asking(t)
	g.sell(t, 5)
	get := call{method: http.MethodGet, path: "/v1/products/mug"}
	staffs := g.do(get.as(t, "staff", api.RoleOperator)).header.Get("ETag")
	everyones := g.do(get).header.Get("ETag")
	require.NotEmpty(t, everyones)
	require.NotEqual(t, staffs, everyones)
}

func TestAnOrderThatIsReadAgainIsNotSentAgain(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	placed := g.place("", basket(line{"productId": "mug", "quantity": 1}))
	path := "/v1/orders/" + placed.order(t).ID
	tag := g.get(path).header.Get("ETag")
	require.Regexp(t, `^"[A-Za-z0-9_-]{16}"$`, tag)
	for _, given := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		a := g.ifTag(path, given)
		require.Equal(t, http.StatusNotModified, a.status, given)
		require.Empty(t, a.body)
	}
	require.Equal(t, http.StatusOK, g.ifTag(path, `"x"`).status)
	require.Equal(t, http.StatusOK, g.post(path+"/cancel", nil).status)
	require.Equal(t, http.StatusOK, g.ifTag(path, tag).status, "it is cancelled by now")
}

func TestNoCacheKeepsWhatIsPersonalOrAboutStock(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	for _, path := range []string{
		"/v1/products/mug", "/v1/products?q=mug", "/v1/products/none", "/v1/orders", "/v1/orders/" + o.ID,
		"/v1/orders/" + o.ID + "/payment", "/v1/orders/none", "/v1/refunds", "/v1/webhooks", "/readyz", "/healthz", "/nothing",
	} {
		require.Equal(t, "no-store", g.send(t.Context(), call{method: http.MethodGet, path: path}).header.Get("Cache-Control"), path)
	}
	for _, path := range []string{"/openapi.yaml", "/docs/", "/problems/stale"} {
		require.Equal(t, "no-cache", g.send(t.Context(), call{method: http.MethodGet, path: path}).header.Get("Cache-Control"), path)
	}
	for _, path := range []string{"/openapi.yaml", "/problems/stale"} {
		tag := g.send(t.Context(), call{method: http.MethodGet, path: path}).header.Get("ETag")
		again := g.send(t.Context(), call{method: http.MethodGet, path: path, header: http.Header{"If-None-Match": {tag}}})
		require.Equal(t, http.StatusNotModified, again.status, path)
	}
}
