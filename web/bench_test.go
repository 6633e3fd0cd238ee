package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkList asks for a list of 24 products, with a gateway that answers at once.
func BenchmarkList(b *testing.B) {
	var items, facets []string
	for i := range 24 {
		items = append(items, fmt.Sprintf(`{"id": "p-%d", "title": "Stoneware teapot number %d", "brand": "Acme", "category": "Teapots", "currency": "EUR", "minPrice": %d, "maxPrice": %d, "available": 7, "inStock": true}`, i, i, 1000+i, 1000+i))
		facets = append(facets, fmt.Sprintf(`{"value": "Category %d", "count": %d}`, i, 30-i))
	}
	all := strings.Join(facets, ",")
	gateway := ready()
	gateway.answers["GET /v1/products"] = says(http.StatusOK, fmt.Sprintf(
		`{"items": [%s], "facets": {"category": [%s], "brand": [%s], "tag": []}, "total": 1000, "tolerant": false, "nextCursor": "c"}`, strings.Join(items, ","), all, all))
	at, v := pages(b, gateway)
	b.ReportAllocs()
	for b.Loop() {
		res, err := v.Get(at + "/") //nolint:bodyclose // read closes it
		status, _ := read(b, res, err)
		require.Equal(b, http.StatusOK, status)
	}
}
