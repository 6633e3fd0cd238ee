package activities_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"holdfast/activities"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
)

func (s *shop) sweeper() *activities.Sweeper {
	return &activities.Sweeper{Holds: s.stock, Waiting: s.fates, Settler: s.settler(), Now: time.Now, Pause: 1}
}

// sweep runs the sweeper once; at is where the last run stopped, and is set to where this
// one did.
func (s *shop) sweep(sweeper *activities.Sweeper, at *activities.SweepCursor) activities.SweepResult {
	s.Helper()
	var from activities.SweepCursor
	if at != nil {
		from = *at
	}
	res := execute[activities.SweepResult](s, sweeper.Execute, from)
	if at != nil {
		*at = res.Next
	}
	res.Next = activities.SweepCursor{}
	return res
}

func TestSweeperSettlesEachHoldByItsOrdersFate(t *testing.T) {
	s := open(t)
	now := time.Now()
	overdue := now.Add(-5*time.Minute - time.Second)
	want := activities.SweepResult{Overdue: len(rules) + 1, Settled: map[activities.Settling]int{}, Failed: 1}
	sold := int64(0)
	for id, r := range rules {
		s.holds(id, overdue)
		s.fates[id] = r.fate
		want.Settled[r.what]++
		if r.then == product.HoldStateCommitted {
			sold++
		}
	}
	s.holds("unanswered", overdue)
	s.holds("in-its-grace", now.Add(-5*time.Minute+time.Second))
	s.holds("waiting", now.Add(time.Minute))
	found := make(chan activities.Settling, 100)
	sweeper := s.sweeper()
	sweeper.Found, sweeper.Now = func(w activities.Settling) { found <- w }, func() time.Time { return now }

	s.Equal(want, s.sweep(sweeper, nil))
	for id, r := range rules {
		s.Equal(r.then, s.stateOf(id), id)
	}
	for _, id := range []string{"unanswered", "in-its-grace", "waiting"} {
		s.Equal(product.HoldStateHeld, s.stateOf(id), id)
	}
	s.Equal(units-sold, s.books().OnHand)
	s.Equal(int64(4), s.books().Held) // the three, and that of the running order
	s.Len(found, len(rules)-1, "the metric counts what was settled, and not what runs")

	// What was settled is not found again.
	s.Equal(activities.SweepResult{
		Overdue: 2, Settled: map[activities.Settling]int{activities.SettlingLeftAlone: 1}, Failed: 1,
	}, s.sweep(sweeper, nil))
}

func TestSweeperOfAHealthySystemFindsNothing(t *testing.T) {
	s := open(t)
	s.holds("waiting", time.Now().Add(time.Minute))
	sweeper := s.sweeper()
	sweeper.Waiting = nil // there is nothing to ask
	s.Zero(s.sweep(sweeper, nil).Overdue)
}

// overdue lets orders hold a shirt, the first one the longest overdue.
func (s *shop) overdue(prefix string, n int, fate activities.Fate) {
	s.Helper()
	begin := time.Now().Add(-time.Hour)
	for i := range n {
		id := fmt.Sprintf("%s-%03d", prefix, i)
		s.holds(id, begin.Add(time.Duration(i)*time.Second))
		s.fates[id] = fate
	}
}

// The holds that can't be settled are older than the one that can, and more than a run
// handles.
func TestNoHoldIsOutOfReachBehindThoseThatCantBeSettled(t *testing.T) {
	s := open(t)
	const stuck, each = 300, 20
	s.overdue("stuck", stuck, activities.Fate{Known: true, Status: order.StatusAwaitingPayment}) // it has no document to close
	s.holds("last", time.Now().Add(-30*time.Minute))
	s.fates["last"] = activities.Fate{Known: true, Status: order.StatusExpired}
	s.stuck = "stuck-"
	sweeper, at := s.sweeper(), activities.SweepCursor{}
	sweeper.AtMost = each
	runs, seen := 0, 0
	for s.stateOf("last") != product.HoldStateReleased {
		res := s.sweep(sweeper, &at)
		seen += res.Overdue
		s.Less(res.Overdue, 150, "a run is bounded")
		runs++
		s.LessOrEqual(runs, stuck/each, "the cursor doesn't move")
	}
	s.Greater(runs, 1, "it was out of the first run's reach")
	s.Less(seen, stuck+2)
}

// A provider hangs: each settling has its own time limit, and no other waits for it.
func TestASettlingThatHangsStopsNoOther(t *testing.T) {
	s := open(t)
	s.overdue("free", 20, activities.Fate{Known: true, Status: order.StatusExpired})
	o := s.placed("hanging")
	asked := order.Attempt{PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentCreated, Amount: 1100, Currency: "EUR"}
	s.fates["hanging"] = activities.Fate{
		Known: true, Status: o.Status, Ended: &o, Payments: map[string]order.Attempt{asked.Key(): asked},
	}
	sweeper, free := s.sweeper(), make(chan activities.Settling, 20)
	provider := &hanging{t: t, until: func() bool { return len(free) == cap(free) }}
	sweeper.Settler.Providers = activities.Providers{"sandbox": provider}
	sweeper.Found = func(w activities.Settling) { free <- w }
	sweeper.Now = func() time.Time { return time.Now().Add(time.Hour) }
	res := s.sweep(sweeper, nil)
	s.Equal(20, res.Settled[activities.SettlingReleased])
	s.Equal(2, res.Failed, "its two products")
	s.LessOrEqual(provider.left, 10*time.Second, "it would have had its end")
	s.Equal(product.HoldStateHeld, s.stateOf("hanging"))
}

// partly reads the overdue holds, but of some buckets not always.
type partly struct {
	*inventory.Store
	unread func(bucket int) error
	rounds int
}

func (p *partly) Overdue(ctx context.Context, before time.Time, behind map[int]string, limit int) (map[int]product.HoldPage, error) {
	p.rounds++
	pages, err := p.Store.Overdue(ctx, before, behind, limit)
	for b := range pages {
		if err := p.unread(b); err != nil {
			pages[b] = product.HoldPage{Err: err}
		}
	}
	return pages, err
}

var errAway = errors.New("its master is away")

// A key is damaged, or one master of a cluster is down.
func TestABucketThatCanNotBeReadStopsNoOther(t *testing.T) {
	s := open(t)
	const elsewhere = 7                                                               // the shirt isn't there
	s.overdue("over", 100, activities.Fate{Known: true, Status: order.StatusExpired}) // four pages of their bucket
	sweeper, failed := s.sweeper(), 0
	sweeper.Failed = func(n int) { failed += n }
	holds := &partly{Store: s.stock, unread: func(b int) error {
		if b == elsewhere {
			return errAway
		}
		return nil
	}}
	sweeper.Holds = holds
	at := activities.SweepCursor{Behind: map[int]string{elsewhere: "1000/cap/o"}}
	res := s.sweep(sweeper, &at)
	s.Equal(activities.SweepResult{
		Overdue: 100, Settled: map[activities.Settling]int{activities.SettlingReleased: 100}, Failed: 1, Error: errAway.Error(),
	}, res, "it is asked once in a run")
	s.Equal(1, failed)
	s.Equal(4, holds.rounds)
	s.Equal("1000/cap/o", at.Behind[elsewhere], "it keeps its place")
}

// Redis goes down in the middle of a run.
func TestARunThatEndsEarlyKeepsWhereItCame(t *testing.T) {
	s := open(t)
	s.overdue("over", 100, activities.Fate{Known: true, Status: order.StatusExpired})
	sweeper := s.sweeper()
	holds := &partly{Store: s.stock}
	holds.unread = func(int) error {
		if holds.rounds > 2 {
			return errAway
		}
		return nil
	}
	sweeper.Holds = holds
	var at activities.SweepCursor
	res := s.sweep(sweeper, &at)
	s.Equal(64, res.Settled[activities.SettlingReleased])
	s.Equal(errAway.Error(), res.Error)
	s.Len(at.Behind, 1)
	holds.unread = func(int) error { return nil }
	s.Equal(36, s.sweep(sweeper, &at).Settled[activities.SettlingReleased])
}

func TestARunWithoutRedisFails(t *testing.T) {
	s := open(t)
	sweeper := s.sweeper()
	sweeper.Holds = &partly{Store: s.stock, unread: func(int) error { return errAway }}
	env := environment()
	env.RegisterActivity(sweeper.Execute)
	_, err := env.ExecuteActivity(sweeper.Execute, activities.SweepCursor{})
	s.ErrorContains(err, errAway.Error())
}

// hanging is a provider that doesn't answer until something else has happened.
type hanging struct {
	activities.Provider
	t     *testing.T
	until func() bool
	left  time.Duration // that the request had
}

func (h *hanging) Cancel(ctx context.Context, _ string, _ order.PaymentRequest) (order.Cancellation, error) {
	deadline, bounded := ctx.Deadline()
	assert.True(h.t, bounded)
	h.left = time.Until(deadline)
	assert.Eventually(h.t, h.until, time.Minute, time.Millisecond)
	return order.Cancellation{}, context.DeadlineExceeded
}

// counted counts the queries to Temporal.
type counted struct {
	fates
	mu     sync.Mutex
	lists  int
	asked  map[string]int
	listed func(ids []string) (map[string]bool, error)
}

func (c *counted) Of(ctx context.Context, orderID string) (activities.Fate, error) {
	c.mu.Lock()
	c.asked[orderID]++
	c.mu.Unlock()
	return c.fates.Of(ctx, orderID)
}

func (c *counted) StillWaiting(ctx context.Context, ids []string) (map[string]bool, error) {
	c.lists++
	if c.listed != nil {
		return c.listed(ids)
	}
	return c.fates.StillWaiting(ctx, ids)
}

func (s *shop) counting() (*activities.Sweeper, *counted) {
	c := &counted{fates: s.fates, asked: map[string]int{}}
	sweeper := s.sweeper()
	sweeper.Waiting, sweeper.Settler.Orders = c, c
	return sweeper, c
}

// Orders hold their stock beyond their deadline while their provider doesn't answer.
func TestOrdersThatWaitForTheirProviderAreSkippedTogether(t *testing.T) {
	s := open(t)
	const orders = 320
	s.overdue("waits", orders, activities.Fate{Known: true, Running: true})
	sweeper, c := s.counting()
	at := activities.SweepCursor{}
	s.Equal(orders, s.sweep(sweeper, &at).Settled[activities.SettlingLeftAlone])
	s.LessOrEqual(c.lists, 1+orders/32)
	s.Less(len(c.asked), orders/8)
	for range 15 {
		s.sweep(sweeper, &at)
	}
	s.Len(c.asked, orders, "each is looked at closely now and then")
	for id, n := range c.asked {
		s.Equal(1, n, id)
	}
}

// The list of workflows has permanently missed the end of one.
func TestAListThatIsWrongHoldsNoStockForGood(t *testing.T) {
	s := open(t)
	s.overdue("over", 40, activities.Fate{Known: true, Status: order.StatusExpired})
	sweeper, c := s.counting()
	c.listed = func(ids []string) (map[string]bool, error) {
		all := map[string]bool{}
		for _, id := range ids {
			all[id] = true
		}
		return all, nil
	}
	at := activities.SweepCursor{}
	for range 16 {
		s.sweep(sweeper, &at)
	}
	s.Zero(s.books().Held)
}

func TestWhereTheListCantBeAskedEachOrderIs(t *testing.T) {
	s := open(t)
	s.overdue("waits", 5, activities.Fate{Known: true, Running: true})
	s.overdue("over", 5, activities.Fate{Known: true, Status: order.StatusExpired})
	sweeper, c := s.counting()
	c.listed = func([]string) (map[string]bool, error) { return nil, errors.New("no visibility store") }
	s.Equal(map[activities.Settling]int{activities.SettlingLeftAlone: 5, activities.SettlingReleased: 5}, s.sweep(sweeper, nil).Settled)
	s.Len(c.asked, 10)
}
