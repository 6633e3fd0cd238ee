package audit

import (
	"fmt"
	"time"

	"holdfast/order"
)

// longProcessing is how long an unneeded payment may be processing: a bank transfer takes a
// day.
const longProcessing = 24 * time.Hour

// sides is one payment of one order, as the provider has it and as it is recorded here.
type sides struct {
	ref    paymentRef
	theirs *order.ProviderPayment // nil if the provider has none
	ours   account
	// assigned means that the provider names another order, from which an operator gave it
	// to this one.
	assigned bool
}

// findings reports how the two sides differ. If one difference follows from another, it
// reports only the first.
func (s sides) findings(now time.Time) []MoneyFinding {
	if s.theirs == nil || s.theirs.Status != order.ProviderSucceeded {
		return s.withoutMoney(now)
	}
	claim := s.ours.claim(s.ref)
	switch {
	case s.theirs.OrderID != s.ref.order && !s.assigned:
		if !claim.made {
			return nil // it is checked with the provider's order
		}
		return s.say(KindMoneyMissing, claim.amount, claim.currency, "the provider has it for order %s", s.theirs.OrderID)
	case !claim.made:
		return s.say(KindMoneyUnheard, s.theirs.Amount, s.theirs.Currency, "%s, but it is not recorded here", s.theirsIs())
	case claim.amount != s.theirs.Amount || claim.currency != s.theirs.Currency:
		return s.say(KindMoneyDiffers, s.theirs.Amount, s.theirs.Currency,
			"%s, but %d %s are recorded", s.theirsIs(), claim.amount, claim.currency)
	case s.ours.gaveAway(s.ref):
		return nil // the order that has it is checked by itself
	}
	return append(s.unused(), s.refundFindings()...)
}

// withoutMoney reports a payment that brought no money.
func (s sides) withoutMoney(now time.Time) []MoneyFinding {
	claim := s.ours.claim(s.ref)
	switch {
	case s.ours.keeps(s.ref):
		return s.say(KindPaidWithoutMoney, claim.amount, claim.currency, "the order is %s, but %s", s.ours.doc.Order.Status, s.theirsIs())
	case claim.made:
		return s.say(KindMoneyMissing, claim.amount, claim.currency, "%d %s are recorded as paid, but %s",
			claim.amount, claim.currency, s.theirsIs())
	case s.payable() && !s.awaited() && (s.theirs.Status == order.ProviderOpen || now.Sub(s.theirs.CreatedAt) > longProcessing):
		return s.say(KindPaymentStillOpen, s.theirs.Amount, s.theirs.Currency, "%s, and %s", s.theirsIs(), s.stands())
	}
	return nil
}

// payable reports whether money may still arrive by the payment.
func (s sides) payable() bool {
	return s.theirs != nil && (s.theirs.Status == order.ProviderOpen || s.theirs.Status == order.ProviderProcessing)
}

// awaited reports whether the order awaits a payment. If its document can't be read, that
// is unknown.
func (s sides) awaited() bool {
	return s.ours.doc.Unreadable != "" || (s.ours.doc.Found && s.ours.doc.Order.Status.Unpaid())
}

// unused reports money that the order has no use for and that isn't refunded.
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
	return s.say(KindMoneyUnused, left, s.theirs.Currency, "%s, %s, and %d %s of it have no recorded refund",
		s.theirsIs(), s.stands(), left, s.theirs.Currency)
}

// theirsIs describes the payment's state at the provider.
func (s sides) theirsIs() string {
	if s.theirs == nil {
		return "the provider has no such payment"
	}
	return fmt.Sprintf("%d %s are %s at the provider", s.theirs.Amount, s.theirs.Currency, s.theirs.Status)
}

// stands describes the order's state.
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
