package projector

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb/redistest"
	"holdfast/streams"
)

// The streams are on several masters, which other tests use at the same time: nothing may
// be trimmed there, so a group is registered that has read nothing.
func TestStreamsOnSeveralMasters(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx := t.Context()
		require.NoError(t, rdb.SAdd(ctx, streams.GroupsKey(), "tests-of-others").Err())
		h := newHouse(t, rdb)
		h.start(nil)
		h.start(nil)
		changes := NewChanges(rdb)
		pos, err := changes.Begin(ctx)
		require.NoError(t, err)
		var products, orders []string
		for range 40 {
			products, orders = append(products, redistest.ID("product")), append(orders, redistest.ID("order"))
		}
		for i := range products {
			h.putProduct(products[i], "Title")
			h.putOrder(orders[i], 1, "pay")
		}
		for i := range products {
			h.until("the product "+products[i], func() bool { return h.view.product(products[i]).ID != "" })
			h.until("the order "+orders[i], func() bool { return h.view.order(orders[i]).ID != "" })
		}
		h.same(products, orders)
		changed, _, err := changes.Since(ctx, pos)
		require.NoError(t, err)
		require.Subset(t, changed.Products, products)
		require.Subset(t, changed.Orders, orders)
		require.NoError(t, changes.End(ctx))
		_, err = Trim(ctx, rdb)
		require.NoError(t, err)
		p, err := New(h.options())
		require.NoError(t, err)
		require.NoError(t, p.upkeepOnce(ctx))
	})
}
