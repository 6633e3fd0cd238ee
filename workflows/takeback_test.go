package workflows_test

import (
	"testing"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// A new master may lack the sale of a paid order, or its hold too. Cancelling that order
// adds no unit that was never taken.
func TestCancelOfAPaidOrderWhoseSaleWasLostAddsNothing(t *testing.T) {
	for name, since := range map[string]time.Duration{"the hold": 0, "the sale": 30 * time.Second} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2), line("mug", 3))
			var lose func()
			if since == 0 { // before the order is placed
				lose = s.keep("mug")
			} else {
				s.at(since, func() { lose = s.keep("mug") })
			}
			s.at(time.Minute, func() { s.succeeds("pay-1", 1900) })
			var a *asked
			s.at(time.Hour, func() {
				s.Equal(order.StatusAwaitingShipment, s.now().Status)
				lose()
				a = s.cancel("c1")
			})
			s.run()
			s.Equal(saga.VerdictDone, a.Verdict)
			s.Equal(order.StatusCancelled, s.result.Status)
			s.Equal(order.RefundCancelled, s.refund("pay-1").Reason)
			s.Equal(product.Stock{OnHand: units, Adjusted: units}, s.stockOf("mug"))
			s.Equal(int64(2), s.stockOf("shirt").Restocked)
		})
	}
}

// A sale is remembered for as long as its order is open: its units can come back even after
// months, and only once.
func TestCancelOfAnOrderThatWasPaidMonthsAgoGivesItsUnitsBack(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	var early bool
	s.at(time.Hour, func() { early = true; s.redis.FastForward(90 * 24 * time.Hour) })
	var a *asked
	s.at(90*24*time.Hour, func() { a = s.cancel("c1") })
	s.faults.after[restock] = first(3) // it comes back, but the answer is lost
	s.run()
	s.True(early)
	s.Equal(saga.VerdictDone, a.Verdict)
	s.Equal(int64(2), s.stockOf("shirt").Restocked)
	s.redis.FastForward(31 * 24 * time.Hour)
	hold, err := s.stock.HoldDetail(s.Context(), "shirt", orderID)
	s.NoError(err)
	s.Equal(product.HoldStateNone, hold.State, "and is forgotten once the order is closed")
}

// A delivered order closes its sale, in a step that is repeated until it succeeds.
func TestDeliveryClosesTheSale(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[closing] = first(5)
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Greater(s.faults.count(closing), 5)
	hold, err := s.stock.HoldDetail(s.Context(), "shirt", orderID)
	s.NoError(err)
	s.Equal(product.HoldStateCommitted, hold.State)
	s.redis.FastForward(31 * 24 * time.Hour)
	hold, err = s.stock.HoldDetail(s.Context(), "shirt", orderID)
	s.NoError(err)
	s.Equal(product.HoldStateNone, hold.State)
}
