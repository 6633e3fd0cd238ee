package workflows_test

import (
	"testing"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

func TestPaidAndDelivered(t *testing.T) {
	s := open(t, line("shirt", 2), line("mug", 1), line("shirt", 1))
	var delivered *asked
	s.at(time.Minute, func() {
		s.Equal(order.StatusAwaitingPayment, s.now().Status)
		s.Equal(int64(3), s.stockOf("shirt").Held)
		s.Equal(s.now(), s.document())
		s.succeeds("pay-1", 1800)
	})
	s.at(time.Hour, func() {
		s.Equal(order.StatusAwaitingShipment, s.now().Status)
		s.Equal(s.now(), s.document())
		delivered = s.deliver("d1")
	})
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal("pay-1", s.result.PaymentID)
	s.Equal(&order.Outcome{Status: order.StatusAwaitingPayment, Version: 2, Fingerprint: "f1"}, s.outcome)
	s.Equal(&saga.Answer{Verdict: saga.VerdictDone, Status: order.StatusDelivered, Version: 9}, delivered.Answer)
	s.Equal([]string{"paid", "delivered"}, s.statuses)
	s.Equal([]string{"reserving", "awaiting_payment", "paid", "awaiting_shipment", "package_added", "packed", "delivered", "closed"}, s.nodes())
	s.True(s.attempt("pay-1").Taken)
	s.Empty(s.refunds)
	o := s.now()
	s.Equal(int64(1800), o.Amounts[order.AmountTotal])
	s.Equal(int64(1800), o.Amounts[order.AmountPaid])
	s.Equal(order.PaymentPaid, o.Payment.Status)
	s.Equal("A shirt", o.Lines[2].Title)
}
