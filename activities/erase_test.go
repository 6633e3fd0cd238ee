package activities_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"holdfast/activities"
	"holdfast/customer"
	"holdfast/customers"
	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb/redistest"
	"holdfast/saga"
)

// eraser is a customer's orders, with the workflows that Temporal has of them.
type eraser struct {
	*attic
	customers *customers.Store
	listed    []string
	away      error
	runs      []saga.OrderRun
	refunds   []saga.RefundID
	// running are the orders and refunds whose workflows haven't ended.
	running map[string]bool
	// told are the orders whose workflows were told of the erasure, and forgot those that went on since.
	told   map[string]time.Time
	forgot map[string]bool
	clock  time.Time
	since  time.Time
	// viewed are the revisions that the view has; nil: there is no view.
	viewed map[string]int64
}

func newEraser(t *testing.T, rdb redis.UniversalClient) *eraser {
	return &eraser{
		attic: &attic{t: t, docs: records.New(rdb)}, customers: customers.New(rdb), clock: time.Now().Add(time.Second),
		told: map[string]time.Time{}, forgot: map[string]bool{},
	}
}

func (e *eraser) OrderRuns(context.Context, string, time.Time) iter.Seq2[saga.OrderRun, error] {
	runs := append([]saga.OrderRun(nil), e.runs...)
	return func(yield func(saga.OrderRun, error) bool) {
		for _, r := range runs {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (e *eraser) Runs(_ context.Context, id string) (bool, error) { return e.running[id], nil }

func (e *eraser) DeleteOrderRun(_ context.Context, r saga.OrderRun) (bool, error) {
	if e.running[r.OrderID] && (!e.forgot[r.OrderID] || r.RunID != "old") {
		return e.forgot[r.OrderID], nil
	}
	for i := range e.runs {
		if e.runs[i] == r {
			e.runs = append(e.runs[:i], e.runs[i+1:]...)
			return false, nil
		}
	}
	return true, nil
}

// EraseOrder is answered by a workflow only once it was told twice: it takes a moment.
func (e *eraser) EraseOrder(_ context.Context, id string, isOpen bool, at time.Time) (bool, error) {
	if !e.running[id] {
		return !isOpen, nil
	}
	if e.told[id].Equal(at) {
		e.forgot[id] = true
	}
	e.told[id] = at
	return e.forgot[id], nil
}

func (e *eraser) EraseRefund(_ context.Context, id saga.RefundID, _ time.Time) (bool, error) {
	if e.running[id.RefundID] {
		return false, nil
	}
	e.refunds = append(e.refunds, id)
	return true, nil
}

func (e *eraser) look(before time.Time, last bool) (activities.EraseResult, error) {
	e.t.Helper()
	a := &activities.Eraser{
		OrdersOf: func(context.Context, string, time.Time) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for _, id := range e.listed {
					if !yield(id, nil) {
						return
					}
				}
				if e.away != nil {
					yield("", e.away)
				}
			}
		},
		Read: func(ctx context.Context, id string) (order.Stored, int64, error) {
			st, err := e.docs.ReadMany(ctx, []string{id})
			if err != nil {
				return order.Stored{}, 0, err
			}
			return st[0], 0, nil
		},
		Erase: e.docs.Erase, Workflows: e, Customers: e.customers, Now: func() time.Time { return e.clock },
	}
	if e.viewed != nil {
		a.Viewed = func(context.Context, []string) (map[string]int64, error) { return e.viewed, nil }
	}
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(a.Execute)
	v, err := env.ExecuteActivity(a.Execute, activities.EraseParams{Erasure: saga.Erasure{CustomerID: "ada", Before: before, Since: e.since}, Last: last})
	if err != nil {
		return activities.EraseResult{}, err
	}
	var res activities.EraseResult
	require.NoError(e.t, v.Get(&res))
	return res, nil
}

func (e *eraser) isErased(id string) bool {
	e.t.Helper()
	o, err := e.stored(id).Order()
	require.NoError(e.t, err)
	return !o.ErasedAt.IsZero()
}

// Each order is erased once it is closed and its refunds are over; its history goes a while later.
func TestOrdersAreErasedAsTheyClose(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		e := newEraser(t, rdb)
		e.put("closed", order.StatusCancelled, order.RefundPaid)
		e.put("open", order.StatusAwaitingPayment)
		e.put("owing", order.StatusCancelled, order.RefundDue)
		before := time.Now()
		e.listed = []string{"closed", "open", "owing", "closed", "unknown"}
		e.runs = []saga.OrderRun{{OrderID: "closed", RunID: "1"}, {OrderID: "closed", RunID: "2"}, {OrderID: "open", RunID: "3"}}
		_, err := e.customers.Erase(t.Context(), "ada", before)
		require.NoError(t, err)

		res, err := e.look(before, true)
		require.NoError(t, err)
		require.Equal(t, activities.EraseResult{Erased: 1, Open: 3, Histories: 2}, res)
		require.True(t, e.isErased("closed"))
		require.False(t, e.isErased("open") || e.isErased("owing"))
		require.Len(t, e.runs, 3, "a gateway may have looked for the mark just before it was there")

		e.clock = e.clock.Add(2 * time.Minute)
		e.put("open", order.StatusExpired)
		e.listed = []string{"closed", "open"}
		_, err = e.look(before, true)
		require.NoError(t, err)
		require.Equal(t, []saga.OrderRun{{OrderID: "open", RunID: "3"}}, e.runs)
		state, err := e.customers.Erasure(t.Context(), "ada")
		require.NoError(t, err)
		require.True(t, state.CompletedAt.IsZero())
	})
}

// A closed document doesn't mean that its workflow has ended: it may still have money or stock to give
// back, and so may a refund's.
func TestAnErasureEndsNoWorkflow(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		e := newEraser(t, rdb)
		e.put("closed", order.StatusCancelled)
		before := time.Now()
		e.listed, e.runs = []string{"closed"}, []saga.OrderRun{{OrderID: "closed", RunID: "1"}}
		e.running = map[string]bool{"closed": true}
		_, err := e.customers.Erase(t.Context(), "ada", before)
		require.NoError(t, err)
		for range 2 {
			res, err := e.look(before, true)
			require.NoError(t, err)
			require.Equal(t, activities.EraseResult{Open: 1}, res)
			require.Len(t, e.runs, 1)
			e.clock = e.clock.Add(2 * time.Minute)
		}
		e.running = nil
		res, err := e.look(before, true)
		require.NoError(t, err)
		require.Equal(t, activities.EraseResult{Erased: 1, Histories: 1}, res)
		e.clock = e.clock.Add(2 * time.Minute)
		e.running = map[string]bool{"closed": true} // a run of a later placement under the id
		res, err = e.look(before, true)
		require.NoError(t, err)
		require.Equal(t, activities.EraseResult{Erased: 1, Histories: 1}, res)
		require.Len(t, e.runs, 1)
	})
}

func TestAnErasureIsCompletedOnceNothingIsLeft(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		e := newEraser(t, rdb)
		e.put("closed", order.StatusExpired)
		before := time.Now()
		e.put("later", order.StatusExpired)
		e.listed = []string{"closed", "later"}
		_, err := e.customers.Erase(t.Context(), "ada", before)
		require.NoError(t, err)
		res, err := e.look(before, false)
		require.NoError(t, err)
		require.False(t, res.Completed, "the lists may lag")
		require.False(t, e.isErased("later"), "the same person came back")
		res, err = e.look(before, true)
		require.NoError(t, err)
		require.True(t, res.Completed)
		state, err := e.customers.Erasure(t.Context(), "ada")
		require.NoError(t, err)
		require.False(t, state.CompletedAt.IsZero())
		require.Equal(t, 1, state.Erased)

		_, err = e.customers.Erase(t.Context(), "ada", before.Add(time.Hour))
		require.NoError(t, err)
		require.NoError(t, e.customers.Erasing(t.Context(), customer.Erasure{CustomerID: "ada", RequestedAt: before, CompletedAt: e.clock}))
		state, err = e.customers.Erasure(t.Context(), "ada")
		require.NoError(t, err)
		require.True(t, state.CompletedAt.IsZero(), "a later erasure isn't completed by an earlier one")
	})
}

// An order that stays open keeps nothing about its person for more than thirty days, and neither does a
// closed one that owes money.
func TestAnOrderThatStaysOpenIsErasedInTheEnd(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		e := newEraser(t, rdb)
		e.put("open", order.StatusAwaitingShipment)
		e.put("owing", order.StatusCancelled, order.RefundDue)
		e.put("terminated", order.StatusAwaitingShipment)
		before := time.Now()
		e.listed = []string{"open", "owing", "terminated"}
		e.running = map[string]bool{"open": true, "a": true}
		e.runs = []saga.OrderRun{{OrderID: "open", RunID: "old"}, {OrderID: "open", RunID: "new"}, {OrderID: "terminated", RunID: "1"}}
		_, err := e.customers.Erase(t.Context(), "ada", before)
		require.NoError(t, err)
		e.clock = before.Add(activities.EraseWithin - time.Minute)
		res, err := e.look(before, true)
		require.NoError(t, err)
		require.Equal(t, activities.EraseResult{Open: 3}, res)

		e.clock = before.Add(activities.EraseWithin)
		res, err = e.look(before, true)
		require.NoError(t, err)
		require.Equal(t, 3, res.Erased)
		require.Zero(t, res.Open)
		require.True(t, e.isErased("open") && e.isErased("owing") && e.isErased("terminated"))
		require.Len(t, e.runs, 3, "they know the person, and an open order needs its latest one")
		e.clock = e.clock.Add(time.Minute)
		res, err = e.look(before, true)
		require.NoError(t, err)
		require.False(t, res.Completed)
		require.Equal(t, []saga.OrderRun{{OrderID: "open", RunID: "new"}, {OrderID: "terminated", RunID: "1"}}, e.runs)
		require.Equal(t, activities.EraseResult{Erased: 3, Histories: 3}, res, "the old run, the terminated one, the refund's")

		e.running["terminated"], e.forgot["terminated"] = true, true // it was resumed
		e.running["a"] = false
		e.runs = e.runs[:1]
		res, err = e.look(before, true)
		require.NoError(t, err)
		require.True(t, res.Completed, "%+v", res)
	})
}

// However often an erasure is asked for again, what it first covered waits no longer for that.
func TestAnErasureThatIsAskedForAgainWaitsNoLonger(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		e := newEraser(t, rdb)
		e.put("first", order.StatusAwaitingShipment)
		since := time.Now()
		e.put("second", order.StatusAwaitingShipment)
		e.since, e.listed, e.clock = since, []string{"first", "second"}, since.Add(activities.EraseWithin)
		res, err := e.look(since.Add(activities.EraseWithin-time.Hour), true)
		require.NoError(t, err)
		require.Equal(t, 1, res.Open)
		require.True(t, e.isErased("first"))
		require.False(t, e.isErased("second"))
	})
}

// While one of the lists can't be asked, nothing is said to be completed.
func TestAnErasureWaitsForTheIndex(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		e := newEraser(t, rdb)
		e.away = errors.New("the index is away")
		_, err := e.look(time.Now(), true)
		require.ErrorContains(t, err, "the index is away")
	})
}

// The view is the last to show the person.
func TestAnErasureWaitsForTheView(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		e := newEraser(t, rdb)
		e.put("closed", order.StatusExpired)
		e.put("never-viewed", order.StatusExpired)
		before := time.Now()
		e.listed = []string{"closed", "never-viewed"}
		e.viewed = map[string]int64{"closed": e.stored("closed").Revision}
		for range 2 {
			res, err := e.look(before, true)
			require.NoError(t, err)
			require.Equal(t, activities.EraseResult{Erased: 2, Views: 1}, res)
		}
		e.viewed["closed"] = e.stored("closed").Revision
		res, err := e.look(before, true)
		require.NoError(t, err)
		require.True(t, res.Completed)
	})
}
