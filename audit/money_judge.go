package audit

import (
	"fmt"
	"time"

	"holdfast/order"
)

// longProcessing is how long a payment may be processing that nobody waits for: a bank
// transfer takes its day.
const longProcessing = 24 * time.Hour

// sides is one payment of one order, as the provider has it and as we do.
type sides struct {
	ref    paymentRef
	theirs *order.ProviderPayment // nil: the provider has none
	ours   account
	// assigned: the provider names another order, from which an operator gave it to
	// this one.
	assigned bool
}

// findings names how the two sides differ. Of what follows from one another it names
// the first alone.
func (s sides) findings(now time.Time) []MoneyFinding {
	if s.theirs == nil || s.theirs.Status != order.ProviderSucceeded {
		return s.withoutMoney(now)
	}
	claim := s.ours.claim(s.ref)
	switch {
	case s.theirs.OrderID != s.ref.order && !s.assigned:
		if !claim.made {
			return nil // it is looked at with the provider's order
		}
		return s.say(KindMoneyMissing, claim.amount, claim.currency, "the provider has it for order %s", s.theirs.OrderID)
	case !claim.made:
		return s.say(KindMoneyUnheard, s.theirs.Amount, s.theirs.Currency, "%s, and nobody here heard of it", s.theirsIs())
	case claim.amount != s.theirs.Amount || claim.currency != s.theirs.Currency:
		return s.say(KindMoneyDiffers, s.theirs.Amount, s.theirs.Currency,
			"%s, on record are %d %s", s.theirsIs(), claim.amount, claim.currency)
	case s.ours.gaveAway(s.ref):
		return nil // the order that has it is looked at by itself
	}
	return append(s.unused(), s.refundFindings()...)
}

// withoutMoney: no money came, or not by this payment.
func (s sides) withoutMoney(now time.Time) []MoneyFinding {
	claim := s.ours.claim(s.ref)
	switch {
	case s.ours.keeps(s.ref):
		return s.say(KindPaidWithoutMoney, claim.amount, claim.currency, "the order is %s, and %s", s.ours.doc.Order.Status, s.theirsIs())
	case claim.made:
		return s.say(KindMoneyMissing, claim.amount, claim.currency, "%d %s are on record as paid, and %s",
			claim.amount, claim.currency, s.theirsIs())
	case s.payable() && !s.awaited() && (s.theirs.Status == order.ProviderOpen || now.Sub(s.theirs.CreatedAt) > longProcessing):
		return s.say(KindPaymentStillOpen, s.theirs.Amount, s.theirs.Currency, "%s, and %s", s.theirsIs(), s.stands())
	}
	return nil
}

// payable reports whether money may still come by the payment.
func (s sides) payable() bool {
	return s.theirs != nil && (s.theirs.Status == order.ProviderOpen || s.theirs.Status == order.ProviderProcessing)
}

// awaited reports whether the order waits for a payment. Of one whose document can't be
// read nobody knows.
func (s sides) awaited() bool {
	return s.ours.doc.Unreadable != "" || (s.ours.doc.Found && s.ours.doc.Order.Status.Unpaid())
}

// unused: the order has no use for the money, and it doesn't go back.
func (s sides) unused() []MoneyFinding {
	if s.ours.keeps(s.ref) || s.ours.doc.Unreadable != "" {
		return nil
	}
	left := s.theirs.Amount
	for _, r := range s.ours.refundsOf(s.ref) {
		if r.Status.Counts() || r.Status == order.RefundCase {
			left -= r.Amount
		}
	}
	if left <= 0 {
		return nil
	}
	return s.say(KindMoneyUnused, left, s.theirs.Currency, "%s, %s, and %d %s of it have no refund on record",
		s.theirsIs(), s.stands(), left, s.theirs.Currency)
}

// theirsIs says how the payment stands at the provider.
func (s sides) theirsIs() string {
	if s.theirs == nil {
		return "the provider has no such payment"
	}
	return fmt.Sprintf("%d %s are %s at the provider", s.theirs.Amount, s.theirs.Currency, s.theirs.Status)
}

// stands says how the order stands.
func (s sides) stands() string {
	if !s.ours.doc.Found {
		return "its order is unknown"
	}
	return "its order is " + string(s.ours.doc.Order.Status)
}

func (s sides) say(k Kind, amount int64, currency, format string, args ...any) []MoneyFinding {
	return []MoneyFinding{{
		Kind: k, Provider: s.ref.provider, PaymentID: s.ref.payment, OrderID: s.ref.order,
		Amount: amount, Currency: currency, Detail: fmt.Sprintf(format, args...),
	}}
}
