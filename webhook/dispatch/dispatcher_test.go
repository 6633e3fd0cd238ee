package dispatch

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/streams"
	"holdfast/webhook"
)

func TestWhatIsTold(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		all, orders := s.register(), s.register("order.*")
		some := s.register(webhook.OrderPaid, webhook.ProductDelisted)
		s.run()
		s.put("draft", product.StatusDraft)
		s.put("mug", product.StatusListed)
		s.goes("o", 1, order.StatusAwaitingPayment)
		s.goes("o", 2, order.StatusAwaitingPayment) // a payment was opened: no other status
		s.goes("o", 1, order.StatusPaid)            // late: not stored
		s.goes("o", 3, order.StatusPaid)
		require.NoError(t, s.docs.PutAsked(t.Context(), "o", map[string][]byte{"p": []byte("{}")}))
		s.goes("o", 4, order.StatusDelivered)
		_, err := s.stock.Adjust(t.Context(), product.Adjustment{ProductID: "mug", SKU: "S", ActionID: "a", Delta: new(int64(-3))})
		require.NoError(t, err)
		require.NoError(t, s.stock.Delist(t.Context(), "mug", 1))
		s.settled()
		require.Equal(t, map[string]int{
			webhook.OrderPlaced: 1, webhook.OrderPaid: 1, webhook.OrderDelivered: 1, webhook.StockChanged: 3,
			webhook.ProductListed: 1, webhook.ProductDelisted: 1,
		}, s.office.types(all))
		require.Equal(t, map[string]int{webhook.OrderPlaced: 1, webhook.OrderPaid: 1, webhook.OrderDelivered: 1}, s.office.types(orders))
		require.Equal(t, map[string]int{webhook.OrderPaid: 1, webhook.ProductDelisted: 1}, s.office.types(some))
		for id, d := range s.office.started {
			require.Equal(t, "hooks.example", d.Host, "a URL may hold a secret")
			require.True(t, product.ValidID(id[1]), id[1])
		}
	})
}

func TestWhatAMessageSays(t *testing.T) {
	s := newShop(t, redistest.Real(t))
	require.NoError(t, s.rdb.FlushAll(t.Context()).Err())
	s.register()
	s.run()
	s.put("mug", product.StatusListed)
	s.goes("o", 7, order.StatusPaid)
	s.settled()
	paid := data(t, s.office.of(t, webhook.OrderPaid))
	require.Equal(t, map[string]any{
		"orderId": "o", "status": "paid", "version": 7.0, "customerId": "ada", "currency": "EUR",
		"amounts": map[string]any{order.AmountTotal: 700.0},
	}, paid)
	stock := data(t, s.office.of(t, webhook.StockChanged))
	require.Equal(t, []any{map[string]any{"sku": "S", "onHand": 10.0, "held": 0.0, "available": 10.0}}, stock["stock"])
	require.Equal(t, "product.created", stock["reason"])
	listed := data(t, s.office.of(t, webhook.ProductListed))
	require.Equal(t, "mug", listed["productId"])
	require.Equal(t, "listed", listed["status"])
}

// No endpoint receives what happened before its registration, and a shop without webhooks
// keeps no entries for them.
func TestTheGroupComesAndGoesWithTheEndpoints(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := newShop(t, rdb), t.Context()
		registered := func() bool {
			groups, err := streams.Groups(ctx, rdb)
			require.NoError(t, err)
			return len(groups) == 1 && groups[0] == webhook.Group
		}
		s.goes("before", 1, order.StatusPaid)
		stop := s.run()
		require.False(t, registered())
		time.Sleep(2 * time.Millisecond) //nolint:forbidigo // an entry of the same millisecond would be told of
		first := s.register()
		require.True(t, registered(), "from the answer on")
		s.goes("after", 1, order.StatusPaid)
		s.settled()
		require.Equal(t, map[string]int{webhook.OrderPaid: 1}, s.office.types(first))
		second := s.register()
		require.NoError(t, s.endpoints.Remove(ctx, first))
		require.True(t, registered(), "there is another one")
		require.NoError(t, s.endpoints.Remove(ctx, second))
		require.False(t, registered())
		stream := redisdb.EventsKey(redisdb.Bucket("after"))
		require.Eventually(t, func() bool {
			groups, err := rdb.XInfoGroups(ctx, stream).Result()
			return err == nil && len(groups) == 0
		}, 10*time.Second, 5*time.Millisecond, "and it is gone from the streams")
		stop()

		third := s.register() // nobody reads now
		s.goes("away", 1, order.StatusPaid)
		s.run()
		s.goes("later", 1, order.StatusPaid)
		s.settled()
		require.Equal(t, map[string]int{webhook.OrderPaid: 2}, s.office.types(third))
		disabled := s.register()
		s.update(disabled, webhook.StatusDisabled)
		s.goes("more", 1, order.StatusPaid)
		s.settled()
		require.Empty(t, s.office.types(disabled))
	})
}

// What happens while an endpoint is disabled is not delivered later, even if it is read
// only after the endpoint was enabled again.
func TestADisabledEndpointMissesWhatHappensMeanwhile(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		endpoint := s.register()
		s.update(endpoint, webhook.StatusDisabled)
		s.goes("missed", 1, order.StatusPaid)
		time.Sleep(2 * time.Millisecond) //nolint:forbidigo // an entry of the same millisecond would be told of
		s.update(endpoint, webhook.StatusActive)
		s.goes("told", 1, order.StatusPaid)
		s.run()
		s.settled()
		require.Equal(t, map[string]int{webhook.OrderPaid: 1}, s.office.types(endpoint))
		require.Equal(t, "told", data(t, s.office.of(t, webhook.OrderPaid))["orderId"])
	})
}

// Dispatchers die between any two steps, and Temporal fails before and after accepting a
// start: in the end each event was started for each endpoint, and nothing else.
func TestEachEventIsStartedForEachEndpoint(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		chance := rand.New(rand.NewPCG(1, 2))
		s.office.fails = func(int) (bool, bool) { return chance.IntN(5) == 0, chance.IntN(2) == 0 || chance.IntN(5) > 0 }
		fails := s.office.fails
		s.office.fails = func(n int) (bool, bool) {
			failed, begun := fails(n)
			return failed, begun || !failed // what is answered was started
		}
		a, b := s.register(webhook.OrderPaid), s.register("order.*")
		const orders = 150
		for i := range orders {
			s.goes("o"+strconv.Itoa(i), 1, order.StatusPaid)
			if i%10 == 0 { // two dispatchers, one of which is killed half-way
				ctx, kill := context.WithTimeout(t.Context(), time.Duration(chance.IntN(8))*time.Millisecond)
				other := s.run()
				s.dispatcher().Run(ctx)
				kill()
				other()
			}
		}
		s.run()
		s.settled()
		for _, endpoint := range []string{a, b} {
			require.Equal(t, map[string]int{webhook.OrderPaid: orders}, s.office.types(endpoint))
		}
		told := map[string]bool{}
		for id, d := range s.office.started {
			if id[0] == a {
				told[data(t, d.Event)["orderId"].(string)] = true
			}
		}
		require.Len(t, told, orders)
	})
}

// Redis was emptied, or the group deleted by hand: reading continues.
func TestALostGroupIsMadeAnew(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		endpoint := s.register()
		s.run()
		s.goes("a", 1, order.StatusPaid)
		s.settled()
		require.NoError(t, streams.Destroy(t.Context(), rdb, webhook.Group))
		s.goes("b", 1, order.StatusPaid)
		s.settled()
		require.Equal(t, map[string]int{webhook.OrderPaid: 2}, s.office.types(endpoint), "what came again was not started again")
	})
}

// An unreadable entry is logged and holds up no other.
func TestAnUnreadableEntryHoldsUpNobody(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		endpoint := s.register()
		stream := redisdb.EventsKey(redisdb.Bucket("a"))
		for _, bad := range []string{
			"v 2 entity order id a", "v 1 entity order id a", "v 1 entity product id a version 1 at x",
			"v 1 entity product id a version 1 at 1 stock nonsense", "v 1 entity parcel id a", "x y",
			"v 1 entity order id a version 1 at 1 type order.changed status packed was paid",
		} {
			require.NoError(t, rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, Values: strings.Fields(bad)}).Err())
		}
		s.goes("a", 1, order.StatusPaid)
		s.run()
		s.settled()
		require.Equal(t, map[string]int{webhook.OrderPaid: 1}, s.office.types(endpoint))
	})
}
