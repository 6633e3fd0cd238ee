package inventory_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// part is one return of some units of an order.
type part struct {
	id    string
	items []product.Item
}

// Many returns of one order in any order, some of them more than once: each repetition gets
// the first answer, no more comes back than was bought, and what came back adds up. In the
// end everything is back, and the record of the sale is still there.
func TestReturnsOfPartsAddUpToWhatWasBought(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		store := inventory.New(rdb)
		rapid.Check(t, func(t *rapid.T) {
			ctx, id, me := t.Context(), redistest.ID("shirt"), product.Holder{OrderID: "o", PlacedAt: time.Now()}
			_, _, err := store.Put(ctx, id, shirt(50, 50), nil)
			require.NoError(t, err)
			bought := map[string]int64{"S": rapid.Int64Range(1, 9).Draw(t, "S"), "M": rapid.Int64Range(1, 9).Draw(t, "M")}
			r := request(id, me.OrderID, 1, line("S", bought["S"]), line("M", bought["M"]))
			r.PlacedAt = me.PlacedAt
			_, err = store.Hold(ctx, []product.HoldRequest{r})
			require.NoError(t, err)
			_, err = store.Commit(ctx, me, []string{id})
			require.NoError(t, err)

			parts := make([]part, rapid.IntRange(1, 8).Draw(t, "parts"))
			for i := range parts {
				parts[i].id = fmt.Sprint("return-", i)
				for _, sku := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"S", "M"}), 1, 2, rapid.ID[string]).Draw(t, "skus") {
					parts[i].items = append(parts[i].items, product.Item{SKU: sku, Quantity: rapid.Int64Range(1, 4).Draw(t, "units")})
				}
			}
			first := map[string]map[string]int64{}
			back := map[string]int64{}
			restock := func(p part) {
				units, err := store.Restock(ctx, me, id, p.id, p.items)
				require.NoError(t, err)
				if was, again := first[p.id]; again {
					require.Equal(t, was, units)
					return
				}
				first[p.id] = units
				for _, it := range p.items {
					require.Equal(t, min(it.Quantity, bought[it.SKU]-back[it.SKU]), units[it.SKU])
				}
				for sku, n := range units {
					back[sku] += n
				}
			}
			for _, p := range rapid.SliceOfN(rapid.SampledFrom(parts), 0, 20).Draw(t, "messages") {
				restock(p)
			}
			restock(part{id: product.ReturnID("cancel", "o"), items: []product.Item{
				{SKU: "S", Quantity: bought["S"]}, {SKU: "M", Quantity: bought["M"]},
			}})
			for _, p := range parts {
				restock(p)
			}
			require.Equal(t, bought, back)
			hold, err := store.HoldDetail(ctx, id, me.OrderID)
			require.NoError(t, err)
			require.Equal(t, bought, hold.Returned)
			p, err := store.Get(ctx, id)
			require.NoError(t, err)
			for _, v := range p.Variants {
				require.NoError(t, v.Stock.Check())
				require.Equal(t, int64(50), v.Stock.OnHand)
			}
			left, err := rdb.TTL(ctx, redisdb.Bucket(id)+":hold:"+id+":"+me.OrderID).Result()
			require.NoError(t, err)
			require.Equal(t, time.Duration(-1), left, "the order may still be open")
		})
	})
}
