package audit

import "holdfast/order"

// MoneySum is what was paid and refunded, in minor units of one currency: by the providers'
// records, and by those here.
type MoneySum struct {
	PaidThere     int64 `json:"paidAtProviders"`
	PaidHere      int64 `json:"paidOnRecord"`
	RefundedThere int64 `json:"refundedAtProviders"`
	RefundedHere  int64 `json:"refundedOnRecord"`
}

// sums by currency.
type sums map[string]MoneySum

func (s sums) add(currency string, m MoneySum) {
	if m == (MoneySum{}) {
		return
	}
	n := s[currency]
	n.PaidThere += m.PaidThere
	n.PaidHere += m.PaidHere
	n.RefundedThere += m.RefundedThere
	n.RefundedHere += m.RefundedHere
	s[currency] = n
}

// replace subtracts what was counted before, and adds the current sums.
func (s sums) replace(before, now sums) {
	for currency, m := range before {
		s.add(currency, MoneySum{-m.PaidThere, -m.PaidHere, -m.RefundedThere, -m.RefundedHere})
	}
	for currency, m := range now {
		s.add(currency, m)
	}
}

// sums returns the sums of this payment of this order. For a payment that two orders name,
// the provider's side counts with the order that the provider names, and the recorded
// payment counts once.
func (s sides) sums() sums {
	to := sums{}
	if s.theirs != nil && s.theirs.Status == order.ProviderSucceeded && s.theirs.OrderID == s.ref.order {
		m := MoneySum{PaidThere: s.theirs.Amount}
		for _, r := range s.theirs.Refunds {
			if r.Status == order.RefundPaid {
				m.RefundedThere += r.Amount
			}
		}
		to.add(s.theirs.Currency, m)
	}
	if c := s.ours.claim(s.ref); c.made && !s.assigned {
		to.add(c.currency, MoneySum{PaidHere: c.amount})
	}
	for _, r := range s.ours.refundsOf(s.ref) {
		if r.Status == order.RefundPaid || (r.Status == order.RefundSettled && s.settledThere(r)) {
			to.add(r.Currency, MoneySum{RefundedHere: r.Amount})
		}
	}
	return to
}

// settledThere reports whether an operator settled the refund by the provider's own means,
// such as its dashboard.
func (s sides) settledThere(r order.Refund) bool {
	if s.theirs == nil {
		return false
	}
	for _, t := range s.theirs.Refunds {
		if t.ID == "" && t.Status == order.RefundPaid && t.Amount == r.Amount {
			return true
		}
	}
	return false
}
