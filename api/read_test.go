package api_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

func TestWaitingForAnOrderToChange(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	path := "/v1/orders/" + o.ID + "?wait=20s&version="

	at := g.get(path + strconv.FormatInt(o.Version-1, 10))
	require.Equal(t, o.Version, at.order(t).Version, "what is newer already is answered at once")
	require.Equal(t, http.StatusOK, g.get("/v1/orders/"+o.ID+"?wait=20").status, "it is decided already")

	for _, most := range []string{"65536", "99999999999999999999", "2000000h"} {
		require.Equal(t, http.StatusOK, g.get("/v1/orders/"+o.ID+"?wait="+most).status, "at most 30 s, however much")
	}

	changed := make(chan answer, 1)
	go func() { changed <- g.get(path + strconv.FormatInt(o.Version, 10)) }()
	g.untilWaiting(1)
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-1", 1000)).status)
	a := within(t, changed)
	require.Equal(t, order.StatusAwaitingShipment, a.order(t).Status)

	start := time.Now()
	same := g.get("/v1/orders/" + o.ID + "?wait=60ms&version=99")
	require.Equal(t, http.StatusOK, same.status, "the time was up")
	require.GreaterOrEqual(t, time.Since(start), 60*time.Millisecond)
}

func TestWaitingForAnOrderToBeDecided(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	g.temporal.set(func(f *fakeTemporal) { f.stuck = true })
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	g.temporal.set(func(f *fakeTemporal) { f.stuck = false })
	changed := make(chan answer, 1)
	go func() { changed <- g.get("/v1/orders/" + o.ID + "?wait=20s") }()
	g.untilWaiting(1)
	g.temporal.set(func(f *fakeTemporal) { require.NoError(t, f.place(t.Context(), f.sagas["order/"+o.ID])) })
	a := within(t, changed)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, order.StatusAwaitingPayment, a.order(t).Status)
}

func TestAWaitEndsWithItsCaller(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan answer, 1)
	go func() {
		gone <- g.send(ctx, call{method: http.MethodGet, path: "/v1/orders/" + o.ID + "?wait=20s&version=9"})
	}()
	g.untilWaiting(1)
	leave()
	require.Equal(t, 499, within(t, gone).status)
	g.untilWaiting(0)
}

// within takes what a goroutine answers, in a bounded time.
func within[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(10 * time.Second):
		t.Fatal("no answer within 10 s")
		panic("unreachable")
	}
}

// untilWaiting waits until so many requests wait for an order.
func (g *gateway) untilWaiting(n int) {
	g.t.Helper()
	require.Eventually(g.t, func() bool { return g.metric("holdfast_http_waiting") == strconv.Itoa(n) },
		10*time.Second, 5*time.Millisecond)
}

// A wait that can't read documents is not a load on Temporal: the workflow is
// asked before and after it.
func TestAWaitDoesNotPollTheWorkflow(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	g.redis.SetError("LOADING")
	same := g.get("/v1/orders/" + o.ID + "?wait=300ms&version=" + strconv.FormatInt(o.Version, 10))
	require.Equal(t, o.Version, same.order(t).Version)
	g.temporal.set(func(f *fakeTemporal) { require.Equal(t, 2, f.queries) })

	changed := make(chan answer, 1)
	go func() {
		changed <- g.get("/v1/orders/" + o.ID + "?wait=300ms&version=" + strconv.FormatInt(o.Version, 10))
	}()
	g.untilWaiting(1)
	g.temporal.set(func(f *fakeTemporal) { f.sagas["order/"+o.ID].order.Pay(success(o.ID, "p-1", 1000), time.Now()) })
	a := within(t, changed)
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, order.StatusPaid, a.order(t).Status, "true at the end of the wait")
}

func TestAWaitGoesOnWhenTheDocumentsAreBack(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	g.redis.SetError("LOADING")
	changed := make(chan answer, 1)
	go func() {
		changed <- g.get("/v1/orders/" + o.ID + "?wait=20s&version=" + strconv.FormatInt(o.Version, 10))
	}()
	g.untilWaiting(1)
	g.redis.SetError("")
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-1", 1000)).status)
	require.Equal(t, order.StatusAwaitingShipment, within(t, changed).order(t).Status)
	g.temporal.set(func(f *fakeTemporal) { require.Equal(t, 1, f.queries) })
}
