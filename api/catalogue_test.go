package api_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/product"
	"holdfast/search"
)

// Only staff can find products that aren't for sale, or search by external reference.
func TestStaffFindProductsOfAnyStatus(t *testing.T) {
	w := newWindow(t)
	for _, query := range []string{"status=draft", "status=listed&status=delisted", "externalReference=ERP-mug", "status=unheard-of"} {
		path := "/v1/products?" + query
		w.index.asked = nil
		a := w.as(api.RoleCustomer, http.MethodGet, path, nil)
		require.Equal(t, http.StatusForbidden, a.status, query)
		require.Equal(t, "/problems/forbidden", a.problem(t).Type)
		a = w.as("", http.MethodGet, path, nil)
		require.Equal(t, "/problems/unauthenticated", a.problem(t).Type, query)
		a = w.do(call{method: http.MethodGet, path: path, header: bearer("guess")})
		require.Equal(t, http.StatusUnauthorized, a.status, query)
		require.Contains(t, a.header.Get("WWW-Authenticate"), "invalid_token")
		require.Empty(t, w.index.asked)
		for _, role := range staff {
			require.Equal(t, http.StatusOK, w.as(role, http.MethodGet, path, nil).status, "%s by %s", query, role)
		}
	}
	for _, role := range []api.Role{"", api.RoleCustomer} {
		for _, query := range []string{"", "status=listed", "sort=updated&updatedSince=2026-03-01T12:00:00%2B01:00"} {
			a := w.as(role, http.MethodGet, "/v1/products?"+query, nil)
			require.Equal(t, http.StatusOK, a.status, "%q", query)
			require.NotContains(t, string(a.body), "ERP-")
		}
	}
	require.Equal(t, http.StatusOK, w.do(call{method: http.MethodGet, path: "/v1/products", header: bearer("guess")}).status, "an expired token closes no shop window")
	require.Contains(t, string(w.as(api.RoleOperator, http.MethodGet, "/v1/products", nil).body), `"externalReference":"ERP-mug"`)
}

func TestAllOfACataloguesQueryReachesTheIndex(t *testing.T) {
	g := newGateway(t)
	require.Equal(t, http.StatusOK, g.search("status=draft&status=listed&externalReference=ERP%201&updatedSince=2026-03-01T13:00:00%2B01:00&sort=updated").status)
	require.Equal(t, []any{search.ProductQuery{
		Status: []product.Status{product.StatusDraft, product.StatusListed}, ExternalReference: "ERP 1",
		UpdatedSince: g.index.asked[0].(search.ProductQuery).UpdatedSince, Sort: search.SortUpdated,
	}}, g.index.asked)
	require.True(t, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Equal(g.index.asked[0].(search.ProductQuery).UpdatedSince))
}

func TestWhatOtherSystemsAttachStaysWithTheProduct(t *testing.T) {
	g := newGateway(t)
	spec := line{
		"title": "T", "currency": "EUR", "externalReference": "ERP 1", "metadata": map[string]string{"a": "1", "b": "line\nline"},
		"variants": []line{{"sku": "one", "price": 1, "stock": 4}},
	}
	put := func(change line) answer {
		body := maps.Clone(spec)
		maps.Copy(body, change)
		return g.do(call{method: http.MethodPut, path: "/v1/products/mug", body: body})
	}
	a := put(nil)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	p := a.product(t)
	require.Equal(t, "ERP 1", p.ExternalReference)
	require.Equal(t, map[string]string{"a": "1", "b": "line\nline"}, p.Metadata)
	require.Equal(t, p.Version, put(nil).product(t).Version, "the same again changes nothing")
	require.Equal(t, http.StatusOK, g.post("/v1/products/mug/stock", line{"delta": 1}).status)

	p = g.patchProduct("mug", `{"metadata":{"a":null,"c":"3"},"externalReference":null}`, "").product(t)
	require.Empty(t, p.ExternalReference)
	require.Equal(t, map[string]string{"b": "line\nline", "c": "3"}, p.Metadata)
	require.Equal(t, int64(5), p.Variants[0].Available)
	read, err := g.stock.Get(t.Context(), "mug")
	require.NoError(t, err)
	require.Equal(t, product.Metadata(p.Metadata), read.Metadata)
	require.Equal(t, 200, g.putAll("", `{"id":"mug","title":"T","currency":"EUR","externalReference":"ERP 2","variants":[{"sku":"one","price":1}]}`)[0].Status)
	p = g.get("/v1/products/mug").product(t)
	require.Equal(t, "ERP 2", p.ExternalReference)
	require.Empty(t, p.Metadata, "a put replaces")

	for field, value := range map[string]any{"externalReference": " x", "metadata": map[string]string{"a b": "x"}} {
		a := put(line{field: value})
		require.Equal(t, http.StatusUnprocessableEntity, a.status, "%s", a.body)
		require.Equal(t, field, a.problem(t).Errors[0].Path)
	}
}

// The bodies of the three calls that write a product name the same fields.
func TestTheCallsThatWriteAProductKnowTheSameFields(t *testing.T) {
	doc, err := loadContract()
	require.NoError(t, err)
	fields := func(schema string) []string {
		s := doc.Components.Schemas[schema].Value
		if s.Items != nil {
			s = s.Items.Value
		}
		return slices.DeleteFunc(slices.Sorted(maps.Keys(s.Properties)), func(name string) bool { return name == "id" })
	}
	require.Equal(t, fields("ProductSpec"), fields("ProductPatch"))
	require.Equal(t, fields("ProductSpec"), fields("ProductLines"))
}
