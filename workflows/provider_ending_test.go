package workflows_test

import (
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// However an unpaid order ends, its payment ends before a unit moves.
func TestThePaymentEndsBeforeTheOrder(t *testing.T) {
	for name, end := range map[string]func(*scenario){
		"window":    func(*scenario) {},
		"customer":  func(s *scenario) { s.cancel("c1") },
		"delisting": func(s *scenario) { s.delisted("shirt") },
		"Temporal":  func(s *scenario) { s.env.CancelWorkflow() },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.at(time.Minute, func() { s.pay("p1", "sandbox") })
			s.at(2*time.Minute, func() { end(s) })
			s.faults.before[release] = once(func() {
				s.Equal(order.ProviderCancelled, s.till.state("sandbox-1"))
			})
			s.run()
			s.Equal(1, s.faults.count(release))
			s.Equal(1, s.till.count(cancelCall))
			s.Equal(order.PaymentEnded, s.attempt("sandbox-1").Type)
			s.True(s.result.Status == order.StatusExpired || s.result.Status == order.StatusCancelled)
		})
	}
}

func TestAlreadyPaidMeansPaid(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() { s.till.is("sandbox-1", order.ProviderSucceeded) }) // and no callback comes
	s.at(window+time.Minute, func() { s.deliver("d1") })
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal("sandbox-1", s.result.PaymentID)
	s.Zero(s.faults.count(release))
	s.Empty(s.refunds)
}

func TestAlreadyPaidByAWrongAmount(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		s.till.is("sandbox-1", order.ProviderSucceeded)
		s.till.amounts["sandbox-1"] = 999
	})
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
	s.Equal(order.RefundWrongAmount, s.refund("sandbox-1").Reason)
	s.Equal(map[string]int64{"sandbox-1": 999}, s.till.paidOut)
}

// A cancellation at the moment of the payment's success cancels a paid order.
func TestCancelledWhilePaid(t *testing.T) {
	s := open(t, line("shirt", 2))
	var a *asked
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		s.till.is("sandbox-1", order.ProviderSucceeded)
		a = s.cancel("c1")
	})
	s.run()
	s.Equal(saga.VerdictDone, a.Verdict)
	s.Equal([]string{"reserving", "awaiting_payment", "paid", "awaiting_shipment", "units_cancelled", "cancelled"}, s.nodes())
	s.Equal(order.RefundCancelled, s.refund("sandbox-1").Reason)
	s.Equal(map[string]int64{"sandbox-1": 1000}, s.till.paidOut)
}

// As long as money may arrive, the stock stays held.
func TestTheProviderIsAwayWhenTheOrderEnds(t *testing.T) {
	for name, away := range map[string]func(*scenario){
		"away":       func(s *scenario) { s.till.before[cancelCall] = always },
		"processing": func(s *scenario) { s.till.is("sandbox-1", order.ProviderProcessing) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.aGuest(5)
			var late, cancel *asked
			s.at(time.Minute, func() { s.pay("p1", "sandbox"); away(s) })
			s.at(window+2*time.Minute, func() { // the environment tries ten times
				s.Equal(int64(2), s.stockOf("shirt").Held)
				o := s.document()
				s.Equal(order.StatusAwaitingPayment, o.Status)
				s.Equal("payment_unresolved", o.Journal[len(o.Journal)-1].Node)
				late = s.pay("p2", "sandbox")
				cancel = s.cancel("c1")
			})
			s.at(window+150*time.Second, func() {
				delete(s.till.before, cancelCall)
				s.till.is("sandbox-1", order.ProviderOpen)
			})
			s.run()
			s.Equal(saga.VerdictEnding, late.Verdict)
			s.Equal(saga.VerdictTooLateClosed, cancel.Verdict)
			s.Equal(order.StatusExpired, s.result.Status)
			s.Contains(s.extended, "customer-1/"+orderID)
			s.Contains(s.extended, "net:n-1/"+orderID)
		})
	}
}

func TestPaidWhileTheProviderIsAsked(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() {
		s.pay("p1", "sandbox")
		s.till.before[cancelCall] = always
	})
	s.at(window+2*time.Minute, func() { s.pays("sandbox-1") })
	s.at(window+3*time.Minute, func() { s.deliver("d1") })
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Zero(s.faults.count(release))
}
