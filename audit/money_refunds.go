package audit

import (
	"cmp"
	"time"

	"holdfast/order"
)

// overdue is how long a refund may be due before it is noted: a provider or a worker was
// away that long.
const overdue = time.Hour

// refundFindings compares the refunds of a payment that both sides have.
func (s sides) refundFindings() []MoneyFinding {
	theirs, found := s.theirRefunds()
	ours := s.ours.refundsOf(s.ref)
	settled := []order.Refund{}
	for _, r := range ours {
		t, there := theirs[r.ID]
		delete(theirs, r.ID)
		if r.Status == order.RefundSettled {
			settled = append(settled, r)
		}
		found = append(found, s.refundFinding(r, t, there)...)
	}
	for _, t := range theirs {
		if t.ID == "" && takeSettled(&settled, t.Amount) {
			continue // made by the provider's own means
		}
		found = append(found, s.about(cmp.Or(t.ID, t.ProviderID), KindRefundUnrecorded, t.Amount,
			"the provider refunded %d %s, which is not recorded", t.Amount, s.theirs.Currency)...)
	}
	if len(found) == 0 {
		return s.above(ours)
	}
	return found
}

// theirRefunds returns the provider's refunds that move money, by our id or, if others made
// them, by its own.
func (s sides) theirRefunds() (byID map[string]order.ProviderRefund, twice []MoneyFinding) {
	byID = map[string]order.ProviderRefund{}
	for _, t := range s.theirs.Refunds {
		if t.Status == order.RefundFailed {
			continue
		}
		id := t.ID
		if id == "" {
			id = "\x00" + t.ProviderID // no id of ours starts this way
		}
		if _, again := byID[id]; again {
			twice = append(twice, s.about(cmp.Or(t.ID, t.ProviderID), KindRefundTwice, t.Amount,
				"the provider paid it out again as %s", t.ProviderID)...)
			continue
		}
		byID[id] = t
	}
	return byID, twice
}

// refundFinding compares one recorded refund with the provider's. One that is due or
// pending here may be paid there: its workflow has yet to learn of it.
func (s sides) refundFinding(r order.Refund, t order.ProviderRefund, there bool) []MoneyFinding {
	switch {
	case r.Status == order.RefundPaid && (!there || t.Status != order.RefundPaid):
		return s.about(r.ID, KindRefundUnpaid, r.Amount, "it is recorded as paid out, but not at the provider")
	case r.Status == order.RefundPaid && r.Currency != s.theirs.Currency:
		return s.about(r.ID, KindRefundAmountDiffers, r.Amount, "it is recorded in %s, but the payment was in %s", r.Currency, s.theirs.Currency)
	case !there:
		return nil
	case r.Status == order.RefundSettled:
		return s.about(r.ID, KindRefundTwice, t.Amount, "an operator settled it, but the provider paid it out as %s", t.ProviderID)
	case !r.Status.Counts() || r.Status == order.RefundFailed:
		return s.about(r.ID, KindRefundUnrecorded, t.Amount, "it is recorded as %s, but the provider refunded %d %s",
			r.Status, t.Amount, s.theirs.Currency)
	case r.Amount != t.Amount:
		return s.about(r.ID, KindRefundAmountDiffers, t.Amount, "the provider refunded %d %s, but %d %s are recorded",
			t.Amount, s.theirs.Currency, r.Amount, r.Currency)
	}
	return nil
}

// above reports that more was refunded than paid.
func (s sides) above(ours []order.Refund) []MoneyFinding {
	there, here := int64(0), int64(0)
	for _, t := range s.theirs.Refunds {
		if t.Status != order.RefundFailed {
			there += t.Amount
		}
	}
	for _, r := range ours {
		if r.Status.Counts() {
			here += r.Amount
		}
	}
	if most := max(there, here); most > s.theirs.Amount {
		return s.say(KindRefundsAbovePaid, most-s.theirs.Amount, s.theirs.Currency,
			"%d %s were paid; the refunds come to %d as recorded, and to %d at the provider", s.theirs.Amount, s.theirs.Currency, here, there)
	}
	return nil
}

// takeSettled removes a refund with this amount from the list, and reports whether there
// was one.
func takeSettled(settled *[]order.Refund, amount int64) bool {
	for i, r := range *settled {
		if r.Amount == amount {
			*settled = append((*settled)[:i], (*settled)[i+1:]...)
			return true
		}
	}
	return false
}

func (s sides) about(refundID string, k Kind, amount int64, format string, args ...any) []MoneyFinding {
	found := s.say(k, amount, s.theirs.Currency, format, args...)
	found[0].RefundID = refundID
	return found
}

// overdueNotes notes the order's refunds that have been due for long.
func (a account) overdueNotes(now time.Time) (notes []MoneyFinding) {
	for _, r := range a.refunds {
		if r.Status == order.RefundDue && now.Sub(r.DueAt) > overdue {
			notes = append(notes, MoneyFinding{
				Kind: KindRefundOverdue, Provider: r.Provider, PaymentID: r.PaymentID, OrderID: r.OrderID, RefundID: r.ID,
				Amount: r.Amount, Currency: r.Currency, Detail: "due since " + r.DueAt.UTC().Format(time.RFC3339),
			})
		}
	}
	return notes
}
