package activities_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
	"holdfast/records"
	"holdfast/saga"
)

// told plays the orders' workflows: each releases its stock when it is signalled.
type told struct {
	*shop
	mu    sync.Mutex
	times map[string]int
	// before runs before an order's own answer; its error is the signal's.
	before func(orderID string) error
}

func (s *shop) told(before func(orderID string) error) *told {
	return &told{shop: s, times: map[string]int{}, before: before}
}

func (o *told) signal(ctx context.Context, orderID string, d saga.Delisting) error {
	o.mu.Lock()
	o.times[orderID]++
	o.mu.Unlock()
	if err := o.before(orderID); err != nil {
		return err
	}
	_, err := o.stock.Release(ctx, product.Holder{OrderID: orderID}, 1, []string{d.ProductID}, "delisted")
	return err
}

func (o *told) cancelAll() activities.HoldersResult {
	o.Helper()
	a := &activities.CancelAll{Holds: o.stock, Signal: o.signal, Settler: o.settler()}
	return execute[activities.HoldersResult](o.shop, a.Execute, saga.Delisting{ProductID: "shirt", Listing: 1})
}

func nothing(string) error { return nil }

func TestEveryHolderOfManyPagesIsToldOnce(t *testing.T) {
	s := open(t)
	const orders = 450 // more than two pages
	deadline := time.Now().Add(time.Hour)
	for i := range orders {
		s.holds(fmt.Sprintf("order-%d", i), deadline) // the same deadline: pages continue by order id
	}
	o := s.told(nothing)
	s.Equal(activities.HoldersResult{Signalled: orders}, o.cancelAll())
	s.Len(o.times, orders)
	for id, n := range o.times {
		s.Equal(1, n, id)
	}
	s.Zero(s.books().Held)
}

// A reserve that won the race puts its order on the list while others are signalled.
func TestHolderThatComesMeanwhileIsToldToo(t *testing.T) {
	s := open(t)
	s.holds("early", time.Now().Add(time.Hour))
	var once sync.Once
	o := s.told(func(string) error {
		once.Do(func() { s.holds("racing", time.Now().Add(time.Minute)) })
		return nil
	})
	s.Equal(activities.HoldersResult{Signalled: 2}, o.cancelAll())
	s.Zero(s.books().Held)
}

func TestHolderThatPaysFirstStays(t *testing.T) {
	s := open(t)
	s.holds("paying", time.Now().Add(time.Hour))
	o := s.told(func(orderID string) error {
		_, err := s.stock.Commit(s.Context(), product.Holder{OrderID: orderID}, []string{"shirt"})
		return err
	})
	s.Equal(activities.HoldersResult{Signalled: 1}, o.cancelAll())
	s.Equal(product.HoldStateCommitted, s.stateOf("paying"))
	s.Equal(units-1, s.books().OnHand)
}

func TestHoldersOfANewerListingAreNotTold(t *testing.T) {
	s := open(t)
	s.holds("older", time.Now().Add(time.Hour))
	s.NoError(s.stock.Delist(t.Context(), "shirt", 1))
	listing, err := s.stock.List(t.Context(), "shirt")
	s.NoError(err)
	s.EqualValues(2, listing)
	s.holds("newer", time.Now().Add(time.Hour))
	o := s.told(nothing)
	s.Equal(activities.HoldersResult{Signalled: 1}, o.cancelAll())
	s.Equal(product.HoldStateHeld, s.stateOf("newer"))
	s.Zero(o.times["newer"])
}

// A workflow that is closed or unknown releases nothing: its hold is settled.
func TestHoldersWithoutAWorkflowAreSettled(t *testing.T) {
	s := open(t)
	for id, r := range rules {
		if id != "running" {
			s.holds(id, time.Now().Add(time.Hour))
			s.fates[id] = r.fate
		}
	}
	o := s.told(func(string) error { return serviceerror.NewNotFound("workflow not found") })
	s.Equal(activities.HoldersResult{Signalled: len(rules) - 1}, o.cancelAll())
	for id, r := range rules {
		if id != "running" {
			s.Equal(r.then, s.stateOf(id), id)
		}
	}
}

// An attempt doesn't run forever: the workflow's page shows what it waits for.
func TestAnAttemptThatEndsSaysWhatItWaitsFor(t *testing.T) {
	s := open(t)
	for i := range 8 {
		s.holds(fmt.Sprintf("order-%d", i), time.Now().Add(time.Hour))
	}
	errAway := errors.New("frontend unavailable")
	a := &activities.CancelAll{
		Holds: s.stock, Signal: s.told(func(string) error { return errAway }).signal, Settler: s.settler(), For: 1,
	}
	env := environment()
	env.RegisterActivity(a.Execute)
	_, err := env.ExecuteActivity(a.Execute, saga.Delisting{ProductID: "shirt", Listing: 1})
	s.ErrorContains(err, "8 orders still hold product shirt")
	s.ErrorContains(err, "that shirt is delisted: frontend unavailable")
	s.ErrorContains(err, "and 3 more can't be signalled or settled")
	s.Equal(product.HoldStateHeld, s.stateOf("order-0"))
}

// One order can't be settled while others hold: they must not wait for it, nor be signalled
// again because of it.
func TestAnOrderThatCantBeSettledNeitherStopsNorRepeatsTheOthers(t *testing.T) {
	s := open(t)
	const others = 100
	s.overdue("stuck", 1, activities.Fate{Known: true, Status: order.StatusAwaitingPayment}) // the first on the list
	deadline := time.Now().Add(time.Hour)
	for i := range others {
		s.holds(fmt.Sprintf("order-%d", i), deadline)
	}
	o := s.told(func(orderID string) error {
		if orderID == "stuck-000" {
			return serviceerror.NewNotFound("workflow not found")
		}
		return nil
	})
	var fails atomic.Int64
	settler := s.settler()
	settler.Documents = failing{s.docs, func() error {
		if s.books().Held > 1 || fails.Load() < 2 {
			fails.Add(1)
			return errFate
		}
		return nil
	}}
	a := &activities.CancelAll{Holds: s.stock, Signal: o.signal, Settler: settler}
	s.Equal(activities.HoldersResult{Signalled: others + 1},
		execute[activities.HoldersResult](s, a.Execute, saga.Delisting{ProductID: "shirt", Listing: 1}))
	s.GreaterOrEqual(fails.Load(), int64(2), "it could not be settled at first")
	for id, n := range o.times {
		s.Equal(1, n, id)
	}
	s.Zero(s.books().Held)
}

// More holds can't be settled than are settled at once, each for as long as it may take:
// the one behind them still gets its turn.
func TestHoldsWhoseProviderHangsLeaveRoomForOthers(t *testing.T) {
	s := open(t)
	s.overdue("stuck", 40, activities.Fate{Known: true, Status: order.StatusAwaitingPayment})
	s.holds("free", time.Now().Add(time.Hour))
	s.fates["free"] = activities.Fate{Known: true, Status: order.StatusExpired}
	settler := s.settler()
	settler.Documents = failing{s.docs, func() error {
		if s.stateOf("free") != product.HoldStateReleased {
			return errFate
		}
		return nil
	}}
	a := &activities.CancelAll{Holds: s.stock, Settler: settler, Signal: func(context.Context, string, saga.Delisting) error {
		return serviceerror.NewNotFound("workflow not found")
	}}
	s.Equal(activities.HoldersResult{Signalled: 41},
		execute[activities.HoldersResult](s, a.Execute, saga.Delisting{ProductID: "shirt", Listing: 1}))
	s.Zero(s.books().Held)
}

// failing can't read an order's payments while it returns an error.
type failing struct {
	*records.Store
	fails func() error
}

func (f failing) Payments(ctx context.Context, orderID string) (map[string][]byte, error) {
	if err := f.fails(); err != nil {
		return nil, err
	}
	return f.Store.Payments(ctx, orderID)
}

// A signal fails for a while: only that order is signalled again.
func TestAnOrderThatCantBeToldIsToldAgainByItself(t *testing.T) {
	s := open(t)
	for _, id := range []string{"a", "b", "c"} {
		s.holds(id, time.Now().Add(time.Hour))
	}
	var once sync.Once
	o := s.told(func(orderID string) (err error) {
		if orderID == "b" {
			once.Do(func() { err = errors.New("frontend unavailable") })
		}
		return err
	})
	s.Equal(activities.HoldersResult{Signalled: 3}, o.cancelAll())
	s.Equal(map[string]int{"a": 1, "b": 2, "c": 1}, o.times)
}

// An attempt's heartbeats are small, however many orders there are.
func TestTheNextAttemptCountsWhatTheLastOneTold(t *testing.T) {
	s := open(t)
	s.holds("left", time.Now().Add(time.Hour))
	a := &activities.CancelAll{Holds: s.stock, Signal: s.told(nothing).signal, Runs: s.fates.runs, Settler: s.settler()}
	s.fates["left"] = activities.Fate{Known: true, Running: true}
	env := environment()
	env.RegisterActivity(a.Execute)
	env.SetHeartbeatDetails(activities.HoldersProgress{Told: 50_000, Left: 1, Failing: 1, Error: "away"})
	v, err := env.ExecuteActivity(a.Execute, saga.Delisting{ProductID: "shirt", Listing: 1})
	s.NoError(err)
	var res activities.HoldersResult
	s.NoError(v.Get(&res))
	s.Equal(50_000, res.Signalled)
}

func (f fates) runs(_ context.Context, orderID string) (bool, error) { return f[orderID].Running, nil }

// An earlier attempt signalled an order that was terminated before it read the signal:
// Temporal accepts the same message again, but no workflow receives it.
func TestAnOrderThatWasToldAndTerminatedIsSettledAtOnce(t *testing.T) {
	s := open(t)
	s.holds("terminated", time.Now().Add(time.Hour))
	s.fates["terminated"] = activities.Fate{Known: true, Status: order.StatusExpired}
	a := &activities.CancelAll{
		Holds: s.stock, Runs: s.fates.runs, Settler: s.settler(), For: 10 * time.Second,
		Signal: func(context.Context, string, saga.Delisting) error { return nil },
	}
	env := environment()
	env.RegisterActivity(a.Execute)
	env.SetHeartbeatDetails(activities.HoldersProgress{Told: 1, Left: 1})
	_, err := env.ExecuteActivity(a.Execute, saga.Delisting{ProductID: "shirt", Listing: 1})
	s.NoError(err)
	s.Equal(product.HoldStateReleased, s.stateOf("terminated"))
}
