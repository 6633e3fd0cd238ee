package inventory_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// BenchmarkHold measures reservations per second of one product (a flash sale) and of
// 10,000, with 64 buyers at a time, each with a new order. To compare it with
// redis-benchmark running the same script on the same server, see docs/benchmarks.md;
// HOLDFAST_BENCH_SCRIPT=1 prints that command. claim=true also claims a place among the
// customer's open orders, each time for a new customer.
func BenchmarkHold(b *testing.B) {
	for _, claims := range []bool{false, true} {
		benchmarkHold(b, claims)
	}
}

func benchmarkHold(b *testing.B, claims bool) {
	b.Helper()
	for _, products := range []int{1, 10_000} {
		b.Run(fmt.Sprintf("products=%d/claim=%t", products, claims), func(b *testing.B) {
			rdb := redistest.Real(b)
			store := inventory.New(rdb)
			ids := shop(b, store, products)
			if os.Getenv("HOLDFAST_BENCH_SCRIPT") != "" && products == 1 {
				b.Log(inventory.ReserveCommand(ids[0]))
			}
			run := redistest.ID("o")
			var orders atomic.Int64
			deadline := time.Now().Add(15 * time.Minute)
			b.ReportAllocs()
			b.SetParallelism(32) // times GOMAXPROCS
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := orders.Add(1)
					req := product.HoldRequest{
						ProductID: ids[n%int64(products)], OrderID: run + "-" + strconv.FormatInt(n, 10),
						Try: 1, Deadline: deadline, Lines: []product.HoldLine{line("S", 1)},
					}
					if claims {
						req.CustomerID, req.MaxOpenOrders = "c"+req.OrderID, 20
					}
					holds, err := store.Hold(context.Background(), []product.HoldRequest{req})
					if err != nil || holds[0].Outcome != product.HoldMade {
						b.Errorf("hold: %v %v", holds, err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "holds/s")
		})
	}
}

// BenchmarkLook measures the sold-out path: one read of one product, and of how many orders
// of the customer are open.
func BenchmarkLook(b *testing.B) {
	for _, counts := range []bool{false, true} {
		benchmarkLook(b, counts)
	}
}

func benchmarkLook(b *testing.B, counts bool) {
	b.Helper()
	for name, sku := range map[string]string{"named": "S", "left-out": ""} {
		b.Run(fmt.Sprintf("sku=%s/count=%t", name, counts), func(b *testing.B) {
			store := inventory.New(redistest.Real(b))
			ids := shop(b, store, 1)
			buyer := product.Buyer{OrderID: "o"}
			if counts {
				buyer.CustomerID = "c"
			}
			wants := []product.Want{{ProductID: ids[0], SKUs: []string{sku}}}
			b.ReportAllocs()
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, _, err := store.Look(context.Background(), buyer, wants); err != nil {
						b.Errorf("look: %v", err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "looks/s")
		})
	}
}

func shop(b *testing.B, store *inventory.Store, products int) []string {
	b.Helper()
	spec := shirt(product.MaxStock, 0)
	spec.Variants = spec.Variants[:1]
	ids := make([]string, products)
	for i := range ids {
		ids[i] = redistest.ID("bench")
		_, _, err := store.Put(b.Context(), ids[i], spec, nil)
		require.NoError(b, err)
	}
	return ids
}
