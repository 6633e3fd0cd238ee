package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"holdfast/api"
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

func TestACancellationThatCameTooLateIsTriedAgain(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	cancel := "/v1/orders/" + o.ID + "/cancel"
	// What Temporal has stored of a call that came during the commit.
	g.saga(o.ID, func(s *fakeSaga) {
		s.answers = map[string]saga.Answer{saga.CancelUpdate: {Verdict: saga.VerdictTooLatePaid, Version: 2}}
	})
	a := g.post(cancel, nil) // the payment's units could not be had: it waits again
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.Equal(t, order.StatusCancelled, a.order(t).Status)
}

// An update can be accepted and never answered, if its workflow closes first.
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

// A cancellation that waits for the payment provider has already been requested.
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

func TestOnlyStaffGiveOtherReasonsThanTheCustomers(t *testing.T) {
	g := asking(t)
	g.sell(t, 100)
	cancel := func(subject string, role api.Role, body any) answer {
		o := g.do(orderCall(basketOf("")).as(t, "ada", api.RoleCustomer)).order(t)
		return g.do(call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/cancel", body: body}.as(t, subject, role))
	}
	for reason, shown := range map[string]string{
		"": "operator", "customer": "customer", "operator": "operator", "fraud": "fraud", "inventory": "inventory", "other": "other",
	} {
		a := cancel("eve", api.RoleSupport, map[string]string{"reason": reason})
		require.Equal(t, shown, string(a.order(t).CancelReason), "%s", a.body)
	}
	for _, reason := range []string{"", "customer"} {
		a := cancel("ada", api.RoleCustomer, map[string]string{"reason": reason})
		require.Equal(t, order.ReasonCustomer, a.order(t).CancelReason, "%s", a.body)
	}
	// These reasons are set by Holdfast itself and decide what happens to the units: no caller may give them.
	programs := []string{"no_stock", "terminated", "delisted", "payment_refused", "unavailable", "payment_window_passed", "Fraud"}
	for role, reasons := range map[api.Role][]string{
		api.RoleOperator: programs, api.RoleCustomer: append(programs, "operator", "fraud", "inventory", "other"),
	} {
		for _, reason := range reasons {
			a := cancel("ada", role, map[string]string{"reason": reason})
			require.Equal(t, "reason", a.problem(t).Errors[0].Path, "%s by %s: %s", reason, role, a.body)
			require.Equal(t, http.StatusUnprocessableEntity, a.status)
		}
	}
	for _, note := range []string{strings.Repeat("x", 201), strings.Repeat("é", 101), "two\nlines", "a\x00b", "\u202egnp"} {
		a := cancel("ada", api.RoleCustomer, map[string]string{"note": note})
		require.Equal(t, "note", a.problem(t).Errors[0].Path, "%q: %s", note, a.body)
	}
	require.Equal(t, http.StatusOK, cancel("ada", api.RoleCustomer, map[string]string{"note": strings.Repeat("é", 100)}).status)
}

func TestACustomerReadsTheirOwnNoteAndNoneByStaff(t *testing.T) {
	g := asking(t)
	g.sell(t, 20)
	const secret = "looks like a stolen card"
	for _, c := range []struct {
		subject      string
		role         api.Role
		body         map[string]string
		reads, staff map[string]string
	}{
		{
			"eve", api.RoleSupport,
			map[string]string{"reason": "fraud", "note": secret},
			map[string]string{"reason": "operator"},
			map[string]string{"reason": "fraud", "note": secret},
		},
		{
			"eve", api.RoleSupport,
			map[string]string{"reason": "customer", "note": secret},
			map[string]string{"reason": "customer"},
			map[string]string{"reason": "customer", "note": secret},
		},
		{
			"ada", api.RoleCustomer,
			map[string]string{"note": "too small"},
			map[string]string{"reason": "customer", "note": "too small"},
			map[string]string{"reason": "customer", "note": "too small"},
		},
	} {
		o := g.do(orderCall(basketOf("")).as(t, "ada", api.RoleCustomer)).order(t)
		cancel := call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/cancel", body: c.body}
		require.Equal(t, http.StatusOK, g.do(cancel.as(t, c.subject, c.role)).status)
		get := call{method: http.MethodGet, path: "/v1/orders/" + o.ID}
		again := call{method: http.MethodPost, path: "/v1/orders/" + o.ID + "/cancel", body: map[string]string{"note": "once more"}}
		for _, read := range []call{get, again} {
			a := g.do(read.as(t, "ada", api.RoleCustomer))
			require.Equal(t, c.reads, a.order(t).Journal[2].Detail)
			require.Equal(t, c.reads["reason"], string(a.order(t).CancelReason))
			require.NotContains(t, string(a.body), secret)
			require.NotContains(t, string(a.body), "fraud")
			require.NotContains(t, string(a.body), "once more", "the first call's note stays")
		}
		for _, role := range []api.Role{api.RoleOperator, api.RoleFulfilment, api.RoleReadonly} {
			a := g.do(get.as(t, "op", role)).order(t)
			require.Equal(t, c.staff, a.Journal[2].Detail)
			require.Equal(t, c.staff["reason"], string(a.CancelReason))
		}
	}
}
