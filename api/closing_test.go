package api_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/saga"
)

// saga changes the saga of an order, and the updates that it was sent.
func (g *gateway) saga(orderID string, change func(*fakeSaga)) {
	g.temporal.set(func(f *fakeTemporal) { change(f.sagas["order/"+orderID]) })
}

func TestRefusalsWithoutAKeyAreNotRemembered(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	deliver := func(header http.Header) answer {
		return g.do(call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/deliver", header: header})
	}
	g.saga(o.ID, func(s *fakeSaga) { s.midStep = true })
	require.Equal(t, "/problems/order-not-paid", deliver(nil).problem(t).Type)
	require.Equal(t, "/problems/order-not-paid", deliver(key("k-1")).problem(t).Type)
	require.Equal(t, http.StatusNoContent, g.callback(success(o.ID, "p-1", 1000)).status)

	require.Equal(t, "/problems/order-not-paid", deliver(key("k-1")).problem(t).Type, "the same call has the same answer")
	for range 2 {
		a := deliver(nil)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Equal(t, order.StatusDelivered, a.order(t).Status)
	}
}

func TestACancellationThatCameTooLateIsAskedAnew(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	cancel := "/v1/orders/" + o.ID + "/cancel"
	// What Temporal has of a call that came in the midst of the commit.
	g.saga(o.ID, func(s *fakeSaga) {
		s.answers = map[string]saga.Answer{saga.CancelUpdate: {Verdict: saga.VerdictTooLatePaid, Version: 2}}
	})
	a := g.post(cancel, nil) // the payment's units could not be had: it waits again
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, order.StatusCancelled, a.order(t).Status)
}

// An update can be let in and never be answered: its workflow had closed first.
func TestAFailureOfAnUpdateIsNotRemembered(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	aborted := temporal.NewApplicationError("completed before the update was", "AcceptedUpdateCompletedWorkflow")
	g.saga(o.ID, func(s *fakeSaga) { s.failures = map[string]error{saga.CancelUpdate: aborted} })
	require.Equal(t, http.StatusOK, g.post("/v1/orders/"+o.ID+"/cancel", nil).status)
}

func TestCallsWithoutAKeyAreOneUpdate(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	waiting := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for _, c := range []struct {
				path   string
				status int
			}{{o.ID + "/cancel", http.StatusOK}, {waiting.ID + "/deliver", http.StatusConflict}} {
				a := g.send(t.Context(), call{method: http.MethodPost, path: "/v1/orders/" + c.path})
				if a.status != c.status {
					t.Errorf("%s: %d %s", c.path, a.status, a.body)
				}
			}
		})
	}
	wg.Wait()
	g.temporal.set(func(f *fakeTemporal) {
		require.Equal(t, map[string]bool{saga.CancelUpdate: true, saga.DeliverUpdate: true}, f.updateIDs, "what is refused at rest is not asked twice")
	})
}

// A cancellation that waits for the payment provider has been asked for already.
func TestACancellationThatWaitsIsAccepted(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	answers := func(v saga.Verdict) answer {
		g.saga(o.ID, func(s *fakeSaga) {
			s.cancels = &saga.Answer{Verdict: v, Status: order.StatusAwaitingPayment, Version: 2}
		})
		return g.post("/v1/orders/"+o.ID+"/cancel", nil)
	}
	a := answers(saga.VerdictEnding)
	require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
	require.Equal(t, order.StatusAwaitingPayment, a.order(t).Status)
	require.NotEmpty(t, a.header.Get("Retry-After"))

	a = answers(saga.VerdictTooManyAttempts)
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "/problems/too-many-attempts", a.problem(t).Type)
	a = answers(saga.VerdictBusy)
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.Equal(t, "/problems/too-many-requests", a.problem(t).Type)
	require.NotEmpty(t, a.header.Get("Retry-After"))
}
