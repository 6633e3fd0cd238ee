package elastic_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/product"
	"holdfast/search"
	"holdfast/search/elastic"
)

// stocked is an index with many products.
func stocked(b *testing.B) *elastic.Index {
	x := open(b, elastic.Options{})
	kinds := []string{"Headphones", "Sofa", "Lamp", "Kettle", "Backpack", "Keyboard", "Mug", "Jacket", "Tent", "Clock"}
	looks := []string{"Wireless", "Oak", "Folding", "Quiet", "Large", "Blue", "Classic", "Travel", "Kids", "Studio"}
	for from := 0; from < 20_000; from += 1000 {
		var batch search.Batch
		for i := from; i < from+1000; i++ {
			kind, look := kinds[i%10], looks[i/10%10]
			batch.Products = append(batch.Products, search.Product{
				ID: fmt.Sprintf("p-%d", i), Version: 1, Status: product.StatusListed, Title: fmt.Sprintf("%s %s LX-%d", look, kind, i),
				Description: "Made to last, with a guarantee of two years; comes in a box of cardboard that can be recycled.",
				Brand:       fmt.Sprintf("Brand %d", i%97), Category: kind, Tags: []string{look, fmt.Sprintf("tag-%d", i%31)},
				Currency: "EUR", MinPrice: int64(i), MaxPrice: int64(i), Available: int64(i % 5),
			})
		}
		_, err := x.Put(b.Context(), batch)
		require.NoError(b, err, "%v", causeOf(err))
	}
	require.NoError(b, x.Refresh(b.Context()))
	return x
}

// BenchmarkSearch: the index, and the same request sent straight to the server.
func BenchmarkSearch(b *testing.B) {
	x := stocked(b)
	q := search.ProductQuery{Q: "wireless headphones"}
	body, path := elastic.Request(x, q)
	b.Run("index", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				page, err := x.SearchProducts(b.Context(), q)
				if err != nil || len(page.Items) != search.DefaultLimit {
					b.Error(err)
				}
			}
		})
	})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	b.Run("straight", func(b *testing.B) {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server(b)+path, bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				req.Header.Set("Content-Type", "application/json")
				res, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	})
	b.Run("suggest", func(b *testing.B) {
		for b.Loop() {
			if _, err := x.Suggest(b.Context(), search.SuggestQuery{Q: "wireless h"}); err != nil {
				b.Error(err)
			}
		}
	})
	b.Run("some words", func(b *testing.B) { // few have all three: two requests
		for b.Loop() {
			page, err := x.SearchProducts(b.Context(), search.ProductQuery{Q: "wireless headphones 10"})
			if err != nil || page.Tolerant || len(page.Items) != search.DefaultLimit {
				b.Error(err)
			}
		}
	})
	b.Run("tolerant", func(b *testing.B) {
		for b.Loop() {
			page, err := x.SearchProducts(b.Context(), search.ProductQuery{Q: "wireles hedphones"})
			if err != nil || !page.Tolerant {
				b.Error(err)
			}
		}
	})
}
