package audit

import (
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/redisdb/redistest"
)

// moneyDamage is a difference between the orders and the provider, with everything else in
// order.
type moneyDamage struct {
	name string
	do   func(s *till) []MoneyFinding
}

// off is the finding of a payment, without its amount and detail.
func off(k Kind, id, paymentID string, refundID ...string) []MoneyFinding {
	f := MoneyFinding{Kind: k, Provider: sandbox.Name, OrderID: id, PaymentID: paymentID}
	if len(refundID) > 0 {
		f.RefundID = refundID[0]
	}
	return []MoneyFinding{f}
}

var moneyDamages = []moneyDamage{
	{"a success that no order heard of", func(s *till) []MoneyFinding {
		id := s.place()
		p := s.open(id)
		s.pays(p)
		return off(KindMoneyUnheard, id, p)
	}},
	{"a second payment that nobody heard of", func(s *till) []MoneyFinding {
		id := s.place()
		p := s.open(id)
		s.choose(p, sandbox.Choice{Action: sandbox.ActionPayTwice})
		s.hears(id, p)
		return off(KindMoneyUnheard, id, p+"~2")
	}},
	{"a success of an order that nobody knows", func(s *till) []MoneyFinding {
		id := redistest.ID("order")
		p := s.open(id)
		s.pays(p)
		return off(KindMoneyUnheard, id, p)
	}},
	{"a success on record that the provider hasn't", func(s *till) []MoneyFinding {
		id, p, _ := s.late()
		s.lose(s.theirKey(p))
		return off(KindMoneyMissing, id, p)
	}},
	{"a case of what the provider hasn't", func(s *till) []MoneyFinding {
		id := redistest.ID("order")
		p := s.open(id)
		s.pays(p)
		s.hears(id, p)
		s.lose(s.theirKey(p))
		return off(KindMoneyMissing, id, p)
	}},
	{"a success on record that is cancelled at the provider", func(s *till) []MoneyFinding {
		id, p, _ := s.late()
		s.theirs(p, "status", "cancelled")
		return off(KindMoneyMissing, id, p)
	}},
	{"a success on record that is of another order at the provider", func(s *till) []MoneyFinding {
		_, p := s.paid()
		id := s.place()
		s.hears(id, p)
		return off(KindMoneyMissing, id, p)
	}},
	{"another amount at the provider", func(s *till) []MoneyFinding {
		id, p := s.paid()
		s.theirs(p, "paid", 1)
		return off(KindMoneyDiffers, id, p)
	}},
	{"another currency at the provider", func(s *till) []MoneyFinding {
		id, p, _ := s.late()
		s.theirs(p, "paidCurrency", "USD")
		return off(KindMoneyDiffers, id, p)
	}},
	{"a late payment without its refund", func(s *till) []MoneyFinding {
		id, p, r := s.late()
		require.NoError(s.t, s.rdb.HDel(s.t.Context(), paymentsKey(id), "refund:"+p+"/"+r.ID).Err())
		return off(KindMoneyUnused, id, p)
	}},
	{"a late payment of which a part goes back", func(s *till) []MoneyFinding {
		id, p, r := s.late()
		r.PaymentAmount, r.Amount = r.Amount, r.Amount-1
		s.put(*r)
		return off(KindMoneyUnused, id, p)
	}},
	{"a wrong amount whose refund was too large", func(s *till) []MoneyFinding {
		id := s.place()
		p := s.open(id)
		s.choose(p, sandbox.Choice{Action: sandbox.ActionPay, Amount: 7})
		r := s.hears(id, p)
		r.Status = order.RefundTooLarge
		s.put(*r)
		return off(KindMoneyUnused, id, p)
	}},
	{"a paid order that was cancelled and not refunded", func(s *till) []MoneyFinding {
		id, p := s.paid()
		s.orders[id].CancelPaid(order.ReasonOperator, "operator", time.Now())
		s.record(id)
		return off(KindMoneyUnused, id, p)
	}},
	{"a paid order that expired", func(s *till) []MoneyFinding {
		id, p := s.paid()
		s.end(id, order.StatusExpired)
		return off(KindMoneyUnused, id, p)
	}},
	{"a payment that was assigned and is of no use", func(s *till) []MoneyFinding {
		to, p := s.assigned()
		s.orders[to].CancelPaid(order.ReasonOperator, "operator", time.Now())
		s.record(to)
		return off(KindMoneyUnused, to, p)
	}},
	{"a paid order whose payment is gone", func(s *till) []MoneyFinding {
		id, p := s.paid()
		s.lose(s.theirKey(p))
		return off(KindPaidWithoutMoney, id, p)
	}},
	{"a delivered order whose payment is open", func(s *till) []MoneyFinding {
		id, p := s.paid()
		s.orders[id].Deliver("operator", time.Now())
		s.record(id)
		s.theirs(p, "status", "open")
		return off(KindPaidWithoutMoney, id, p)
	}},
	{"an open payment of a closed order", func(s *till) []MoneyFinding {
		id := s.place()
		p := s.open(id)
		s.end(id, order.StatusCancelled)
		return off(KindPaymentStillOpen, id, p)
	}},
	{"an open payment of an order that another one paid", func(s *till) []MoneyFinding {
		id, _ := s.paid()
		return off(KindPaymentStillOpen, id, s.open(id))
	}},
	{"an open payment of an order that nobody knows", func(s *till) []MoneyFinding {
		id := redistest.ID("order")
		return off(KindPaymentStillOpen, id, s.open(id))
	}},
	{"a payment that is processing for days for a closed order", func(s *till) []MoneyFinding {
		id := s.place()
		p := s.open(id)
		s.choose(p, sandbox.Choice{Action: sandbox.ActionProcess})
		s.end(id, order.StatusExpired)
		s.theirs(p, "created", time.Now().Add(-48*time.Hour).UnixMilli())
		return off(KindPaymentStillOpen, id, p)
	}},
	{"two open payments", func(s *till) []MoneyFinding {
		id := s.place()
		s.open(id)
		s.choose(s.open(id), sandbox.Choice{Action: sandbox.ActionProcess})
		return []MoneyFinding{{Kind: KindPaymentsOpen, OrderID: id}}
	}},
	{"a refund on record that the provider hasn't paid", func(s *till) []MoneyFinding {
		id, p, r := s.late()
		r.Status = order.RefundPaid
		s.put(*r)
		return off(KindRefundUnpaid, id, p, r.ID)
	}},
	{"a refund on record that failed at the provider", func(s *till) []MoneyFinding {
		id, p, r := s.late()
		s.payOut(r)
		s.shows(p, func(p *order.ProviderPayment) { p.Refunds[0].Status = order.RefundFailed })
		return off(KindRefundUnpaid, id, p, r.ID)
	}},
	{"a refund of another amount", func(s *till) []MoneyFinding {
		id, p, r := s.late()
		s.payOut(r)
		s.shows(p, func(p *order.ProviderPayment) { p.Refunds[0].Amount-- })
		return off(KindRefundAmountDiffers, id, p, r.ID)
	}},
	{"a refund of another currency", func(s *till) []MoneyFinding {
		id, p, r := s.late()
		s.payOut(r)
		r.Currency = "USD"
		s.put(*r)
		return off(KindRefundAmountDiffers, id, p, r.ID)
	}},
	{"a refund that is not on record", func(s *till) []MoneyFinding {
		id, p := s.paid()
		s.refund(s.part(id, "x", 100), "by-hand")
		return off(KindRefundUnrecorded, id, p, "by-hand")
	}},
	{"a refund by the provider's own means", func(s *till) []MoneyFinding {
		id, p := s.paid()
		s.shows(p, func(p *order.ProviderPayment) {
			p.Refunds = append(p.Refunds, order.ProviderRefund{ProviderID: "re_1", Amount: 1, Status: order.RefundPaid})
		})
		return off(KindRefundUnrecorded, id, p, "re_1")
	}},
	{"a refund that failed on record and was paid", func(s *till) []MoneyFinding {
		id, p, r := s.late()
		s.payOut(r)
		r.Status = order.RefundFailed
		s.put(*r)
		return off(KindRefundUnrecorded, id, p, r.ID)
	}},
	{"a refund that the provider has twice", func(s *till) []MoneyFinding {
		id, p := s.paid()
		r := s.part(id, "x", 100)
		s.payOut(&r)
		s.shows(p, func(p *order.ProviderPayment) { p.Refunds = append(p.Refunds, p.Refunds[0]) })
		return off(KindRefundTwice, id, p, r.ID)
	}},
	{"a refund that was settled and paid", func(s *till) []MoneyFinding {
		id, p, r := s.late()
		s.payOut(r)
		r.Status = order.RefundSettled
		s.put(*r)
		return off(KindRefundTwice, id, p, r.ID)
	}},
	{"refunds on record above what was paid", func(s *till) []MoneyFinding {
		id, p := s.paid()
		for _, name := range []string{"a", "b"} {
			s.put(s.part(id, name, tillPrice/2+1))
		}
		return off(KindRefundsAbovePaid, id, p)
	}},
	{"a provider whose settings are missing", func(s *till) []MoneyFinding {
		id := s.place()
		e := order.PaymentEvent{
			Provider: "another", PaymentID: "p", Type: order.PaymentSucceeded, Amount: tillPrice, Currency: "EUR", OccurredAt: time.Now(),
		}
		s.orders[id].Pay(e, time.Now())
		s.record(id, order.NewAttempt(e, true))
		return []MoneyFinding{{Kind: KindProviderUnseen, Provider: "another"}}
	}},
}

// shows has the provider's books show a payment differently.
func (s *till) shows(paymentID string, edit func(p *order.ProviderPayment)) {
	s.edit = func(p *order.ProviderPayment) {
		if p.ID == paymentID {
			edit(p)
		}
	}
}
