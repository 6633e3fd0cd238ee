package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// ordersView is what a view reports; before is called when it is queried.
type ordersView struct {
	has    map[string]int64
	before func()
	away   error
}

func (v *ordersView) Revisions(_ context.Context, ids []string) (map[string]int64, error) {
	if v.before != nil {
		v.before()
	}
	there := map[string]int64{}
	for _, id := range ids {
		if rev, ok := v.has[id]; ok {
			there[id] = rev
		}
	}
	return there, v.away
}

// attic is orders of several kinds, last changed now.
type attic struct {
	t    *testing.T
	docs *records.Store
	view *ordersView
	// open orders' workflows are not closed for long enough; away means that Temporal can't
	// answer.
	open map[string]bool
	away error
}

// ClosedBefore reports all others as forgotten by Temporal.
func (a *attic) ClosedBefore(_ context.Context, ids []string, _ time.Time) (map[string]bool, error) {
	closed := map[string]bool{}
	for _, id := range ids {
		closed[id] = !a.open[id]
	}
	return closed, a.away
}

func (a *attic) put(id string, status order.Status, refunds ...order.RefundStatus) {
	a.t.Helper()
	o := order.Order{ID: id, Version: 3, CustomerID: "ada", Status: status, PlacedAt: time.Now(), UpdatedAt: time.Now()}
	r, err := order.NewRecord(&o, map[string]order.Attempt{"pay": {PaymentID: "pay"}})
	require.NoError(a.t, err)
	require.NoError(a.t, a.docs.Put(a.t.Context(), r))
	for i, s := range refunds {
		a.refund(id, string(rune('a'+i)), s)
	}
}

func (a *attic) refund(id, refund string, status order.RefundStatus) {
	a.t.Helper()
	doc, err := json.Marshal(order.Refund{ID: refund, OrderID: id, Status: status})
	require.NoError(a.t, err)
	require.NoError(a.t, a.docs.PutRefund(a.t.Context(), id, "pay", refund, doc))
}

func (a *attic) stored(id string) order.Stored {
	a.t.Helper()
	all, err := a.docs.ReadMany(a.t.Context(), []string{id})
	require.NoError(a.t, err)
	return all[0]
}

// there reports whether anything of the order is left in Redis.
func (a *attic) there(id string) bool { return a.stored(id).Revision > 0 }

// sees stores the orders' current state in the view.
func (a *attic) sees(ids ...string) {
	a.t.Helper()
	for _, id := range ids {
		a.view.has[id] = a.stored(id).Revision
	}
}

// forget runs the activity some time from now.
func (a *attic) forget(after time.Duration) (activities.ForgetResult, int, error) {
	a.t.Helper()
	moved := 0
	f := &activities.Forgetter{
		Orders: a.docs, View: a.view, Workflows: a, Keep: 30 * 24 * time.Hour, Moved: func(n int) { moved += n },
		Now: func() time.Time { return time.Now().Add(after) },
	}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(f.Execute)
	v, err := env.ExecuteActivity(f.Execute)
	if err != nil {
		return activities.ForgetResult{}, moved, err
	}
	var res activities.ForgetResult
	require.NoError(a.t, v.Get(&res))
	return res, moved, nil
}

const month = 30 * 24 * time.Hour

func eachAttic(t *testing.T, test func(a *attic)) {
	t.Helper()
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		test(&attic{t: t, docs: records.New(rdb), view: &ordersView{has: map[string]int64{}}})
	})
}

func TestOnlyWhatIsOverAndInTheViewLeaves(t *testing.T) {
	eachAttic(t, func(a *attic) {
		all := map[string]bool{ // leaves
			"delivered": true, "expired": true, "cancelled": true, "rejected": true, "paid": false, "waiting": false,
			"unseen": false, "lagging": false, "owed": false, "case": false, "kept": true, "unknown": false,
		}
		a.put("delivered", order.StatusDelivered)
		a.put("expired", order.StatusExpired)
		a.put("cancelled", order.StatusCancelled)
		a.put("rejected", order.StatusRejected)
		a.put("paid", order.StatusPaid)
		a.put("waiting", order.StatusAwaitingPayment)
		a.put("unseen", order.StatusDelivered)
		a.put("owed", order.StatusDelivered, order.RefundNotOwed, order.RefundDue)
		a.put("case", order.StatusDelivered, order.RefundCase)
		a.put("kept", order.StatusDelivered, order.RefundNotOwed)
		a.put("unknown", order.StatusDelivered, "of a later version")
		a.put("lagging", order.StatusDelivered)
		for id := range all {
			if id != "unseen" {
				a.sees(id)
			}
		}
		a.refund("lagging", "z", order.RefundNotOwed) // the view hasn't received it

		res, _, err := a.forget(month - time.Hour)
		require.NoError(a.t, err)
		require.Zero(a.t, res.Moved, "too soon")
		res, moved, err := a.forget(month + time.Hour)
		require.NoError(a.t, err)
		for id, leaves := range all {
			require.Equal(a.t, leaves, !a.there(id), id)
		}
		require.Equal(a.t, 5, res.Moved)
		require.Equal(a.t, 5, moved)
		require.Positive(a.t, res.Missing)
		res, _, err = a.forget(month + time.Hour)
		require.NoError(a.t, err)
		require.Zero(a.t, res.Moved, "again: nothing")
	})
}

// The view has another history than Redis, so Redis may have the only copy.
// A delivered order is open until its return window is over, however long that takes.
func TestDeliveredOrderThatIsStillOpenStays(t *testing.T) {
	eachAttic(t, func(a *attic) {
		for id, closedAt := range map[string]time.Time{"open": {}, "over": time.Now()} {
			o := order.Order{
				Shape: 2, ID: id, Version: 3, CustomerID: "ada", Status: order.StatusDelivered, PlacedAt: time.Now(), UpdatedAt: time.Now(),
				ClosedAt: closedAt, Fulfilment: &order.Fulfilment{Packages: []order.Package{{ID: "p", Number: 1}}},
			}
			r, err := order.NewRecord(&o, nil)
			require.NoError(a.t, err)
			require.NoError(a.t, a.docs.Put(a.t.Context(), r))
			a.sees(id)
		}
		res, _, err := a.forget(month + time.Hour)
		require.NoError(a.t, err)
		require.Equal(a.t, 1, res.Moved)
		require.True(a.t, a.there("open"))
		require.False(a.t, a.there("over"))
		stored, err := a.docs.ReadMany(a.t.Context(), []string{"over"})
		require.NoError(a.t, err)
		require.False(a.t, stored[0].Found, "its packages are gone, too")
	})
}

func TestOrderThatTheViewIsAheadOfStays(t *testing.T) {
	eachAttic(t, func(a *attic) {
		a.put("o", order.StatusDelivered)
		a.put("same", order.StatusDelivered)
		a.refund("late", "late", order.RefundNotOwed)
		a.sees("o", "same", "late")
		a.view.has["o"]++
		a.view.has["late"]++
		res, _, err := a.forget(month + time.Hour)
		require.NoError(a.t, err)
		require.Equal(a.t, 1, res.Moved)
		require.Positive(a.t, res.Ahead)
		require.Zero(a.t, res.Missing)
		require.True(a.t, a.there("o"))
		require.True(a.t, a.there("late"))
		require.False(a.t, a.there("same"))
	})
}

// What counts is when the workflow closed: its document may have been closed long before.
func TestOrderWhoseWorkflowIsNotClosedForLongStays(t *testing.T) {
	eachAttic(t, func(a *attic) {
		a.put("o", order.StatusDelivered)
		a.put("stuck", order.StatusDelivered)
		a.sees("o", "stuck")
		a.open = map[string]bool{"stuck": true}
		res, _, err := a.forget(month + time.Hour)
		require.NoError(a.t, err)
		require.Equal(a.t, 1, res.Moved)
		require.Positive(a.t, res.Open)
		require.True(a.t, a.there("stuck"))

		a.away = errors.New("away")
		_, _, err = a.forget(month + time.Hour)
		require.ErrorContains(a.t, err, "away")
		require.True(a.t, a.there("stuck"))
		a.open, a.away = nil, nil
		res, _, err = a.forget(month + time.Hour)
		require.NoError(a.t, err)
		require.Equal(a.t, 1, res.Moved)
	})
}

// A refund arrives between the query to the view and the deletion.
func TestOrderThatChangesMeanwhileStays(t *testing.T) {
	eachAttic(t, func(a *attic) {
		a.put("o", order.StatusDelivered)
		a.sees("o")
		a.view.before = func() { a.refund("o", "late", order.RefundDue) }
		res, _, err := a.forget(month + time.Hour)
		require.NoError(a.t, err)
		require.Zero(a.t, res.Moved)
		require.Positive(a.t, res.Changed)
		require.True(a.t, a.stored("o").Found)
		require.Len(a.t, a.stored("o").Payments, 2)
	})
}

func TestNothingLeavesWhileTheViewIsAway(t *testing.T) {
	eachAttic(t, func(a *attic) {
		a.put("o", order.StatusDelivered)
		a.sees("o")
		a.view.away = errors.New("away")
		_, _, err := a.forget(month + time.Hour)
		require.ErrorContains(a.t, err, "away")
		require.True(a.t, a.there("o"))
	})
}

// Payments that arrived after their order had left follow it; those of an unknown order
// stay.
func TestLatePaymentsFollowTheirOrder(t *testing.T) {
	eachAttic(t, func(a *attic) {
		for _, id := range []string{"known", "unknown"} {
			a.refund(id, "late", order.RefundNotOwed)
		}
		a.sees("known")
		res, _, err := a.forget(month + time.Hour)
		require.NoError(a.t, err)
		require.Equal(a.t, 1, res.Moved)
		require.False(a.t, a.there("known"))
		require.True(a.t, a.there("unknown"))
	})
}

func TestUnreadableOrdersStay(t *testing.T) {
	eachAttic(t, func(a *attic) {
		for _, doc := range []string{"[", `{"id":"other","status":"delivered"}`} {
			require.NoError(a.t, a.docs.Put(a.t.Context(), order.Record{OrderID: "o", Version: int64(len(doc)), Doc: []byte(doc)}))
			a.sees("o")
			res, _, err := a.forget(month + time.Hour)
			require.NoError(a.t, err)
			require.Equal(a.t, 1, res.Unreadable)
			require.True(a.t, a.there("o"))
		}
	})
}
