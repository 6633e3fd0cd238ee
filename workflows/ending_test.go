package workflows_test

import (
	"testing"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

func TestExpires(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(window-time.Second, func() { s.Equal(order.StatusAwaitingPayment, s.now().Status) })
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
	s.Equal([]string{"reserving", "awaiting_payment", "expired"}, s.nodes())
	s.Equal(order.PaymentNone, s.now().Payment.Status)
	s.Equal([]string{"expired"}, s.statuses)
	end := s.now().Journal[2]
	s.Equal(window, end.RecordedAt.Sub(s.now().PlacedAt))
	detail, err := s.stock.HoldDetail(s.Context(), "shirt", orderID)
	s.NoError(err)
	s.Equal(product.HoldStateReleased, detail.State)
	s.Equal(string(order.ReasonWindowPassed), detail.Reason)
}

func TestCancelledByUpdate(t *testing.T) {
	for _, c := range []struct {
		name   string
		reason order.Reason
		actor  string
	}{{"customer", order.ReasonCustomer, "customer:customer-1"}, {"operator", order.ReasonOperator, "operator"}, {"fraud", order.ReasonFraud, "eve"}} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, line("shirt", 2), line("mug", 2))
			var a *asked
			s.at(time.Minute, func() {
				a = s.ask(saga.CancelUpdate, "c1", saga.CancelRequest{Reason: c.reason, Actor: c.actor, Note: "of " + c.name})
			})
			s.run()
			s.Equal(order.StatusCancelled, s.result.Status)
			s.Equal(c.reason, s.result.Reason)
			s.Equal(&saga.Answer{Verdict: saga.VerdictDone, Status: order.StatusCancelled, Version: 3}, a.Answer)
			s.Equal(c.actor, s.now().Journal[2].Actor)
			s.Equal(map[string]string{"reason": string(c.reason), "note": "of " + c.name}, s.now().Journal[2].Detail)
		})
	}
}

func TestDelistingCancelsTheWholeUnpaidOrder(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 2))
	s.at(time.Minute, func() { s.delisted("mug") })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Equal(order.ReasonDelisted, s.result.Reason)
}

func TestDelistingOfAnotherProductIsNotThisOrders(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.delisted("mug") })
	s.at(2*time.Minute, func() { s.Equal(order.StatusAwaitingPayment, s.now().Status) })
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
}

func TestDelistingLeavesAPaidOrder(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(2*time.Minute, func() { s.delisted("shirt") })
	s.at(3*time.Minute, func() { s.Equal(order.StatusAwaitingShipment, s.now().Status); s.deliver("d1") })
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
}

// A person may ask Temporal itself to cancel: it is a message like any other.
func TestCancellationByTemporal(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.env.CancelWorkflow() })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Equal(order.ReasonOperator, s.result.Reason)
}

func TestCancellationByTemporalWhileReserving(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[hold] = first(5)
	s.at(100*time.Millisecond, func() { s.env.CancelWorkflow() })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.NotEqual(order.StatusRejected, s.outcome.Status) // it had its stock
}

func TestCancellationByTemporalLeavesAPaidOrder(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(2*time.Minute, func() { s.env.CancelWorkflow() })
	s.at(3*time.Minute, func() { s.Equal(order.StatusAwaitingShipment, s.now().Status); s.succeeds("pay-2", 1000) })
	s.at(4*time.Minute, func() { s.deliver("d1") })
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(order.RefundDouble, s.refund("pay-2").Reason)
}

func TestCancelWhileReserving(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[hold] = first(5)
	var a *asked
	s.at(300*time.Millisecond, func() { s.Equal(order.StatusReserving, s.now().Status); a = s.cancel("c1") })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Equal(saga.VerdictDone, a.Verdict)
	s.NotEqual(order.StatusRejected, s.outcome.Status) // it had its stock
}

func TestCancelWhileReservingWhatCannotBeHad(t *testing.T) {
	s := open(t, line("shirt", 11))
	s.faults.before[hold] = first(5)
	var a *asked
	s.at(300*time.Millisecond, func() { a = s.cancel("c1") })
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(saga.VerdictTooLateClosed, a.Verdict)
}

func TestCancelTwice(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[release] = first(3) // long enough for more requests to arrive
	var a, b *asked
	s.at(time.Minute, func() { a = s.cancel("c1") })
	s.at(time.Minute+time.Millisecond, func() { b = s.cancel("c2") })
	s.run()
	s.Equal(saga.VerdictDone, a.Verdict)
	s.Equal(saga.VerdictDone, b.Verdict)
	s.Equal(a.Version, b.Version)
	s.Equal(int64(3), s.result.Version)
}

func TestCancelOfAPaidOrderGivesBackMoneyAndUnits(t *testing.T) {
	s := open(t, line("shirt", 2))
	var a, again, late *asked
	s.faults.before[restock] = first(3)
	s.till.before[refundCall] = first(3)
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(2*time.Minute, func() { a = s.cancel("c1") })
	s.at(2*time.Minute+time.Millisecond, func() { again, late = s.cancel("c2"), s.deliver("d1") })
	s.run()
	s.Equal(&saga.Answer{Verdict: saga.VerdictDone, Status: order.StatusCancelled, Version: 6}, a.Answer)
	s.Equal(saga.VerdictDone, again.Verdict)
	s.Equal(saga.VerdictTooLateClosed, late.Verdict)
	s.Equal(order.ReasonCustomer, s.result.Reason)
	s.Equal("pay-1", s.result.PaymentID, "a repeated callback must not open a second refund")
	r := s.refund("pay-1")
	s.Equal(order.RefundCancelled, r.Reason)
	s.Equal(order.RefundPaid, r.Status)
	s.Equal(int64(1000), r.Amount)
	s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
}

func TestCancelOfAFreeOrderGivesItsUnitsBack(t *testing.T) {
	s := open(t, line("gift", 2))
	s.at(2*time.Minute, func() { s.cancel("c1") })
	s.run()
	s.Equal(order.StatusCancelled, s.result.Status)
	s.Empty(s.refunds)
}

func TestCancelOfADeliveredOrderIsTooLate(t *testing.T) {
	s := open(t, line("shirt", 2))
	var a *asked
	s.faults.before[put] = func(call int) error {
		if call > 2 && call < 6 {
			return errAway
		}
		return nil
	}
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(2*time.Minute, func() { s.deliver("d1") })
	s.at(2*time.Minute+time.Millisecond, func() { a = s.cancel("c1") })
	s.run()
	s.Equal(saga.VerdictTooLateClosed, a.Verdict)
	s.Equal(order.StatusDelivered, s.result.Status)
}

func TestRequestsWhileTheReleaseIsInFlight(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.faults.before[release] = first(3)
	var cancel, deliver *asked
	s.at(window+100*time.Millisecond, func() {
		s.NotZero(s.stockOf("shirt").Held)
		cancel, deliver = s.cancel("c1"), s.deliver("d1")
		s.delisted("shirt")
	})
	s.run()
	s.Equal(order.StatusExpired, s.result.Status)
	s.Equal(&saga.Answer{Verdict: saga.VerdictTooLateClosed, Status: order.StatusExpired, Version: 3}, cancel.Answer)
	s.Equal(&saga.Answer{Verdict: saga.VerdictTooLateClosed, Status: order.StatusExpired, Version: 3}, deliver.Answer)
}

func TestDeliverUnpaidAndTwice(t *testing.T) {
	s := open(t, line("shirt", 2))
	var unpaid, one, two *asked
	s.at(time.Minute, func() { unpaid = s.deliver("d1") })
	s.at(2*time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(3*time.Minute, func() {
		s.faults.before[put] = func(call int) error { return errAway }
		one = s.deliver("d2")
	})
	s.at(3*time.Minute+500*time.Millisecond, func() {
		two = s.deliver("d3")
		delete(s.faults.before, put)
	})
	s.run()
	s.Equal(&saga.Answer{Verdict: saga.VerdictNotPaid, Status: order.StatusAwaitingPayment, Version: 2}, unpaid.Answer)
	s.Equal(&saga.Answer{Verdict: saga.VerdictDone, Status: order.StatusDelivered, Version: 9}, one.Answer)
	s.Equal(&saga.Answer{Verdict: saga.VerdictDone, Status: order.StatusDelivered, Version: 9}, two.Answer)
}
