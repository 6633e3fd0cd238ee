package workflows_test

import (
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// paidAfter pays an order of two products after something happened to its stock.
func paidAfter(t *testing.T, happens func(*scenario)) *scenario {
	t.Helper()
	s := open(t, line("shirt", 2), line("mug", 3))
	s.at(time.Minute, func() { happens(s); s.succeeds("pay-1", 1900) })
	s.later()
	return s
}

var losses = map[string]func(*scenario, string){
	"missing":    (*scenario).losesHold,
	"given back": (*scenario).givesBackHold,
}

func TestLostHoldOfAPaidOrderIsHeldAgain(t *testing.T) {
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			s := paidAfter(t, func(s *scenario) { lose(s, "mug") })
			s.run()
			s.Equal(order.StatusDelivered, s.result.Status)
			s.Equal("pay-1", s.result.PaymentID)
			s.True(s.attempt("pay-1").Taken)
			s.Empty(s.refunds)
		})
	}
}

func TestHeldAgainWhateverTheListingAndThePriceAreByNow(t *testing.T) {
	s := paidAfter(t, func(s *scenario) {
		s.givesBackHold("mug")
		s.losesHold("shirt")
		s.reprices("mug", 999)
		s.NoError(s.stock.Delist(s.Context(), "mug", 1))
	})
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(int64(1900), s.now().Amounts[order.AmountPaid])
	s.Equal(int64(300), s.now().Lines[1].UnitPrice)
}

func TestHeldAgainAlthoughRedisIsAway(t *testing.T) {
	for name, away := range map[string]func(*scenario){
		"request lost":       func(s *scenario) { s.faults.before[hold] = first(4) },
		"answer lost":        func(s *scenario) { s.faults.after[hold] = first(4) },
		"commit lost":        func(s *scenario) { s.faults.before[commit] = first(7) },
		"commit answer lost": func(s *scenario) { s.faults.after[commit] = first(7) },
	} {
		t.Run(name, func(t *testing.T) {
			s := paidAfter(t, func(s *scenario) { s.givesBackHold("mug"); away(s) })
			s.run()
			s.Equal(order.StatusDelivered, s.result.Status)
		})
	}
}

func TestLostWithNoStockLeftGoesBackToTheBuyer(t *testing.T) {
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			s := paidAfter(t, func(s *scenario) { lose(s, "mug"); s.goMissing("mug", 8) })
			s.run()
			s.requireNoStock()
			s.Equal(int64(2), s.stockOf("shirt").Restocked, "the other product's sale is taken back")
			s.Zero(s.stockOf("mug").Restocked)
		})
	}
}

func TestAllLostWithNoStockLeft(t *testing.T) {
	s := paidAfter(t, func(s *scenario) {
		s.losesHold("mug")
		s.givesBackHold("shirt")
		s.goMissing("mug", 10)
		s.goMissing("shirt", 10)
	})
	s.run()
	s.requireNoStock()
	s.Zero(s.stockOf("shirt").Restocked)
}

// What can be held again is held, and is released when the rest can't be had.
func TestOneOfTwoLostHoldsCanBeHadAgain(t *testing.T) {
	s := paidAfter(t, func(s *scenario) {
		s.losesHold("mug")
		s.givesBackHold("shirt")
		s.goMissing("mug", 10)
	})
	s.run()
	s.requireNoStock()
	s.Equal(int64(2), s.stockOf("shirt").Restocked)
}

func TestSaleIsTakenBackOnceAlthoughRedisIsAway(t *testing.T) {
	for name, away := range map[string]func(*scenario){
		"request lost": func(s *scenario) { s.faults.before[restock] = first(4) },
		"answer lost":  func(s *scenario) { s.faults.after[restock] = first(4) },
		"release lost": func(s *scenario) { s.faults.before[release] = first(4) },
	} {
		t.Run(name, func(t *testing.T) {
			s := paidAfter(t, func(s *scenario) { s.losesHold("mug"); s.goMissing("mug", 8); away(s) })
			s.run()
			s.requireNoStock()
			s.Equal(int64(2), s.stockOf("shirt").Restocked)
		})
	}
}

func TestRequestsAndPaymentsWhileASaleIsTakenBack(t *testing.T) {
	s := paidAfter(t, func(s *scenario) { s.losesHold("mug"); s.goMissing("mug", 8); s.faults.before[restock] = first(4) })
	var a *asked
	s.at(time.Minute+time.Second, func() {
		a = s.cancel("c1")
		s.succeeds("pay-1", 1900) // again
		s.succeeds("pay-2", 1900)
	})
	s.run()
	s.Equal(order.ReasonNoStock, s.result.Reason)
	s.Equal(order.RefundNoStock, s.refund("pay-1").Reason)
	s.Equal(order.RefundLate, s.refund("pay-2").Reason)
	s.Equal(order.StatusCancelled, a.Status)
}

func TestNothingPaidAndLostIsCancelledWithoutRefund(t *testing.T) {
	s := open(t, line("gift", 2))
	s.faults.before[commit] = once(func() { s.losesHold("gift"); s.goMissing("gift", 10) })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Equal(order.ReasonNoStock, s.result.Reason)
	s.Empty(s.refunds)
}

func (s *scenario) requireNoStock() {
	s.Helper()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Equal(order.ReasonNoStock, s.result.Reason)
	s.Empty(s.result.PaymentID, "its payment may be refunded")
	r := s.refund("pay-1")
	s.Equal(order.RefundNoStock, r.Reason)
	s.Equal(order.RefundPaid, r.Status)
	s.Equal(int64(1900), r.Amount)
	s.False(s.attempt("pay-1").Taken)
	s.Equal(order.PaymentSucceeded, s.attempt("pay-1").Type)
	// A late request of the second try takes nothing. (It would take a place, for as long
	// as the payment window lasts.)
	s.placement.MaxOpenOrders = 0
	_, err := s.stock.Hold(s.Context(), s.placement.HoldRequests(2, s.now().PlacedAt))
	s.NoError(err)
	s.check()
}

// An order that ends for lack of stock leaves no payment by which its buyer could still
// lose money.
func TestAnOrderWithoutStockEndsItsOtherPayments(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(30*time.Second, func() { s.pay("p1", "sandbox") })
	s.at(time.Minute, func() {
		s.losesHold("shirt")
		s.goMissing("shirt", 10)
		s.succeeds("pay-1", 1000) // not the one that the order waits for
	})
	s.run()
	s.Equal(order.ReasonNoStock, s.result.Reason)
	s.Equal(order.RefundNoStock, s.refund("pay-1").Reason)
	s.Equal(order.ProviderCancelled, s.till.state("sandbox-1"))
	s.Equal(order.PaymentEnded, s.attempt("sandbox-1").Type)
}

func TestAnotherPaymentOfAnOrderWithoutStockGoesBack(t *testing.T) {
	for name, pays := range map[string]func(*scenario){
		"its provider says so when asked": func(s *scenario) { s.till.is("sandbox-1", order.ProviderSucceeded) },
		"it says so by itself":            func(s *scenario) { s.pays("sandbox-1") },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			var again *asked
			s.at(30*time.Second, func() { s.pay("p1", "sandbox") })
			s.at(time.Minute, func() {
				s.losesHold("shirt")
				s.goMissing("shirt", 10)
				s.till.before[cancelCall] = first(3)
				s.succeeds("pay-1", 1000)
			})
			s.at(time.Minute+time.Second, func() { again = s.cancel("c1"); pays(s) })
			s.run()
			s.Equal(order.ReasonNoStock, s.result.Reason)
			s.Equal(saga.VerdictDone, again.Verdict, "it is cancelled, and waits for the provider alone")
			s.Equal(order.RefundLate, s.refund("sandbox-1").Reason)
			s.Equal(map[string]int64{"sandbox-1": 1000, "pay-1": 1000}, s.till.paidOut)
		})
	}
}
