package workflows_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// Redis is down at each command: briefly, so that a quick retry suffices, or for longer, so
// that the step continues patiently; the request is lost, or its answer.
func TestRedisAwayChangesNoOutcome(t *testing.T) {
	for _, command := range []string{hold, commit, release, put} {
		for _, times := range []int{1, 5} {
			for _, lost := range []string{"request", "answer"} {
				t.Run(fmt.Sprintf("%s %d times, %s lost", command, times, lost), func(t *testing.T) {
					away := func(s *scenario) {
						if lost == "request" {
							s.faults.before[command] = first(times)
						} else {
							s.faults.after[command] = first(times)
						}
					}
					paid := open(t, line("shirt", 2), line("mug", 3))
					away(paid)
					paid.at(time.Minute, func() { paid.succeeds("pay-1", 1900) })
					paid.later()
					paid.run()
					paid.Equal(order.StatusDelivered, paid.result.Status)
					paid.Equal(int64(9), paid.result.Version)

					expired := open(t, line("shirt", 2), line("mug", 3))
					away(expired)
					expired.run()
					expired.Equal(order.StatusExpired, expired.result.Status)
					expired.Equal(int64(3), expired.result.Version)
					if command != commit {
						expired.Greater(expired.faults.count(command), times)
					}
				})
			}
		}
	}
}

func TestRedisAwayAtEachRecord(t *testing.T) {
	for record := 1; record <= 4; record++ {
		t.Run(fmt.Sprint(record), func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.faults.before[put] = func(call int) error {
				if call >= record && call < record+5 {
					return errAway
				}
				return nil
			}
			s.at(time.Minute, func() { s.fails("pay-1") })
			s.at(2*time.Minute, func() { s.succeeds("pay-1", 1000) })
			s.later()
			s.run()
			s.Equal(order.StatusDelivered, s.result.Status)
			s.Equal(int64(10), s.result.Version)
		})
	}
}

// The document says paid while the saga still waits for the step that stored it: a request
// that relies on it is not rejected.
func TestRequestsInTheMidstOfAStepWaitForIt(t *testing.T) {
	s := open(t, line("shirt", 2))
	var delivered, cancelled *asked
	s.faults.after[put] = func(call int) error {
		switch {
		case call < 2 || call > 5:
			return nil
		case call == 5: // patiently by now: the saga learns of it after this
			s.Equal(order.StatusAwaitingShipment, s.document().Status)
			s.at(0, func() {
				s.False(s.payments()["sandbox:pay-1"].Taken, "nothing is sold as far as it knows")
				delivered, cancelled = s.deliver("deliver-1"), s.cancel("cancel-1")
			})
		}
		return errAway
	}
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.True(s.payments()["sandbox:pay-1"].Taken)
	s.Equal(saga.VerdictDone, delivered.Verdict)
	s.Equal(saga.VerdictTooLateClosed, cancelled.Verdict)
}

func TestReservingEndsWithThePaymentWindow(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.placement.PaymentWindow = 10 * time.Second
	back := false
	s.faults.before[hold] = always
	s.faults.before[release] = func(call int) error {
		back = call > 3 // Redis comes back later still
		if !back {
			return errAway
		}
		return nil
	}
	s.at(9*time.Second, func() { s.Equal(order.StatusReserving, s.now().Status) })
	s.run()
	s.True(back)
	rejected := s.now().Journal[2]
	s.LessOrEqual(rejected.RecordedAt.Sub(s.now().PlacedAt), s.placement.PaymentWindow)
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.ReasonUnavailable, s.result.Reason)
	s.Equal(order.StatusRejected, s.outcome.Status)
	s.Equal(order.ReasonUnavailable, s.outcome.Reason)

	// A request of the abandoned try that arrives only now.
	late, err := s.stock.Hold(s.Context(), s.placement.HoldRequests(1, s.now().PlacedAt))
	s.NoError(err)
	s.Equal(product.HoldEnded, late[0].Outcome)
	s.checkStock("shirt", 0)
}

// The stock was held and recorded, but the saga never learned of it.
func TestHoldWhoseAnswersAreAllLostIsGivenBack(t *testing.T) {
	for _, command := range []string{hold, put} {
		t.Run(command, func(t *testing.T) {
			s := open(t, line("shirt", 2))
			s.placement.PaymentWindow = 10 * time.Second
			s.faults.after[command] = func(int) error {
				if s.faults.count(release) == 0 {
					return errAway
				}
				return nil
			}
			s.at(5*time.Second, func() { s.Equal(int64(2), s.stockOf("shirt").Held) })
			s.run()
			s.Equal(order.StatusRejected, s.result.Status)
			s.Equal(order.ReasonUnavailable, s.result.Reason)
			s.Equal(order.StatusRejected, s.document().Status)
		})
	}
}

// An existing hold with other lines is a bug: no retry helps.
func TestConflictingHoldIsNotAskedAgain(t *testing.T) {
	s := open(t, line("shirt", 2))
	_, err := s.stock.Hold(s.Context(), []product.HoldRequest{{
		ProductID: "shirt", OrderID: orderID, Try: 1, Deadline: time.Now().Add(time.Hour),
		Lines: []product.HoldLine{{Quantity: 1, Price: product.AnyPrice}},
	}})
	s.NoError(err)
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.ReasonUnavailable, s.result.Reason)
	s.Equal(1, s.faults.count(hold))
}
