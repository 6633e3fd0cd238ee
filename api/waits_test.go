package api_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
)

func TestOneCallerCannotTakeAllPlacesForWaiting(t *testing.T) {
	g := asking(t)
	g.sell(t, 5)
	wait := func(customer string) call {
		a := g.do(orderCall(basketOf("")).as(t, customer, api.RoleCustomer))
		require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
		return call{method: http.MethodGet, path: "/v1/orders/" + a.order(t).ID + "?wait=30s&version=99"}.as(t, customer, api.RoleCustomer)
	}
	ada, bob := wait("ada"), wait("bob")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var waiting sync.WaitGroup
	for range api.CustomersWaits {
		waiting.Go(func() { g.send(ctx, ada) })
	}
	g.untilWaiting(api.CustomersWaits)
	began := time.Now()
	require.Equal(t, http.StatusOK, g.do(ada).status, "one more is answered at once")
	require.Less(t, time.Since(began), 25*time.Second)
	waiting.Go(func() { g.send(ctx, bob) })
	g.untilWaiting(api.CustomersWaits + 1)
	leave()
	waiting.Wait()
	g.untilWaiting(0)
	again, leaveAgain := context.WithCancel(t.Context())
	waiting.Go(func() { g.send(again, ada) })
	g.untilWaiting(1) // what was taken is given back
	leaveAgain()
	waiting.Wait()
}

func TestHeadAnswersWhereverGetDoes(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	paths := []string{"/healthz", "/readyz", "/v1/orders?nonsense=1", "/v1/products/mug", "/problems/stale"}
	for _, c := range contractCalls(t) {
		if c.method == http.MethodGet {
			paths = append(paths, strings.NewReplacer("{id}", "none", "{name}", "stale").Replace(c.path))
		}
	}
	paths = append(paths, "/v1/orders/"+o.ID)
	for _, path := range paths {
		get := g.send(t.Context(), call{method: http.MethodGet, path: path})
		head := g.send(t.Context(), call{method: http.MethodHead, path: path})
		require.Equal(t, get.status, head.status, path)
		require.NotEqual(t, http.StatusMethodNotAllowed, head.status, path)
		require.Equal(t, get.header.Get("Content-Type"), head.header.Get("Content-Type"), path)
		require.Equal(t, get.header.Get("ETag"), head.header.Get("ETag"), path)
	}
	require.Equal(t, http.StatusMethodNotAllowed,
		g.send(t.Context(), call{method: http.MethodHead, path: "/v1/orders/" + o.ID + "/cancel"}).status)
}
