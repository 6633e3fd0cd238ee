package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// later delivers a paid order, so that its workflow ends.
func (s *scenario) later() { s.at(24*time.Hour, func() { s.deliver("last") }) }

func TestPaymentInTheTaskInWhichTheTimerFires(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(window-time.Nanosecond, func() {
		s.env.SignalWorkflowSkippingWorkflowTask(saga.PaymentSignal, s.event(order.PaymentSucceeded, "pay-1", 1000))
	})
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal("pay-1", s.result.PaymentID)
	s.Zero(s.faults.count(release))
}

func TestPaymentAfterTheReleaseIsScheduledIsLate(t *testing.T) {
	for name, at := range map[string]time.Duration{
		"before any unit moved": window + 100*time.Millisecond,
		"after all are back":    window + time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.faults.before[release] = first(2)        // until 0.6 s after the window
			s.faults.before[put] = func(c int) error { // the closing document is not stored for some seconds
				if c > 1 && c < 9 {
					return errAway
				}
				return nil
			}
			s.at(at, func() { s.succeeds("pay-1", 1000) })
			s.run()
			s.Equal(order.StatusExpired, s.result.Status)
			s.Empty(s.result.PaymentID)
			r := s.refund("pay-1")
			s.Equal(order.RefundLate, r.Reason)
			s.Equal(order.RefundPaid, r.Status)
			s.Equal(int64(1000), r.Amount)
			s.False(s.attempt("pay-1").Taken)
		})
	}
}

func TestPaymentWhileReserving(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[hold] = first(5)
	s.at(300*time.Millisecond, func() { s.Equal(order.StatusReserving, s.now().Status); s.succeeds("pay-1", 1000) })
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal("pay-1", s.result.PaymentID)
}

// In the task that held the stock, history doesn't record the hold yet. If the sale were a
// local activity there, the task could run again without Redis and reject the order
// although its units are sold.
func TestWhatFollowsAHoldInItsTaskIsDurableFirst(t *testing.T) {
	early := open(t, line("shirt", 2))
	early.at(0, func() { early.succeeds("pay-1", 1000) })
	early.later()
	early.run()
	early.Contains(early.durable, activities.NameCommitStock, "paid in the task of the hold")

	free := open(t, line("gift", 1))
	free.offer("gift", "EUR", 0)
	free.later()
	free.run()
	free.Equal(order.StatusDelivered, free.result.Status)
	free.Contains(free.durable, activities.NameCommitStock, "nothing to pay")

	usual := open(t, line("shirt", 2))
	usual.at(time.Minute, func() { usual.succeeds("pay-1", 1000) })
	usual.later()
	usual.run()
	usual.NotContains(usual.durable, activities.NameCommitStock, "the hold is in history by then")
}

func TestPaymentWhileReservingWhatCannotBeHad(t *testing.T) {
	s := open(t, line("shirt", 11))
	s.faults.before[hold] = first(5)
	s.at(300*time.Millisecond, func() { s.succeeds("pay-1", 5500) })
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.RefundLate, s.refund("pay-1").Reason)
	s.False(s.attempt("pay-1").Taken)
}

func TestRepeatedCallbacksCountOnce(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() {
		e := s.event(order.PaymentSucceeded, "pay-1", 1000)
		s.env.SignalWorkflow(saga.PaymentSignal, e)
		s.env.SignalWorkflow(saga.PaymentSignal, e)
		e.EventID = "another"
		s.env.SignalWorkflow(saga.PaymentSignal, e)
	})
	s.at(time.Hour, func() { s.succeeds("pay-1", 1000) })
	s.at(2*time.Hour, func() { s.fails("pay-1"); s.isRefused("pay-1") })
	s.later()
	s.run()
	s.Equal([]string{"reserving", "awaiting_payment", "paid", "awaiting_shipment", "package_added", "packed", "delivered", "closed"}, s.nodes())
	s.Empty(s.refunds)
	s.Equal(order.PaymentSucceeded, s.attempt("pay-1").Type)
}

func TestSecondPaymentOfAPaidOrderGoesBack(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000); s.succeeds("pay-2", 1000) })
	s.at(time.Hour, func() { s.succeeds("pay-2", 1000); s.succeeds("pay-1", 1000) })
	s.later()
	s.run()
	s.Equal("pay-1", s.result.PaymentID)
	s.Equal([]string{"reserving", "awaiting_payment", "paid", "awaiting_shipment", "payment_double", "package_added", "packed", "delivered", "closed"}, s.nodes())
	s.Equal(order.RefundDouble, s.refund("pay-2").Reason)
	s.Len(s.refunds, 1)
	s.True(s.attempt("pay-1").Taken)
	s.False(s.attempt("pay-2").Taken)
}

func TestSecondPaymentWhileItIsDelivered(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(time.Hour, func() {
		s.faults.before[put] = func(c int) error {
			if c < 8 {
				return errAway
			}
			return nil
		}
		s.deliver("d1")
	})
	s.at(time.Hour+time.Second, func() { s.succeeds("pay-2", 1000) })
	s.run()
	s.Equal("pay-1", s.result.PaymentID)
	s.Equal(order.RefundDouble, s.refund("pay-2").Reason)
	s.False(s.attempt("pay-2").Taken)
}

// If a payment and an ending wait in the mail together, the payment wins, whichever came
// first.
func TestPaymentWins(t *testing.T) {
	endings := map[string]func(*scenario){
		"against cancel":    func(s *scenario) { s.cancel("c1") },
		"against delisting": func(s *scenario) { s.delisted("shirt") },
		"against refusal":   func(s *scenario) { s.isRefused("pay-0") },
		"against Temporal":  func(s *scenario) { s.env.CancelWorkflow() },
	}
	for name, ends := range endings {
		for which, inOrder := range map[string]bool{"ending first": true, "payment first": false} {
			t.Run(name+", "+which, func(t *testing.T) {
				s := open(t, line("shirt", 2))
				s.faults.before[hold] = first(5) // so that both wait when the stock is held
				pays := func(s *scenario) { s.succeeds("pay-1", 1000) }
				one, two := pays, ends
				if inOrder {
					one, two = ends, pays
				}
				s.at(300*time.Millisecond, func() { one(s) })
				s.at(310*time.Millisecond, func() { two(s) })
				s.later()
				s.run()
				s.Equal("pay-1", s.result.PaymentID)
				end, released := []string{"package_added", "packed", "delivered", "closed"}, 0
				if name == "against cancel" { // it is a paid order that is cancelled then
					end, released = []string{"units_cancelled", "cancelled"}, 1 // which ends its tries before its units are released
					s.Equal(order.RefundCancelled, s.refund("pay-1").Reason)
				}
				s.Equal(append([]string{"reserving", "awaiting_payment", "paid", "awaiting_shipment"}, end...), s.nodes())
				s.Equal(released, s.faults.count(release))
			})
		}
	}
}

func TestCancelAgainstPaymentInOneTask(t *testing.T) {
	s := open(t, line("shirt", 2))
	var a *asked
	s.at(time.Minute, func() {
		s.env.SignalWorkflowSkippingWorkflowTask(saga.PaymentSignal, s.event(order.PaymentSucceeded, "pay-1", 1000))
		a = s.cancel("c1")
	})
	s.later()
	s.run()
	s.Equal("pay-1", s.result.PaymentID)
	s.Equal(saga.VerdictDone, a.Verdict)
	s.Equal(order.RefundCancelled, s.refund("pay-1").Reason)
}

func TestPaymentAfterCancelIsLate(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[release] = first(2)
	s.at(time.Minute, func() { s.cancel("c1") })
	s.at(time.Minute+time.Millisecond, func() { s.succeeds("pay-1", 1000) })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Equal(order.RefundLate, s.refund("pay-1").Reason)
}

func TestFailedAttemptLeavesTheOrderWaiting(t *testing.T) {
	for name, id := range map[string]string{"same payment": "pay-1", "another payment": "pay-2"} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.at(time.Minute, func() { s.fails("pay-1"); s.fails("pay-1") })
			s.at(2*time.Minute, func() {
				o := s.now()
				s.Equal(order.StatusAwaitingPayment, o.Status)
				s.Equal("pay-1", o.Payment.ID)
				s.Equal(o, s.document())
				s.Equal(order.PaymentFailed, s.attempt("pay-1").Type)
				s.succeeds(id, 1000)
			})
			s.later()
			s.run()
			s.Equal(id, s.result.PaymentID)
			s.Equal([]string{"reserving", "awaiting_payment", "payment_failed", "paid", "awaiting_shipment", "package_added", "packed", "delivered", "closed"}, s.nodes())
			s.True(s.attempt(id).Taken)
		})
	}
}

func TestRefusalOfTheCurrentAttemptCloses(t *testing.T) {
	for name, before := range map[string]func(*scenario){
		"the only attempt":            func(*scenario) {},
		"it failed before":            func(s *scenario) { s.fails("pay-1") },
		"another one failed before":   func(s *scenario) { s.fails("pay-0") },
		"an older one was refused":    func(s *scenario) { s.fails("pay-0"); s.fails("pay-1"); s.isRefused("pay-0") },
		"an older one came up short":  func(s *scenario) { s.fails("pay-0"); s.fails("pay-1"); s.succeeds("pay-0", 1) },
		"a wrong one goes back first": func(s *scenario) { s.succeeds("pay-0", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.at(time.Minute, func() { before(s) })
			s.at(2*time.Minute, func() { s.Equal(order.StatusAwaitingPayment, s.now().Status); s.isRefused("pay-1") })
			s.run()
			s.Equal(order.StatusCancelled, s.result.Status)
			s.Equal(order.ReasonPaymentRefused, s.result.Reason)
			s.Equal(order.PaymentDeclined, s.attempt("pay-1").Type)
			s.Equal("provider:sandbox", s.now().Journal[len(s.now().Journal)-1].Actor)
			s.WithinDuration(s.now().PlacedAt.Add(2*time.Minute), s.now().UpdatedAt, time.Second)
		})
	}
}

func TestRefusalOfAnOlderAttemptIsWrittenDown(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.fails("pay-1"); s.fails("pay-2") })
	s.at(2*time.Minute, func() { s.isRefused("pay-1") })
	s.at(3*time.Minute, func() {
		s.Equal(order.StatusAwaitingPayment, s.now().Status)
		s.Equal("pay-2", s.now().Payment.ID)
		s.succeeds("pay-2", 1000)
	})
	s.later()
	s.run()
	s.Equal("pay-2", s.result.PaymentID)
	s.Equal(order.PaymentDeclined, s.attempt("pay-1").Type)
}

func TestSuccessAfterARefusalIsLate(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[release] = first(2)
	s.at(time.Minute, func() { s.isRefused("pay-1") })
	s.at(time.Minute+time.Millisecond, func() { s.succeeds("pay-1", 1000) })
	s.run()
	s.Equal(order.ReasonPaymentRefused, s.result.Reason)
	s.Equal(order.RefundLate, s.refund("pay-1").Reason)
}

func TestWrongAmountIsNeverTakenAsPaid(t *testing.T) {
	for name, wrong := range map[string]func(*order.PaymentEvent){
		"too little":     func(e *order.PaymentEvent) { e.Amount = 999 },
		"too much":       func(e *order.PaymentEvent) { e.Amount = 1001 },
		"nothing":        func(e *order.PaymentEvent) { e.Amount = 0 },
		"wrong currency": func(e *order.PaymentEvent) { e.Currency = "JPY" },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.at(time.Minute, func() {
				e := s.event(order.PaymentSucceeded, "pay-1", 1000)
				wrong(&e)
				s.env.SignalWorkflow(saga.PaymentSignal, e)
				s.env.SignalWorkflow(saga.PaymentSignal, e)
				s.isRefused("pay-1")
			})
			s.at(2*time.Minute, func() {
				s.Equal(order.StatusAwaitingPayment, s.now().Status)
				s.Equal(s.now(), s.document())
				s.succeeds("pay-2", 1000)
			})
			s.later()
			s.run()
			s.Equal("pay-2", s.result.PaymentID)
			s.Equal(order.RefundWrongAmount, s.refund("pay-1").Reason)
			s.Len(s.refunds, 1)
			s.Equal([]string{"reserving", "awaiting_payment", "payment_wrong_amount", "paid", "awaiting_shipment", "package_added", "packed", "delivered", "closed"}, s.nodes())
		})
	}
}

func TestUnknownPaymentMessageChangesNothing(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() {
		s.env.SignalWorkflow(saga.PaymentSignal, s.event("payment.dreamt", "pay-1", 1000))
	})
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
	s.Equal(int64(3), s.result.Version)
}

func TestAnOrderThatCostsNothingIsPaidAtOnce(t *testing.T) {
	s := open(t, line("gift", 2))
	s.at(time.Second, func() {
		s.Equal(order.StatusAwaitingShipment, s.now().Status)
		s.Equal(s.now(), s.document())
		s.succeeds("pay-1", 0)
	})
	s.later()
	s.run()
	s.Equal([]string{"reserving", "awaiting_payment", "paid", "awaiting_shipment", "payment_double", "package_added", "packed", "delivered", "closed"}, s.nodes())
	s.Empty(s.result.PaymentID)
	s.Contains(s.refunds, saga.RefundWorkflowID("pay-1", order.FullRefund("sandbox", orderID)))
	require.Equal(t, order.PaymentPaid, s.now().Payment.Status)
}
