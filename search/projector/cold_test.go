package projector

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb/redistest"
	"holdfast/search"
)

// An order has left Redis, and a refund arrives later.
func TestLateRefundOfAnOrderThatOnlyTheViewHas(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h, ctx := newHouse(t, rdb), t.Context()
		h.start(nil)
		h.putOrder("o", 3, "pay")
		h.settled()
		before := h.stored("o")
		gone, err := h.docs.Forget(ctx, "o", before.Revision)
		require.NoError(t, err)
		require.True(t, gone)

		require.NoError(t, h.docs.PutRefund(ctx, "o", "pay", "full", []byte(`{"id":"full"}`)))
		h.settled()
		d := h.view.order("o")
		require.Equal(t, int64(3), d.Version)
		require.GreaterOrEqual(t, d.Revision, h.stored("o").Revision)
		require.Greater(t, d.Revision, before.Revision)
		require.Len(t, d.Payments, 2, "those of before stay")
		require.NotEmpty(t, d.Document)

		// It leaves again, and comes back by a later placement under its id.
		gone, err = h.docs.Forget(ctx, "o", h.stored("o").Revision)
		require.NoError(t, err)
		require.True(t, gone)
		h.putOrder("o", 1)
		h.settled()
		h.same(nil, []string{"o"})
		require.Empty(t, h.view.order("o").Payments)
	})
}

// A refund arrives before its order, whose document is still to be stored.
func TestPaymentsOfAnOrderThatNobodyKnowsYet(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		h, ctx := newHouse(t, rdb), t.Context()
		h.start(nil)
		require.NoError(t, h.docs.PutRefund(ctx, "o", "pay", "full", []byte(`{"id":"full"}`)))
		h.settled()
		require.Equal(t, search.Order{}, h.view.order("o"))
		require.Empty(t, h.letters())
		h.putOrder("o", 1)
		h.settled()
		h.same(nil, []string{"o"})
	})
}
