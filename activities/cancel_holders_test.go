package activities_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"

	"holdfast/activities"
	"holdfast/product"
)

// told plays the orders' workflows: each gives back when it is told.
type told struct {
	*shop
	mu    sync.Mutex
	times map[string]int
	// before runs ahead of an order's own answer; its error is the signal's.
	before func(orderID string) error
}

func (s *shop) told(before func(orderID string) error) *told {
	return &told{shop: s, times: map[string]int{}, before: before}
}

func (o *told) signal(ctx context.Context, orderID string, d activities.DelistParams) error {
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
	return execute[activities.HoldersResult](o.shop, a.Execute, activities.DelistParams{ProductID: "shirt", Listing: 1})
}

func nothing(string) error { return nil }

func TestEveryHolderOfManyPagesIsToldOnce(t *testing.T) {
	s := open(t)
	const orders = 450 // more than two pages
	deadline := time.Now().Add(time.Hour)
	for i := range orders {
		s.holds(fmt.Sprintf("order-%d", i), deadline) // the same deadline: pages go on by order id
	}
	o := s.told(nothing)
	s.Equal(activities.HoldersResult{Signalled: orders}, o.cancelAll())
	s.Len(o.times, orders)
	for id, n := range o.times {
		s.Equal(1, n, id)
	}
	s.Zero(s.books().Held)
}

// A reserve that won the race puts its order on the list while others are told.
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
	s.Equal(product.Committed, s.stateOf("paying"))
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
	s.Equal(product.Held, s.stateOf("newer"))
	s.Zero(o.times["newer"])
}

// A workflow that is closed or unknown gives nothing back: its hold is settled.
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

func TestSignalThatFailsFailsTheWalk(t *testing.T) {
	s := open(t)
	s.holds("order", time.Now().Add(time.Hour))
	errAway := errors.New("frontend unavailable")
	a := &activities.CancelAll{Holds: s.stock, Signal: s.told(func(string) error { return errAway }).signal, Settler: s.settler()}
	env := environment()
	env.RegisterActivity(a.Execute)
	_, err := env.ExecuteActivity(a.Execute, activities.DelistParams{ProductID: "shirt", Listing: 1})
	s.ErrorContains(err, "tell order order that shirt is delisted: frontend unavailable")
	s.Equal(product.Held, s.stateOf("order"))
}
