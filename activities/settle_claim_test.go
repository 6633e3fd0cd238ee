package activities_test

import (
	"context"
	"testing"
	"time"

	"holdfast/activities"
	"holdfast/coupon"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/redisdb"
)

// offersHalf is a coupon with many uses.
func (s *shop) offersHalf() coupon.Coupon {
	s.Helper()
	c, _, err := s.coupons.Put(s.Context(), coupon.Change{Code: "HALF", Spec: coupon.Spec{Action: price.Action{Rate: 5000}, Limit: 100}})
	s.NoError(err)
	return c
}

// claims lets an order claim the coupon until its deadline.
func (s *shop) claims(orderID string, placedAt, deadline time.Time) {
	s.Helper()
	c := s.offersHalf()
	got, err := s.coupons.Claim(s.Context(), []order.CouponClaim{{
		CouponUse: order.CouponUse{Code: c.Code, Version: c.TermsVersion}, OrderID: orderID, PlacedAt: placedAt, Try: 1, Deadline: deadline,
		QuotedAt: time.Now(),
	}})
	s.NoError(err)
	s.Equal(product.HoldMade, got[0].Outcome)
}

func (s *shop) claimOf(orderID string) product.HoldState {
	s.Helper()
	d, err := s.coupons.ClaimDetail(s.Context(), "HALF", orderID)
	s.NoError(err)
	return d.State
}

func (s *shop) uses() coupon.Books {
	s.Helper()
	c, err := s.coupons.Get(s.Context(), "HALF")
	s.NoError(err)
	s.NoError(c.Check())
	return c.Books
}

func (s *shop) claimsSweeper() *activities.Sweeper {
	sweeper := s.sweeper()
	sweeper.Holds = s.coupons
	return sweeper
}

func TestSweeperSettlesEachClaimByItsOrdersFate(t *testing.T) {
	s := open(t)
	now := time.Now()
	overdue := now.Add(-5*time.Minute - time.Second)
	want := activities.SweepResult{Overdue: len(rules) + 1, Settled: map[activities.Settling]int{}, Failed: 1}
	var books coupon.Books
	for id, r := range rules {
		s.claims(id, time.Time{}, overdue)
		s.fates[id] = r.fate
		want.Settled[r.what]++
		switch r.then {
		case product.HoldStateCommitted:
			books.Committed++
			books.Uses++
		case product.HoldStateHeld:
			books.Claimed++
			books.Uses++
		case product.HoldStateReleased, product.HoldStateNone:
		}
	}
	for id, deadline := range map[string]time.Time{
		"unanswered": overdue, "in-its-grace": now.Add(-5*time.Minute + time.Second), "waiting": now.Add(time.Minute),
	} {
		s.claims(id, time.Time{}, deadline)
		books.Claimed++
		books.Uses++
	}
	sweeper := s.claimsSweeper()
	sweeper.Now = func() time.Time { return now }
	for range 2 {
		s.Equal(want, s.sweep(sweeper, nil))
		for id, r := range rules {
			s.Equal(r.then, s.claimOf(id), "order %s", id)
		}
		s.Equal(books, s.uses())
		// The second run finds what runs, and what can't be asked about.
		want = activities.SweepResult{Overdue: 2, Settled: map[activities.Settling]int{activities.SettlingLeftAlone: 1}, Failed: 1}
	}
	left := func(id string) time.Duration {
		return s.rdb.TTL(t.Context(), redisdb.Bucket("HALF")+":claim:HALF:"+id).Val()
	}
	s.Positive(left("delivered"), "its order is closed")
	s.Negative(left("paid"), "its order is open, and may still be taken back")
}

// The workflow was terminated in the step that had just stored the paid order.
func TestAClaimOfAnOrderWhoseDocumentIsPaidIsCommitted(t *testing.T) {
	s := open(t)
	at := time.Now().Add(-time.Hour).UTC()
	o := order.New(order.Placement{OrderID: "o", Lines: []order.LineRequest{{ProductID: "shirt", Quantity: 1}}}, at)
	ended := o.Clone()
	o.PayNothing(at)
	rec, err := order.NewRecord(&o, nil)
	s.NoError(err)
	s.NoError(s.docs.Put(t.Context(), rec))
	s.fates["o"] = activities.Fate{Known: true, Status: ended.Status, Ended: &ended, PlacedAt: at}
	s.claims("o", at, at.Add(time.Minute))
	s.sweep(s.claimsSweeper(), nil)
	s.Equal(coupon.Books{Uses: 1, Committed: 1}, s.uses())
}

// The id belongs to a later order by now, whose workflow says nothing about the claim.
func TestAClaimOfAnEarlierOrderIsReleased(t *testing.T) {
	s := open(t)
	at := time.Now().Add(-time.Hour).UTC()
	later := order.New(order.Placement{OrderID: "o"}, at.Add(time.Minute))
	rec, err := order.NewRecord(&later, nil)
	s.NoError(err)
	s.NoError(s.docs.Put(t.Context(), rec))
	s.fates["o"] = activities.Fate{Known: true, Running: true, Status: order.StatusPaid}
	s.claims("o", at, at.Add(time.Minute))
	s.sweep(s.claimsSweeper(), nil)
	s.Equal(coupon.Books{}, s.uses())
	s.Equal(product.HoldStateReleased, s.claimOf("o"))
}

// halved lets the order use the coupon: its document says so, and the use is committed.
func (s *shop) halved(o *order.Order) {
	s.Helper()
	c := s.offersHalf()
	o.Pricing = &order.Pricing{Coupons: []order.QuotedCoupon{{Code: c.Code, Version: c.TermsVersion, Limited: true}}}
	o.Version++
	rec, err := order.NewRecord(o, nil)
	s.NoError(err)
	s.NoError(s.docs.Put(s.Context(), rec))
	s.claims(o.ID, o.PlacedAt, o.Payment.Deadline)
	_, err = s.stock.CommitSale(s.Context(), o.Sale(1))
	s.NoError(err)
	s.Equal(coupon.Books{Uses: 1, Committed: 1}, s.uses())
}

// The workflow was terminated between the sale and the end of the payment step: nothing on the
// list of claims leads to its use.
func TestAnOrderEndedByForceGivesItsUseBackEvenIfItWasCommitted(t *testing.T) {
	t.Run("a hold leads to it", func(t *testing.T) {
		s := open(t)
		o := s.placed("half")
		sold := o
		s.halved(&sold) // its stock, too
		s.losesSale("shirt", &sold)
		s.fates["half"] = activities.Fate{Known: true, Status: sold.Status, Ended: &sold}
		for range 2 {
			_, err := s.settler().Settle(t.Context(), "shirt", "half")
			s.NoError(err)
			s.Equal(coupon.Books{Committed: 1, Returned: 1}, s.uses())
		}
	})
	t.Run("its document leads to it", func(t *testing.T) {
		s := open(t)
		o := s.placed("half")
		s.halved(&o)
		s.fates["half"] = activities.Fate{Known: true, Status: o.Status, Ended: &o}
		for range 2 {
			s.sweep(s.later("half"), nil)
			s.Equal(order.StatusCancelled, s.document("half").Status)
			s.Equal(coupon.Books{Committed: 1, Returned: 1}, s.uses())
		}
	})
	t.Run("Redis goes down before it", func(t *testing.T) {
		s := open(t)
		o := s.placed("half")
		s.halved(&o)
		s.fates["half"] = activities.Fate{Known: true, Status: o.Status, Ended: &o}
		sweeper := s.later("half")
		sweeper.Settler.Stock = noCoupons{s.stock}
		s.Equal(1, s.sweep(sweeper, nil).Failed)
		s.Equal(order.StatusAwaitingPayment, s.document("half").Status, "it is how the order is found again")
	})
}

// losesSale lets a product hold again what it had sold, as an older copy of it does.
func (s *shop) losesSale(productID string, o *order.Order) {
	s.Helper()
	s.NoError(s.rdb.Del(s.Context(), redisdb.Bucket(productID)+":hold:"+productID+":"+o.ID).Err())
	s.holds(o.ID, o.Payment.Deadline)
}

type noCoupons struct{ activities.Stock }

func (n noCoupons) ReleaseSale(ctx context.Context, sale order.Sale, reason string) (order.SaleStates, error) {
	if len(sale.Coupons) > 0 {
		return order.SaleStates{}, errAway
	}
	return n.Stock.ReleaseSale(ctx, sale, reason)
}
