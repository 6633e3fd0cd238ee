package workflows_test

import (
	"encoding/json"
	"testing"

	"holdfast/order"
	"holdfast/saga"
)

// ofPart is a refund that an order's saga starts for some of its units.
func ofPart(amount int64) func(*order.Refund) {
	return func(r *order.Refund) {
		*r = order.RefundOfPart(order.PaymentEvent{
			Provider: "sandbox", PaymentID: "pay-1", OrderID: orderID, Amount: 1000, Currency: "EUR",
		}, order.RefundReturned, "m-1", amount)
	}
}

func TestAPartOfAnOrderIsRefundedAsFarAsMoneyIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		owed, before, amount int64
		want                 order.RefundStatus
	}{
		"a part":              {300, 0, 300, order.RefundPaid},
		"all":                 {1000, 0, 1000, order.RefundPaid},
		"the last of it":      {600, 400, 600, order.RefundPaid},
		"more than is left":   {601, 400, 600, order.RefundPaid},
		"nothing is left":     {300, 1000, 0, order.RefundTooLarge},
		"more than was paid":  {1001, 0, 1000, order.RefundPaid},
		"the very last of it": {1, 999, 1, order.RefundPaid},
	} {
		t.Run(name, func(t *testing.T) {
			s := openRefund(t, ofPart(c.owed))
			s.paid()
			s.before("other", c.before, order.RefundPaid)
			s.before("foreign", 500, order.RefundTooLarge) // doesn't count
			s.goes()
			s.Equal(c.want, s.result.Status)
			s.Equal(c.amount, s.result.Amount)
			s.Equal(c.owed-c.amount, s.result.Shortfall)
			s.Equal(s.result, s.onRecord(), "even if nothing is sent: its shortfall is an alert")
			if c.want == order.RefundTooLarge {
				s.Zero(s.till.count(refundCall))
				return
			}
			s.Equal(map[string]int64{"pay-1": c.amount}, s.till.paidOut)
		})
	}
}

// Redis was restored from a copy that is older than the payment, but not than its refund.
func TestAPartIsRefundedThoughThePaymentIsNotOnRecord(t *testing.T) {
	s := openRefund(t, ofPart(300))
	s.before("other", 900, order.RefundPaid)
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
	s.Equal(map[string]int64{"pay-1": 100}, s.till.paidOut)
	s.Equal(int64(200), s.onRecord().Shortfall)
}

// Temporal forgot the refund, and something starts it again.
func TestARefundOfAPartThatIsOnRecordIsNotPaidTwice(t *testing.T) {
	for name, owed := range map[string]int64{"the same": 300, "another amount": 299, "what could be paid": 200} {
		t.Run(name, func(t *testing.T) {
			s := openRefund(t, ofPart(owed))
			s.paid()
			there := s.r
			there.Amount, there.Shortfall, there.Status, there.Version = 200, 100, order.RefundPaid, 3
			doc, err := json.Marshal(there)
			s.NoError(err)
			s.NoError(s.docs.PutRefund(s.Context(), orderID, "pay-1", there.ID, doc))
			if owed == 300 {
				s.goes()
				s.Equal(there, s.result)
			} else {
				s.env.ExecuteWorkflow(saga.RefundType, s.r)
				s.ErrorContains(s.env.GetWorkflowError(), "is recorded with 300 owed")
			}
			s.Zero(s.till.count(refundCall))
		})
	}
}

func TestARefundOfNothingIsABug(t *testing.T) {
	s := openRefund(t, ofPart(0))
	s.paid()
	s.env.ExecuteWorkflow(saga.RefundType, s.r)
	s.ErrorContains(s.env.GetWorkflowError(), "must be above 0")
	s.Zero(s.till.count(refundCall))
}

func TestAllThatIsLeftIsAFlagOfItsOwn(t *testing.T) {
	s := openRefund(t, func(r *order.Refund) { requested(0)(r); r.All = true })
	s.paid()
	s.before("other", 400, order.RefundPaid)
	s.goes()
	s.Equal(map[string]int64{"pay-1": 600}, s.till.paidOut)
}
