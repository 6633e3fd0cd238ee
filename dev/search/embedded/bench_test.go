package embedded_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/dev/search/embedded"
	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

const benchProducts = 20_000

// benchShop is a shop of many products with made-up names of real words.
func benchShop(b *testing.B) search.Index {
	b.Helper()
	x := open(b, "")
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	started := time.Now()
	for from := 0; from < benchProducts; from += 500 {
		var batch search.Batch
		for i := from; i < from+500; i++ {
			title := fmt.Sprintf("%s %s %s %c%c-%d", pick("Oslo", "Bergen", "Turin", "Kyoto", "Lima", "Graz"),
				pick("wireless", "wooden", "folding", "compact", "heavy", "quiet", "bright"),
				pick("headphones", "lamp", "chair", "sofa", "kettle", "camera", "backpack", "speaker", "jacket"),
				'A'+rune(random.IntN(26)), 'A'+rune(random.IntN(26)), random.IntN(1000))
			price := int64(500 + random.IntN(200_000))
			batch.Products = append(batch.Products, search.Product{
				ID: fmt.Sprintf("p-%05d", i), Version: 1, Status: product.StatusListed, Title: title,
				Description: fmt.Sprintf("Number %d of its kind, made with care by word%d for word%d and word%d.", i,
					random.IntN(20_000), random.IntN(20_000), random.IntN(20_000)),
				Brand: fmt.Sprintf("Brand %d", random.IntN(200)), Category: fmt.Sprintf("Category %d", random.IntN(40)),
				Tags: []string{fmt.Sprintf("tag%d", random.IntN(100)), "all"}, Currency: "EUR", MinPrice: price, MaxPrice: price,
				Available: int64(random.IntN(20)), CreatedAt: time.Unix(int64(i), 0).UTC(),
			})
		}
		put(b, x, batch.Products...)
	}
	b.Logf("%d products put in %s", benchProducts, time.Since(started).Round(time.Millisecond))
	return x
}

func BenchmarkSearch(b *testing.B) {
	x := benchShop(b)
	for name, q := range map[string]search.ProductQuery{
		"one word":       {Q: "headphones"},
		"three words":    {Q: "oslo wireless headphones"},
		"model number":   {Q: "qx-77"},
		"all, by price":  {Sort: search.SortPrice},
		"filters":        {Q: "lamp", Brand: []string{"Brand 7"}, MinPrice: new(int64(1000)), MaxPrice: new(int64(90_000)), InStock: true},
		"with a typo":    {Q: "oslo hedphones"},
		"nothing at all": {Q: "zzzzzz qqqqqq"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := x.SearchProducts(b.Context(), q)
				require.NoError(b, err)
			}
		})
	}
	b.Run("suggest", func(b *testing.B) {
		for b.Loop() {
			_, err := x.Suggest(b.Context(), search.SuggestQuery{Q: "oslo hea"})
			require.NoError(b, err)
		}
	})
	b.Run("put one", func(b *testing.B) {
		p := search.Product{ID: "p-00001", Status: product.StatusListed, Title: "Oslo lamp", Currency: "EUR", Version: 1}
		for b.Loop() {
			p.Version++
			put(b, x, p)
		}
	})
}

// BenchmarkTrickle puts orders a few at a time, as a shop receives them, each twice; then
// it lists and searches.
func BenchmarkTrickle(b *testing.B) {
	const orders, atOnce = 4000, 8
	var x *embedded.Index
	b.Run("put", func(b *testing.B) {
		for b.Loop() {
			x = open(b, b.TempDir())
			for from := 0; from < orders; from += atOnce {
				for revision := int64(1); revision <= 2; revision++ {
					var batch search.Batch
					for i := range atOnce {
						batch.Orders = append(batch.Orders, benchOrder(from+i, revision))
					}
					_, err := x.Put(b.Context(), batch)
					require.NoError(b, err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*orders), "us/order")
	})
}

func benchOrder(i int, revision int64) search.Order {
	at := time.Unix(int64(i), 0).UTC()
	return search.Order{
		ID: fmt.Sprintf("01a1ffe4-ca84-7b6b-b545-%012d", i), Revision: revision, Version: revision,
		CustomerID: fmt.Sprintf("customer-%d", i%500), Status: order.StatusAwaitingPayment,
		ProductIDs: []string{fmt.Sprintf("p-%d", i%200)}, Titles: []string{fmt.Sprintf("Oslo lamp, number %d", i%200)},
		Recipient: fmt.Sprintf("Recipient %d", i%500), Address: fmt.Sprintf("%d High Street, 10%03d Town", i%90, i%500),
		Total: int64(i), Currency: "EUR", PlacedAt: at, UpdatedAt: at,
		Document: json.RawMessage(`{"id":"` + strings.Repeat("x", 1200) + `"}`),
	}
}
