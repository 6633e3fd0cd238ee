package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/dev/redis"
	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	sagaclient "holdfast/saga/client"
)

// TestOrdersOutliveAnOutageOfRedis has a stack of its own, since it stops its Redis: first
// it hangs, then it is killed.
func TestOrdersOutliveAnOutageOfRedis(t *testing.T) {
	redistest.Program(t)
	dir := t.TempDir()
	server := startRedis(t, redis.Options{Dir: dir})
	st, err := stack.Start(t.Context(), stack.Options{RedisURL: server.URL(), WithoutUI: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stop(st)) })
	shop, err := shoptest.At(st.URL)
	require.NoError(t, err)
	defer shop.Close()
	shop.Offer(t, "outage", 3)
	shop.Offer(t, "gone", 0)
	two := []shoptest.Line{{ProductID: "outage", Quantity: 2}}
	waiting := shop.Place(t, shoptest.Line{ProductID: "outage", Quantity: 1})

	pid := pidOf(t, server)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	held := placeUndecided(t, shop, st, two)
	require.Equal(t, "ok", readiness(t, shop, http.StatusServiceUnavailable)["temporal"])
	require.NotEqual(t, "ok", readiness(t, shop, http.StatusServiceUnavailable)["redis"])
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	shop.Await(t, held.ID, order.StatusAwaitingPayment)
	readiness(t, shop, http.StatusOK)
	refused := shop.Must(t, http.StatusConflict, shoptest.Placement(t, "", shoptest.Line{ProductID: "gone", Quantity: 1}))
	require.Equal(t, "insufficient-stock", refused.Problem(t))
	shop.RequireStock(t, "outage", 3, 3)

	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	<-server.Done()
	rejected := placeUndecided(t, shop, st, two)
	shop.Tell(t, shoptest.PaymentOf(waiting)) // Temporal keeps it until the units can be sold
	startRedis(t, redis.Options{Dir: dir, Port: portOf(t, server)})
	rejected = shop.Await(t, rejected.ID, order.StatusRejected)
	require.EqualValues(t, "insufficient_stock", rejected.CancelReason)
	shop.Await(t, waiting.ID, order.StatusAwaitingShipment)
	require.Equal(t, order.StatusAwaitingPayment, shop.Order(t, held.ID).Status)
	shop.RequireStock(t, "outage", 2, 2)
	booksOf(st).RequireClean(t)
}

// placeUndecided places an order as a gateway does that quoted it just before Redis went away. A
// gateway that can't quote it refuses it.
func placeUndecided(t *testing.T, shop *shoptest.Shop, st *stack.Stack, lines []shoptest.Line) order.Order {
	t.Helper()
	refused := shop.Must(t, http.StatusServiceUnavailable, shoptest.Placement(t, "", lines...))
	require.Equal(t, "stock-unavailable", refused.Problem(t))
	require.NotEmpty(t, refused.Header.Get("Retry-After"))

	p := order.Placement{
		OrderID: uuid.NewString(), CustomerID: "c-1", Currency: "EUR", PaymentWindow: 15 * time.Minute,
		Saga: order.SagaVersion, Quote: &order.Quote{Currency: "EUR"},
	}
	for _, l := range lines {
		p.Lines = append(p.Lines, order.LineRequest{ProductID: l.ProductID, Quantity: l.Quantity})
		p.Quote.Lines = append(p.Quote.Lines, order.QuotedLine{SKU: l.ProductID + "-1", UnitPrice: shoptest.Price})
		p.Quote.Items += shoptest.Price * l.Quantity
	}
	p.Quote.Total = p.Quote.Items
	placed, err := sagaclient.New(st.Temporal, st.Namespace).Place(t.Context(), p)
	require.NoError(t, err)
	require.False(t, placed.Decided)
	a := shop.Must(t, http.StatusAccepted, shoptest.Call{Method: http.MethodGet, Path: "/v1/orders/" + p.OrderID})
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	var o order.Order
	a.Into(t, &o)
	require.Equal(t, order.StatusReserving, o.Status)
	return o
}

func readiness(t *testing.T, shop *shoptest.Shop, status int) map[string]string {
	t.Helper()
	var ready struct {
		Checks map[string]string `json:"checks"`
	}
	var a shoptest.Answer
	require.Eventually(t, func() bool { // at the next probe
		var err error
		a, err = shop.Do(t.Context(), shoptest.Call{Method: http.MethodGet, Path: "/readyz"})
		return err == nil && a.Status == status
	}, 10*time.Second, 50*time.Millisecond)
	a.Into(t, &ready)
	return ready.Checks
}

func startRedis(t *testing.T, opts redis.Options) redis.Server {
	t.Helper()
	server, err := redis.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Stop(untilCleanup{t}.Context()) }) // it may have been killed
	return server
}

func pidOf(t *testing.T, server redis.Server) int {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), server.URL())
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }()
	info, err := rdb.Info(t.Context(), "server").Result()
	require.NoError(t, err)
	for line := range strings.Lines(info) {
		if n, ok := strings.CutPrefix(line, "process_id:"); ok {
			pid, err := strconv.Atoi(strings.TrimSpace(n))
			require.NoError(t, err)
			return pid
		}
	}
	t.Fatal("Redis doesn't tell its process id")
	return 0
}

func portOf(t *testing.T, server redis.Server) int {
	t.Helper()
	_, rest, _ := strings.Cut(server.URL(), "127.0.0.1:")
	port, err := strconv.Atoi(strings.TrimSuffix(rest, "/0"))
	require.NoError(t, err)
	return port
}
