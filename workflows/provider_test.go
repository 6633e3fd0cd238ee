package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// pays is a success of a payment that the saga opened.
func (s *scenario) pays(id string) {
	s.till.is(id, order.ProviderSucceeded)
	s.succeeds(id, 1000)
}

func TestWhoWantsToPayGetsOnePayment(t *testing.T) {
	s := open(t, line("shirt", 2))
	var one, two, other, late *asked
	s.at(time.Minute, func() { one = s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		two = s.pay("p2", "sandbox")
		s.Equal(order.PaymentCreated, s.attempt("sandbox-1").Type, "it is on record before it is answered")
	})
	s.at(3*time.Minute, func() { other = s.pay("p3", "other") })
	s.at(4*time.Minute, func() {
		s.Equal(1, s.till.live()+s.other.live())
		e := s.event(order.PaymentSucceeded, "other-2", 1000)
		e.Provider = "other"
		s.env.SignalWorkflow(saga.PaymentSignal, e)
	})
	s.at(5*time.Minute, func() { late = s.pay("p4", "sandbox") })
	s.later()
	s.run()
	first := saga.OpenPayment{Provider: "sandbox", ID: "sandbox-1", Attempt: 1, Amount: 1000, Currency: "EUR", New: true}
	s.Equal(&first, one.Payment)
	first.New = false
	s.Equal(&first, two.Payment)
	s.Equal(&saga.OpenPayment{
		Provider: "other", ID: "other-2", Attempt: 2, Amount: 1000, Currency: "EUR", New: true,
	}, other.Payment)
	s.Equal(order.ProviderCancelled, s.till.state("sandbox-1"), "there are never two that can be paid")
	s.Equal(1, s.till.count(createCall))
	s.Equal(order.PaymentEnded, s.attempt("sandbox-1").Type)
	s.Equal(saga.VerdictTooLatePaid, late.Verdict)
	s.Nil(late.Payment)
	s.Equal("other", s.result.Provider)
	s.Equal("other-2", s.result.PaymentID)
}

func TestTwoAtOnceWhoWantToPayGetOnePayment(t *testing.T) {
	s := open(t, line("shirt", 2))
	var one, two *asked
	s.at(time.Minute, func() { one, two = s.pay("p1", "sandbox"), s.pay("p2", "sandbox") })
	s.at(2*time.Minute, func() { s.pays("sandbox-1") })
	s.later()
	s.run()
	s.Equal("sandbox-1", one.Payment.ID)
	s.Equal("sandbox-1", two.Payment.ID)
	s.Equal(1, s.till.count(createCall))
}

func TestWhoWantsToPayWhileReservingWaits(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[hold] = first(5)
	var a *asked
	s.at(300*time.Millisecond, func() { a = s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() { s.pays("sandbox-1") })
	s.later()
	s.run()
	s.Equal("sandbox-1", a.Payment.ID)
}

func TestAfterAFailedAttemptThereIsANewOne(t *testing.T) {
	s := open(t, line("shirt", 2))
	var two *asked
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() { s.fails("sandbox-1") })
	s.at(3*time.Minute, func() { two = s.pay("p2", "sandbox") })
	s.at(4*time.Minute, func() { s.pays("sandbox-2") })
	s.later()
	s.run()
	s.Equal("sandbox-2", two.Payment.ID)
	s.Equal([]string{createCall, cancelCall, createCall}, s.till.called())
	s.Equal("sandbox-2", s.result.PaymentID)
}

// The buyer's failed attempt turned out to have succeeded when it was to be replaced.
func TestAnEarlierPaymentTurnsOutPaid(t *testing.T) {
	s := open(t, line("shirt", 2))
	var two *asked
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		s.fails("sandbox-1")
		s.till.is("sandbox-1", order.ProviderSucceeded)
	})
	s.at(3*time.Minute, func() { two = s.pay("p2", "sandbox") })
	s.at(4*time.Minute, func() { s.succeeds("sandbox-1", 1000) }) // its callback comes late
	s.later()
	s.run()
	s.Equal(saga.VerdictTooLatePaid, two.Verdict)
	s.Equal("sandbox-1", s.result.PaymentID)
	s.Empty(s.refunds)
}

func TestAnEarlierPaymentIsStillProcessed(t *testing.T) {
	s := open(t, line("shirt", 2))
	var two *asked
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		s.fails("sandbox-1")
		s.till.is("sandbox-1", order.ProviderProcessing)
		two = s.pay("p2", "sandbox")
	})
	s.at(3*time.Minute, func() { s.pays("sandbox-1") })
	s.later()
	s.run()
	s.Equal(saga.VerdictProcessing, two.Verdict)
	s.Equal("sandbox-1", s.result.PaymentID)
	s.Equal(1, s.till.count(createCall))
}

func TestAPaymentWhoseAnswerIsLostIsFoundAgain(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.till.after[createCall] = first(20)
	var one, two *asked
	s.at(time.Minute, func() { one = s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		delete(s.till.after, createCall)
		two = s.pay("p2", "sandbox")
	})
	s.at(3*time.Minute, func() { s.pays("sandbox-1") })
	s.later()
	s.run()
	s.Equal(saga.VerdictUnavailable, one.Verdict)
	s.Contains(one.Detail, "connection refused")
	s.Equal("sandbox-1", two.Payment.ID)
	s.Equal(1, two.Payment.Attempt)
}

func TestAPaymentThatMayBeThereIsEndedWithTheOrder(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.till.after[createCall] = always
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
	s.Equal(order.ProviderCancelled, s.till.state("sandbox-1"))
}

func TestAPaymentThatTheProviderDeclines(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.till.declines = "the amount is too small"
	var a *asked
	s.at(time.Minute, func() { a = s.pay("p1", "sandbox") })
	s.run()
	s.Equal(saga.VerdictDeclined, a.Verdict)
	s.Equal("the amount is too small", a.Detail)
	s.Equal(order.StatusExpired, s.result.Status)
	s.Zero(s.till.count(cancelCall))
}

func TestRefusedPaymentEndsTheOrderWithoutAsking(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() { s.isRefused("sandbox-1") })
	s.run()
	s.Equal(order.ReasonPaymentRefused, s.result.Reason)
	s.Zero(s.till.count(cancelCall))
}

func TestRefusalOfAnotherPaymentThanTheOpenOne(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() { s.isRefused("stranger") })
	s.at(3*time.Minute, func() { s.pays("sandbox-1") })
	s.later()
	s.run()
	s.Equal("sandbox-1", s.result.PaymentID)
}

func TestAPaymentThatItsProviderCancels(t *testing.T) {
	s := open(t, line("shirt", 2))
	var two *asked
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		s.env.SignalWorkflow(saga.PaymentSignal, s.event(order.PaymentEnded, "sandbox-1", 1000))
	})
	s.at(3*time.Minute, func() { two = s.pay("p2", "sandbox") })
	s.at(4*time.Minute, func() { s.pays("sandbox-2") })
	s.later()
	s.run()
	s.Equal("sandbox-2", two.Payment.ID)
}

// Another payment than the open one pays the order: the open one is ended, and if money
// arrives by it all the same, that is refunded.
func TestPaidByAnotherPaymentThanTheOpenOne(t *testing.T) {
	for name, twice := range map[string]bool{"once": false, "twice": true} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.at(time.Minute, func() {
				s.pay("p1", "sandbox")
				s.till.before[cancelCall] = first(3)
			})
			s.at(2*time.Minute, func() {
				if twice {
					s.till.is("sandbox-1", order.ProviderSucceeded)
				}
				s.succeeds("pay-1", 1000)
			})
			s.at(time.Hour, func() { s.deliver("d1") })
			s.run()
			s.Equal("pay-1", s.result.PaymentID)
			if !twice {
				s.Equal(order.ProviderCancelled, s.till.state("sandbox-1"))
				s.Empty(s.refunds)
				return
			}
			s.Equal(order.RefundDouble, s.refund("sandbox-1").Reason)
			s.Equal(map[string]int64{"sandbox-1": 1000}, s.till.paidOut)
		})
	}
}

// The same id at two providers is two payments.
func TestOneIdAtTwoProviders(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(2*time.Minute, func() {
		e := s.event(order.PaymentSucceeded, "pay-1", 1000)
		e.Provider = "other"
		s.env.SignalWorkflow(saga.PaymentSignal, e)
	})
	s.later()
	s.run()
	s.Equal("sandbox", s.result.Provider)
	s.Contains(s.refunds, saga.RefundWorkflowID("pay-1", order.FullRefund("other", orderID)))
	s.Equal(map[string]int64{"pay-1": 1000}, s.other.paidOut)
}

// A payment of a wrong amount is used up: the buyer gets another one.
func TestAfterAWrongAmountThereIsANewPayment(t *testing.T) {
	s := open(t, line("shirt", 2))
	var two *asked
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		s.till.is("sandbox-1", order.ProviderSucceeded)
		s.succeeds("sandbox-1", 999)
	})
	s.at(3*time.Minute, func() { two = s.pay("p2", "sandbox") })
	s.at(4*time.Minute, func() { s.pays("sandbox-2") })
	s.later()
	s.run()
	s.Equal("sandbox-2", two.Payment.ID)
	s.Equal("sandbox-2", s.result.PaymentID)
	s.Equal(map[string]int64{"sandbox-1": 999}, s.till.paidOut)
}

// An attempt that was not answered may exist: even if an earlier payment turns out to be
// paid, with another amount, the saga must not forget it.
func TestAPaymentThatMayBeThereIsNotForgotten(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.pay("p1", "sandbox") })
	s.at(2*time.Minute, func() {
		s.fails("sandbox-1")
		s.till.after[createCall] = always
		s.pay("p2", "sandbox") // sandbox-1 is ended, and sandbox-2 created
	})
	s.at(3*time.Minute, func() {
		delete(s.till.after, createCall)
		s.Equal(order.ProviderOpen, s.till.state("sandbox-2"))
		s.till.amounts["sandbox-1"] = 1
		s.till.is("sandbox-1", order.ProviderSucceeded) // money that arrived late
		s.pay("p3", "sandbox")
	})
	s.at(4*time.Minute, func() { s.LessOrEqual(s.till.live(), 1, "there are never two that can be paid") })
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
	s.Zero(s.till.live())
	s.Equal(order.RefundWrongAmount, s.refund("sandbox-1").Reason)
}

// While the provider is down each request takes its time: repeated requests must not hold
// the stock beyond the window.
func TestWhoGoesOnAskingToPayDoesNotKeepTheOrderOpen(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.till.before[createCall] = always
	var last *asked
	s.at(window-time.Second, func() { s.pay("p1", "sandbox") })
	for i := range 20 {
		s.at(window+time.Duration(i)*4*time.Second, func() { last = s.pay(fmt.Sprint("late-", i), "sandbox") })
	}
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
	o := s.document()
	s.Less(o.UpdatedAt.Sub(o.PlacedAt), window+20*time.Second)
	s.Equal(saga.VerdictEnding, last.Verdict)
}
