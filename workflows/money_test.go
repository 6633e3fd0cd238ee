package workflows_test

import (
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// Two gateways of one Temporal namespace are configured differently: messages of one's
// sandbox pay no order that the other one placed for real money.
func TestPretendMoneyPaysNoOrderOfRealMoney(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.placement.Money = order.MoneyReal
	say := func(money order.Money, paymentID string) func() {
		return func() {
			e := s.event(order.PaymentSucceeded, paymentID, 1000)
			e.Money = money
			s.env.SignalWorkflow(saga.PaymentSignal, e)
		}
	}
	s.at(time.Minute, say(order.MoneyPretend, "forged"))
	s.at(2*time.Minute, func() { s.Equal(order.StatusAwaitingPayment, s.now().Status) })
	s.at(3*time.Minute, say(order.MoneyReal, "pay-1"))
	s.at(4*time.Minute, say(order.MoneyPretend, "forged-again"))
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal("pay-1", s.result.PaymentID)
	s.Empty(s.refunds, "nothing came that could go back")
}

// A shop switches from its provider's test key to the live one while an order is open.
func TestRealMoneyPaysAnOrderThatWasPlacedForPretendMoney(t *testing.T) {
	s := open(t, line("shirt", 2))
	s.placement.Money = order.MoneyPretend
	s.at(time.Minute, func() {
		e := s.event(order.PaymentSucceeded, "pay-1", 1000)
		e.Money = order.MoneyReal
		s.env.SignalWorkflow(saga.PaymentSignal, e)
	})
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal("pay-1", s.result.PaymentID)
}
