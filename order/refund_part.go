package order

import "strings"

// partRefund starts the ids of refunds that aren't necessarily of a whole payment.
const partRefund = "part:"

// partReasons are the reasons for refunding parts of an order, with the cause that the
// refund's id shows.
var partReasons = []struct {
	reason RefundReason
	cause  string
}{{RefundPartCancelled, "cancel"}, {RefundReturned, "return"}, {RefundLost, "lost"}}

// OfPart reports whether the reason is that a part of an order was given up. Such a refund
// is of the payment that the order took.
func (r RefundReason) OfPart() bool { return r.cause() != "" }

// cause returns the reason as ids show it, or "".
func (r RefundReason) cause() string {
	for _, p := range partReasons {
		if p.reason == r {
			return p.cause
		}
	}
	return ""
}

// PartID names what one message gives back of an order: the return of its units to stock
// and, after its provider, the refund. The message's id distinguishes it from all others of
// the order with the same reason.
func PartID(reason RefundReason, messageID string) string { return reason.cause() + "-" + messageID }

// PartRefund is the refund id of a refund that may be of a part: of a PartID or, for an
// operator's refund, of a UUID. A UUID can't be a PartID, because no cause consists of eight
// hexadecimal digits. So operators' keys must never be used here as they are.
func PartRefund(provider, id string) string { return partRefund + provider + ":" + id }

// ReasonOf returns a refund's reason, as far as its id shows it.
func ReasonOf(refundID string) RefundReason {
	rest, part := strings.CutPrefix(refundID, partRefund)
	if !part {
		return RefundLate
	}
	_, id, _ := strings.Cut(rest, ":")
	cause, _, _ := strings.Cut(id, "-")
	for _, p := range partReasons {
		if p.cause == cause {
			return p.reason
		}
	}
	return RefundRequested
}

// RefundOfPart refunds a part of the payment that an order took, because of one message. The
// amount is what is owed; if less is left of the payment, the rest becomes the refund's
// shortfall.
func RefundOfPart(p PaymentEvent, reason RefundReason, messageID string, amount int64) Refund {
	r := RefundOf(p, reason)
	r.ID, r.Amount, r.PaymentAmount = PartRefund(p.Provider, PartID(reason, messageID)), amount, p.Amount
	return r
}

// OwedPart is what an order gave back because of one message.
type OwedPart struct {
	Reason    RefundReason
	MessageID string
	Amount    int64
}

// RefundID returns the id of the part's refund.
func (p OwedPart) RefundID(provider string) string {
	return PartRefund(provider, PartID(p.Reason, p.MessageID))
}

// OwedParts lists the refunds that the order's cancelled, returned and lost units call for.
func (f *Fulfilment) OwedParts() []OwedPart {
	var parts []OwedPart
	for _, r := range f.Removals {
		if r.Refund > 0 {
			parts = append(parts, OwedPart{RefundPartCancelled, r.ID, r.Refund})
		}
	}
	for i := range f.Returns {
		if r := &f.Returns[i]; r.Status == ReturnReceived && r.PackageID == "" && r.Refund > 0 {
			parts = append(parts, OwedPart{RefundReturned, r.ID, r.Refund})
		}
	}
	for i := range f.Packages {
		if r := f.Packages[i].Resolution; r != nil && r.Refund > 0 {
			parts = append(parts, OwedPart{RefundLost, r.ID, r.Refund})
		}
	}
	return parts
}

// Owed returns what the refund was to return, whether or not that much was left.
func (r Refund) Owed() int64 { return r.Amount + r.Shortfall }

// FitPart limits a refund of a part to what is left of its payment, and sets its shortfall.
// If nothing is left, nothing is sent.
func (r *Refund) FitPart(left int64) {
	r.Shortfall = max(r.Amount-left, 0)
	r.Amount -= r.Shortfall
	if r.Amount == 0 {
		r.Status, r.Detail = RefundTooLarge, "nothing is left of the payment"
	}
}
