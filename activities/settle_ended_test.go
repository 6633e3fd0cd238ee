package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// paying is an order of two mugs and a shirt whose workflow has read its payment and was
// terminated before it had sold all units.
func (s *shop) paying(id string) order.Order {
	s.Helper()
	o := s.placed(id)
	paid := order.Attempt{PaymentID: "p-1", Provider: "sandbox", Type: order.PaymentSucceeded, Amount: 1100, Currency: "EUR"}
	s.fates[id] = activities.Fate{
		Known: true, Status: o.Status, Ended: &o, Payments: map[string]order.Attempt{paid.Key(): paid},
	}
	return o
}

func (s *shop) commits(o order.Order, productIDs ...string) {
	s.Helper()
	states, err := s.stock.Commit(s.Context(), o.Holder(), productIDs)
	s.NoError(err)
	for _, state := range states {
		s.Equal(product.HoldStateCommitted, state)
	}
}

// allBack requires that nothing is sold to or held for an order any more.
func (s *shop) allBack() {
	s.Helper()
	for _, id := range []string{"mug", "shirt"} {
		p, err := s.stock.Get(s.Context(), id)
		s.NoError(err)
		stock := p.Variants[0].Stock
		s.NoError(stock.Check())
		s.Equal(units, stock.OnHand, id)
		s.Zero(stock.Held, id)
	}
}

// A failover lost the sale of one product, and its Redis is down while the order waits to
// hold it again.
func TestWhatAnOrderEndedByForceHadBoughtGoesBack(t *testing.T) {
	s := open(t)
	o := s.paying("half")
	s.commits(o, "mug")
	for range 2 {
		_, err := s.settler().Settle(t.Context(), "shirt", "half")
		s.NoError(err)
		s.allBack()
	}
	s.Positive(s.rdb.TTL(t.Context(), redisdb.Bucket("mug")+":hold:mug:half").Val(), "the record of the sale doesn't stay forever")
	s.Len(s.refunds, 1)
	s.Equal(order.StatusCancelled, s.document("half").Status)
}

// Redis goes down between the return of the sold units and the last one: the hold that
// leads to the order is released last.
func TestTheHoldThatLeadsToAnOrderIsGivenBackLast(t *testing.T) {
	s := open(t)
	s.commits(s.paying("half"), "mug")
	settler := s.settler()
	settler.Stock = noReturns{s.stock}
	_, err := settler.Settle(t.Context(), "shirt", "half")
	s.ErrorIs(err, errAway)
	s.Equal(product.HoldStateHeld, s.state("shirt", "half"))
	_, err = s.settler().Settle(t.Context(), "shirt", "half")
	s.NoError(err)
	s.allBack()
}

type noReturns struct{ activities.Stock }

func (noReturns) Restock(context.Context, product.Holder, string, string, []product.Item) (map[string]int64, error) {
	return nil, errAway
}

// ended lists orders whose workflows were terminated, one per page.
type ended struct {
	orderIDs []string
	err      error
}

func (e *ended) EndedByForce(_ context.Context, _ time.Time, behind []byte, _ int) ([]string, []byte, error) {
	if e.err != nil || len(e.orderIDs) == 0 {
		return nil, nil, e.err
	}
	at := 0
	if len(behind) > 0 {
		at = int(behind[0])
	}
	if at+1 < len(e.orderIDs) {
		return e.orderIDs[at : at+1], []byte{byte(at + 1)}, nil
	}
	return e.orderIDs[at : at+1], nil, nil
}

// later is the sweeper an hour from now.
func (s *shop) later(orderIDs ...string) *activities.Sweeper {
	sweeper := s.sweeper()
	sweeper.Ended = &ended{orderIDs: orderIDs}
	sweeper.Now = func() time.Time { return time.Now().Add(time.Hour) }
	return sweeper
}

// Its units are all sold, by an attempt that ran after the termination: no hold leads to
// it.
func TestAnOrderEndedByForceThatHoldsNothingIsClosed(t *testing.T) {
	s := open(t)
	s.commits(s.paying("sold"), "mug", "shirt")
	sweeper := s.later("sold")
	s.Equal(map[activities.Settling]int{activities.SettlingReleased: 1}, s.sweep(sweeper, nil).Settled)
	s.allBack()
	closed := s.document("sold")
	s.Equal(order.StatusCancelled, closed.Status)
	s.Equal(order.ReasonTerminated, closed.CancelReason)
	s.Len(s.refunds, 1)

	s.Empty(s.sweep(sweeper, nil).Settled, "it is closed")
	s.allBack()
	s.Equal(closed.Version, s.document("sold").Version)
}

func TestOrdersEndedByForceAreLookedAtPageByPage(t *testing.T) {
	s := open(t)
	first, second := s.paying("first"), s.paying("second")
	s.commits(first, "mug", "shirt")
	s.commits(second, "mug", "shirt")
	sweeper, at := s.later("unknown", "first", "second"), activities.SweepCursor{}
	for range 3 {
		s.sweep(sweeper, &at)
	}
	s.allBack()
	s.Empty(at.Ended, "the list starts over")
}

func TestOrdersEndedByForceAreLeftAloneUntilTheirTime(t *testing.T) {
	s := open(t)
	o := s.paying("ended")
	s.commits(o, "mug", "shirt")
	sweeper := s.later("ended")
	sweeper.Now = time.Now
	s.Empty(s.sweep(sweeper, nil).Settled, "its payment window hasn't ended")

	s.fates["ended"] = activities.Fate{Known: true, Running: true} // reset
	s.Empty(s.sweep(s.later("ended"), nil).Settled)
	s.Equal(product.HoldStateCommitted, s.state("mug", "ended"))
	s.Equal(order.StatusAwaitingPayment, s.document("ended").Status)
}

// The worker dies after the document is closed and before the refund is started.
func TestTheRefundOfAClosedOrderIsStartedAtLast(t *testing.T) {
	s := open(t)
	s.commits(s.paying("sold"), "mug", "shirt")
	sweeper := s.later("sold")
	refund := sweeper.Settler.Refund
	sweeper.Settler.Refund = func(context.Context, order.Refund) error { return errors.New("it died") }
	s.Equal(1, s.sweep(sweeper, nil).Failed)
	s.Equal(order.StatusCancelled, s.document("sold").Status)
	s.Empty(s.refunds)
	sweeper.Settler.Refund = refund
	s.Zero(s.sweep(sweeper, nil).Failed)
	s.Len(s.refunds, 1)
}

// The workflow knew that everything is sold, but its document was not stored yet.
func TestAPaidOrderEndedByForceKeepsItsUnitsAndIsWrittenDown(t *testing.T) {
	s := open(t)
	o := s.paying("paid")
	s.commits(o, "mug", "shirt")
	p := s.fates["paid"].Payments["sandbox:p-1"].Event("paid")
	o.Pay(p, time.Now())
	s.fates["paid"] = activities.Fate{Known: true, Status: o.Status, Ended: &o, Payments: s.fates["paid"].Payments}
	s.Empty(s.sweep(s.later("paid"), nil).Settled)
	s.Equal(order.StatusPaid, s.document("paid").Status)
	s.Equal(product.HoldStateCommitted, s.state("mug", "paid"))
	s.Empty(s.refunds)
}

// Its workflow was terminated before it learned that everything is sold and recorded, and a
// failover lost the sale of one product.
func TestAHoldOfAnOrderWhoseDocumentSaysPaidIsSold(t *testing.T) {
	s := open(t)
	o := s.paying("paid")
	s.commits(o, "mug")
	written := o.Clone()
	written.Pay(s.fates["paid"].Payments["sandbox:p-1"].Event("paid"), time.Now())
	rec, err := order.NewRecord(&written, nil)
	s.NoError(err)
	s.NoError(s.docs.Put(t.Context(), rec))
	what, err := s.settler().Settle(t.Context(), "shirt", "paid")
	s.NoError(err)
	s.Equal(activities.SettlingCommitted, what)
	s.Equal(product.HoldStateCommitted, s.state("shirt", "paid"))
	s.Equal(order.StatusPaid, s.document("paid").Status)
	s.Empty(s.refunds)
}

func TestAListOfEndedOrdersThatFailsStopsNoHold(t *testing.T) {
	s := open(t)
	s.overdue("over", 3, activities.Fate{Known: true, Status: order.StatusExpired})
	sweeper := s.sweeper()
	sweeper.Ended = &ended{err: errors.New("no visibility store")}
	res := s.sweep(sweeper, nil)
	s.Equal(1, res.Failed)
	s.Equal(3, res.Settled[activities.SettlingReleased])
}
