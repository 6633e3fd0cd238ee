package registry

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb/redistest"
	"holdfast/webhook"
)

// about is an event about an order.
func about(t *testing.T, orderID string, i int) webhook.Event {
	t.Helper()
	e, err := webhook.NewEvent(fmt.Sprintf("evt-%s-%d", orderID, i), webhook.OrderPaid, time.UnixMilli(int64(1_790_000_000_000+i)).UTC(), map[string]string{"orderId": orderID})
	require.NoError(t, err)
	return e
}

func TestDeliveriesAboutAnOrder(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		found, err := s.OrderDeliveries(ctx, "o", 10)
		require.NoError(t, err)
		require.Empty(t, found, "there is no webhook")
		a, _, err := s.Add(ctx, webhook.Registration{URL: "https://a.example/hooks?key=secret"})
		require.NoError(t, err)
		b, _, err := s.Add(ctx, webhook.Registration{URL: "https://b.example"})
		require.NoError(t, err)

		done := webhook.Tried{Status: webhook.DeliveryDelivered, Run: "r"}
		require.NoError(t, s.Log(ctx, a.ID, about(t, "o", 1), webhook.Tried{Status: webhook.DeliveryPending, Run: "r"}))
		require.NoError(t, s.Log(ctx, a.ID, about(t, "o", 1), done))
		require.NoError(t, s.Log(ctx, b.ID, about(t, "o", 3), done))
		require.NoError(t, s.Log(ctx, a.ID, about(t, "another", 2), done))
		stock, err := webhook.NewEvent("evt-stock", webhook.StockChanged, time.UnixMilli(1_790_000_000_009), map[string]string{"orderId": "o"})
		require.NoError(t, err)
		require.NoError(t, s.Log(ctx, a.ID, stock, done))

		found, err = s.OrderDeliveries(ctx, "o", 10)
		require.NoError(t, err)
		require.Len(t, found, 2, "one event is one delivery, and stock is its product's")
		require.Equal(t, []string{b.ID, a.ID}, []string{found[0].EndpointID, found[1].EndpointID}, "the newest first")
		require.Equal(t, "a.example", found[1].Host, "never the whole URL")
		require.Len(t, found[1].Attempts, 2)
		require.Equal(t, webhook.DeliveryDelivered, found[1].Status)
		found, err = s.OrderDeliveries(ctx, "o", 1)
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, b.ID, found[0].EndpointID)

		// What leaves the log leaves the order's set, and the endpoint takes both along.
		for i := range webhook.KeepDeliveries {
			require.NoError(t, s.Log(ctx, a.ID, about(t, "busy", 100+i), done))
		}
		require.Zero(t, rdb.Exists(ctx, orderKey(a.ID, "o")).Val())
		require.EqualValues(t, webhook.KeepDeliveries, rdb.ZCard(ctx, orderKey(a.ID, "busy")).Val())
		require.NoError(t, s.Remove(ctx, a.ID))
		require.Zero(t, rdb.Exists(ctx, orderKey(a.ID, "busy")).Val())
		require.Positive(t, rdb.PTTL(ctx, orderKey(b.ID, "o")).Val())
	})
}
