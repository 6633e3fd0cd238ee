package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// The limits of package workflows.
const (
	maxAttempts = 20
	maxAsked    = 100
	maxWaiting  = 4
	maxEvents   = 40_000
	maxBytes    = 30 << 20
)

func (s *scenario) cancelAs(id string, reason order.Reason) *asked {
	return s.ask(saga.CancelUpdate, id, saga.CancelRequest{Reason: reason, Actor: "someone"})
}

func (s *scenario) answered(want saga.Verdict, all []*asked) {
	s.Helper()
	s.NotEmpty(all)
	for _, a := range all {
		s.Equal(want, a.Verdict)
	}
}

func TestAnOrderOpensTwentyPayments(t *testing.T) {
	s := open(t, line("shirt", 2))
	var all [maxAttempts + 3]*asked
	for i := range all {
		s.at(time.Minute+time.Duration(i)*time.Second, func() { all[i] = s.pay(fmt.Sprint("p", i), "sandbox") })
		if i < maxAttempts-1 {
			s.at(time.Minute+time.Duration(i)*time.Second+time.Second/2, func() { s.fails(fmt.Sprintf("sandbox-%d", i+1)) })
		}
	}
	s.at(2*time.Minute, func() { s.fails("sandbox-20") })
	var late []*asked
	s.at(3*time.Minute, func() {
		for i := range 3 {
			late = append(late, s.pay(fmt.Sprint("late", i), "sandbox"))
		}
	})
	s.at(4*time.Minute, func() {
		s.Equal(order.StatusAwaitingPayment, s.now().Status)
		s.pays("sandbox-20")
	})
	s.later()
	s.run()
	s.answered(saga.VerdictTooManyAttempts, late)
	for i, a := range all {
		s.Equal(saga.VerdictDone, a.Verdict)
		s.Equal(min(i+1, maxAttempts), a.Payment.Attempt, "the last one stays open, and is answered again")
	}
	s.Equal(maxAttempts, s.till.count(createCall))
	s.Equal("sandbox-20", s.result.PaymentID)
}

// Two requests at once for the last attempt but one both get the same payment.
func TestWhoAsksWhileTheLastPaymentIsOpenedGetsThatOne(t *testing.T) {
	s := open(t, line("shirt", 2))
	for i := range maxAttempts - 1 {
		s.at(time.Minute+time.Duration(i)*time.Second, func() { s.pay(fmt.Sprint("p", i), "sandbox") })
		s.at(time.Minute+time.Duration(i)*time.Second+time.Second/2, func() { s.fails(fmt.Sprintf("sandbox-%d", i+1)) })
	}
	var one, two, other *asked
	s.at(2*time.Minute, func() {
		one, two, other = s.pay("one", "sandbox"), s.pay("two", "sandbox"), s.pay("three", "other")
	})
	s.run()
	s.Equal(maxAttempts, one.Payment.Attempt)
	s.Equal(maxAttempts, two.Payment.Attempt)
	s.Equal(saga.VerdictTooManyAttempts, other.Verdict)
	s.Zero(s.other.count(createCall))
}

// A provider that is down doesn't use up attempts, and repeated requests don't use up what
// the order's history accepts.
func TestCustomersCannotFillAnOrdersHistoryWhileAProviderIsAway(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.placement.PaymentWindow = 2 * time.Hour
	s.till.before[createCall] = always
	var all [maxAsked + 5]*asked
	for i := range all {
		s.at(time.Duration(i+1)*time.Minute/2, func() { all[i] = s.pay(fmt.Sprint("p", i), "sandbox") })
	}
	s.at(time.Hour, func() {
		s.till.before[cancelCall] = always
		s.cancelAs("c", order.ReasonOperator)
	})
	s.at(time.Hour+time.Second, func() { delete(s.till.before, cancelCall) })
	s.run()
	for i, a := range all {
		want := saga.VerdictUnavailable
		if i >= maxAsked {
			want = saga.VerdictTooManyAttempts
		}
		s.Equal(want, a.Verdict, "call %d", i)
	}
	s.Equal(order.ReasonOperator, s.result.Reason)
}

func TestNoMoreThanAFewOfACustomersRequestsWait(t *testing.T) {
	s := open(t, line("shirt", 2))
	var all []*asked
	var operator *asked
	s.till.before[createCall] = first(2)
	s.at(time.Minute, func() {
		for i := range 2 * maxWaiting {
			all = append(all, s.pay(fmt.Sprint("p", i), "sandbox"))
		}
		operator = s.cancelAs("o", order.ReasonOperator)
	})
	s.run()
	for i, a := range all {
		want := saga.VerdictDone
		if i >= maxWaiting {
			want = saga.VerdictBusy
		}
		s.Equal(want, a.Verdict, "call %d", i)
	}
	s.Equal(saga.VerdictDone, operator.Verdict)
	s.Equal(order.ReasonOperator, s.result.Reason)
}

// While its provider is down, an order that is to be cancelled accepts no further
// cancellation: it would change nothing.
func TestACancellationThatWaitsIsNotAskedForTwice(t *testing.T) {
	s := open(t, line("shirt", 2))
	var one *asked
	var further []*asked
	s.at(time.Minute, func() {
		s.pay("p", "sandbox")
		s.till.before[cancelCall] = always
	})
	s.at(2*time.Minute, func() { one = s.cancel("c") })
	s.at(3*time.Minute, func() {
		for i := range 10 {
			further = append(further, s.cancel(fmt.Sprint("c", i)), s.cancelAs(fmt.Sprint("o", i), order.ReasonOperator),
				s.pay(fmt.Sprint("p", i), "sandbox"))
		}
	})
	s.at(4*time.Minute, func() { delete(s.till.before, cancelCall) })
	s.run()
	s.answered(saga.VerdictEnding, further)
	s.Equal(saga.VerdictDone, one.Verdict)
	s.Equal(order.ReasonCustomer, s.result.Reason)
}

// A cancellation that arrives while the order expires counts if the order turns out to be
// paid.
func TestACancellationOfAnOrderThatExpiresCountsWhereItIsPaidAfterAll(t *testing.T) {
	s := open(t, line("shirt", 2))
	var one, two *asked
	s.at(time.Minute, func() {
		s.pay("p", "sandbox")
		s.till.before[cancelCall] = always
	})
	s.at(window+time.Minute, func() { one = s.cancel("c1") })
	s.at(window+time.Minute+time.Second, func() { two = s.cancel("c2") })
	s.at(window+2*time.Minute, func() { s.pays("sandbox-1") })
	s.run()
	s.Equal(saga.VerdictDone, one.Verdict)
	s.Equal(saga.VerdictEnding, two.Verdict)
	s.Equal(order.RefundCancelled, s.refund("sandbox-1").Reason)
}

func TestALongHistoryOnlyTakesWhatSettlesTheOrder(t *testing.T) {
	for name, grow := range map[string]func(*scenario){
		"events": func(s *scenario) { s.env.SetCurrentHistoryLength(maxEvents) },
		"bytes":  func(s *scenario) { s.env.SetCurrentHistorySize(maxBytes) },
	} {
		t.Run(name, func(t *testing.T) {
			s := openPaid(t, line("shirt", 2))
			s.at(time.Hour, func() { s.pack("a", of("1", 1)) })
			s.at(2*time.Hour, func() {
				s.scans("a", "1", order.NodeInTransit, s.env.Now())
				grow(s)
			})
			var held, packed, returned, customer, delivered *asked
			s.at(3*time.Hour, func() {
				held, packed, returned = s.ask(saga.HoldUpdate, "hold", saga.HoldRequest{Actor: "erp"}), s.pack("b", of("1", 1)), s.returns("r", of("1", 1))
				customer = s.ask(saga.AddressUpdate, "address", saga.AddressRequest{ByCustomer: true, Address: order.Address{Line1: "another"}})
			})
			versions := []int64{0, 0, 0, 0}
			s.at(4*time.Hour, func() { versions[0] = s.now().Version; s.scans("a", "2", order.NodeInTransit, s.env.Now()) })
			s.at(5*time.Hour, func() { versions[1] = s.now().Version; s.scans("a", "3", order.NodeInTransit, s.env.Now()) })
			s.at(6*time.Hour, func() { versions[2] = s.now().Version; s.scans("a", "4", order.NodeOutForDelivery, s.env.Now()) })
			s.at(7*time.Hour, func() {
				versions[3] = s.now().Version
				s.Equal(order.NodeOutForDelivery, s.now().Package(packageID("a")).Node(), "news is never dropped")
				delivered = s.deliver("d")
			})
			s.run()
			for _, a := range []*asked{held, packed} {
				s.Equal(saga.VerdictLimit, a.Verdict)
			}
			s.Equal(saga.VerdictUnits, returned.Verdict, "nothing was delivered")
			s.Equal(saga.VerdictTooManyAttempts, customer.Verdict)
			s.Equal([]int64{0, 1, 1}, []int64{0, versions[1] - versions[0], versions[2] - versions[0]}, "the first one that is dropped raises the alert")
			s.Greater(versions[3], versions[2])
			s.Equal(order.RuleEventsDropped, s.now().Alerts[0].Rule)
			s.Equal(saga.VerdictDone, delivered.Verdict)
		})
	}
}

// A system that repeats a correction each minute doesn't use up the updates.
func TestTheSameCorrectionChangesNothing(t *testing.T) {
	s := openPaid(t, line("shirt", 2))
	courier, numbers, items := "DHL", []string{"123"}, []order.LineUnits{of("1", 1)}
	due := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	correct := func(id string) *asked {
		return s.ask(saga.CorrectUpdate, id, saga.CorrectRequest{
			PackageID: packageID("a"), Courier: &courier, TrackingNumbers: &numbers, Items: &items, EstimatedDelivery: &due, Actor: "erp",
		})
	}
	var again *asked
	var first, second, third int64
	s.at(time.Hour, func() { s.pack("a", of("1", 2)) })
	s.at(2*time.Hour, func() { correct("1") })
	s.at(3*time.Hour, func() { first = s.now().Version; again = correct("2") })
	s.at(4*time.Hour, func() { second = s.now().Version; courier = "UPS"; correct("3") })
	s.at(5*time.Hour, func() { third = s.now().Version; s.deliver("d") })
	s.run()
	s.Equal(saga.VerdictDone, again.Verdict)
	s.Equal(first, second)
	s.Greater(third, second)
}
