package order

import (
	"slices"
	"strings"
	"time"
)

// PaymentEventType is what a provider reports about a payment. The list is open.
type PaymentEventType string

const (
	// PaymentCreated means that the provider has opened the payment and waits for the
	// buyer.
	PaymentCreated   PaymentEventType = "payment.created"
	PaymentSucceeded PaymentEventType = "payment.succeeded"
	// PaymentFailed means that this attempt failed; the buyer may try again.
	PaymentFailed PaymentEventType = "payment.failed"
	// PaymentDeclined means that the provider will not take money for this order.
	PaymentDeclined PaymentEventType = "payment.refused"
	// PaymentEnded means that the payment was cancelled, by us or by the provider.
	PaymentEnded PaymentEventType = "payment.cancelled"
	// PaymentRefundFailed means that refunded money, or money thought to be refunded, did
	// not arrive. It is about a refund, and not a payment's state.
	PaymentRefundFailed PaymentEventType = "refund.failed"
	// PaymentDisputed means that the buyer's bank reclaims the money, or reports the
	// outcome. It isn't a payment's state either.
	PaymentDisputed PaymentEventType = "payment.disputed"
)

// PaymentEvent is one message of a payment provider, in our terms.
type PaymentEvent struct {
	// EventID names the message: a repetition usually has the same id.
	EventID   string           `json:"eventId"`
	Provider  string           `json:"provider"`
	Type      PaymentEventType `json:"type"`
	OrderID   string           `json:"orderId"`
	PaymentID string           `json:"paymentId"`
	// Amount in minor units of Currency.
	Amount     int64     `json:"amount"`
	Currency   string    `json:"currency"`
	OccurredAt time.Time `json:"occurredAt"`
	// Money is the kind that the receiving gateway takes.
	Money Money `json:"money,omitempty"`
	// Refund that failed, for PaymentRefundFailed.
	Refund *FailedRefund `json:"refund,omitempty"`
	// Dispute of a PaymentDisputed. OrderID is empty if the message doesn't name the order.
	Dispute *Dispute `json:"dispute,omitempty"`
}

// maxNameBytes bounds the names that providers give to things of their own.
const maxNameBytes = 255

// ValidName reports whether a provider, or we, can use this name: visible ASCII characters,
// without invisible ones at either end.
func ValidName(name string) bool {
	return name != "" && len(name) <= maxNameBytes && !strings.ContainsFunc(name, func(r rune) bool { return r < '!' || r > '~' })
}

// FailedRefund is a refund of ours that its provider could not pay out.
type FailedRefund struct {
	ID string `json:"id"`
	// ProviderID is the provider's own id of the failed refund.
	ProviderID string `json:"providerId"`
	Detail     string `json:"detail,omitempty"`
}

// Attempt is what an order's payments document stores about one payment.
type Attempt struct {
	PaymentID  string           `json:"id"`
	Provider   string           `json:"provider"`
	Type       PaymentEventType `json:"type"`
	Amount     int64            `json:"amount"`
	Currency   string           `json:"currency"`
	OccurredAt time.Time        `json:"occurredAt"`
	// Taken means that the order was paid by this payment. A success that is not taken is
	// due for refund.
	Taken bool `json:"taken"`
}

// PaymentKey identifies a payment among those of all providers, whose ids are their own.
// Neither ids nor names contain a colon.
func PaymentKey(provider, paymentID string) string { return provider + ":" + paymentID }

// Key identifies the payment that the message is about.
func (p PaymentEvent) Key() string { return PaymentKey(p.Provider, p.PaymentID) }

// Key identifies the payment.
func (a Attempt) Key() string { return PaymentKey(a.Provider, a.PaymentID) }

// NewAttempt converts p to an attempt.
func NewAttempt(p PaymentEvent, taken bool) Attempt {
	return Attempt{
		PaymentID: p.PaymentID, Provider: p.Provider, Type: p.Type, Amount: p.Amount,
		Currency: p.Currency, OccurredAt: p.OccurredAt.UTC(), Taken: taken,
	}
}

// Event converts the attempt back to its message, as far as it was stored.
func (a Attempt) Event(orderID string) PaymentEvent {
	return PaymentEvent{
		Provider: a.Provider, Type: a.Type, OrderID: orderID, PaymentID: a.PaymentID,
		Amount: a.Amount, Currency: a.Currency, OccurredAt: a.OccurredAt,
	}
}

// RefundReason is why a payment is refunded. The list is open.
type RefundReason string

const (
	RefundLate         RefundReason = "late"
	RefundDouble       RefundReason = "double"
	RefundWrongAmount  RefundReason = "wrong_amount"
	RefundNoStock      RefundReason = "no_stock"
	RefundUnknownOrder RefundReason = "unknown_order"
	// RefundCancelled means that the paid order was cancelled before its delivery.
	RefundCancelled RefundReason = "cancelled"
	// RefundRequested means that an operator refunds money, in whole or in part.
	RefundRequested RefundReason = "requested"
	// RefundPartCancelled means that some units of the paid order were cancelled.
	RefundPartCancelled RefundReason = "part_cancelled"
	// RefundReturned means that the buyer sent some units back.
	RefundReturned RefundReason = "returned"
	// RefundLost means that a package was lost or damaged, so that its units won't arrive.
	RefundLost RefundReason = "lost"
)

// RefundStatus is the state of a refund. The list is open.
type RefundStatus string

const (
	// RefundDue means that it has to be paid out.
	RefundDue RefundStatus = "due"
	// RefundPending means that the provider has it but has not paid it out yet.
	RefundPending RefundStatus = "pending"
	// RefundPaid means that the money was returned.
	RefundPaid RefundStatus = "paid"
	// RefundFailed means that the provider can't pay it out; an operator decides.
	RefundFailed RefundStatus = "failed"
	// RefundTooLarge means that less is left of the payment; nothing was sent.
	RefundTooLarge RefundStatus = "too_large"
	// RefundSettled means that an operator returned the money in another way.
	RefundSettled RefundStatus = "settled"
	// RefundAssigned means that the payment of an unknown order was given to the order that
	// it was meant for.
	RefundAssigned RefundStatus = "assigned"
	// RefundNotOwed means that the order took this payment after all; it stays.
	RefundNotOwed RefundStatus = "not_owed"
	// RefundCase means that the order is unknown; an operator decides.
	RefundCase RefundStatus = "case"
)

// OverRefunds are the statuses of finished refunds.
var OverRefunds = []RefundStatus{RefundNotOwed, RefundPaid, RefundTooLarge, RefundSettled, RefundAssigned}

// Over reports whether the refund is finished. A status that this version doesn't know may
// still be in progress.
func (s RefundStatus) Over() bool { return slices.Contains(OverRefunds, s) }

// Waits reports whether an operator has to decide about the refund.
func (s RefundStatus) Waits() bool { return s == RefundCase || s == RefundFailed }

// Counts reports whether the refund's amount has left its payment, or is about to.
func (s RefundStatus) Counts() bool {
	switch s {
	case RefundDue, RefundPending, RefundPaid, RefundFailed, RefundSettled:
		return true
	case RefundNotOwed, RefundTooLarge, RefundAssigned, RefundCase:
		return false
	}
	return false
}

// FullRefund is the refund id under which a whole payment is refunded. One id per order
// makes sure that this happens once. A payment id is its provider's own, and a payment that
// is said to pay two orders is refunded for each that doesn't take it. Neither ids nor
// names contain colons.
func FullRefund(provider, orderID string) string { return "full:" + provider + ":" + orderID }

// Refund is money that is returned to the buyer, in whole or in part.
type Refund struct {
	ID        string       `json:"id"`
	PaymentID string       `json:"paymentId"`
	OrderID   string       `json:"orderId"`
	Provider  string       `json:"provider"`
	Amount    int64        `json:"amount"`
	Currency  string       `json:"currency"`
	Reason    RefundReason `json:"reason"`
	Status    RefundStatus `json:"status"`
	DueAt     time.Time    `json:"dueAt"`
	// All means all that is left of the payment, whatever Amount says. Until it is known how
	// much that is, Amount may be 0. It is not shown.
	All bool `json:"all,omitempty"`
	// Shortfall is what a part of the order was worth beyond Amount, because less was left of
	// the payment. An operator has to look at it.
	Shortfall int64 `json:"shortfall,omitempty"`
	// PaymentAmount is the amount of the whole payment, if it differs from Amount.
	PaymentAmount int64 `json:"paymentAmount,omitempty"`
	// Actor is who requested it, if anyone, and Note what they wrote.
	Actor string `json:"actor,omitempty"`
	Note  string `json:"note,omitempty"`
	// PaidAt is when the provider was known to have paid it out; ProviderID is its id
	// there.
	PaidAt     time.Time `json:"paidAt,omitzero"`
	ProviderID string    `json:"providerId,omitempty"`
	// Detail says why it failed, or what it was assigned to.
	Detail string `json:"detail,omitempty"`
	// Version counts the recorded changes of the refund: an older record never replaces a
	// newer one. It is 0 in records made before versions existed.
	Version int64 `json:"version,omitempty"`
	// Fingerprint of the request: a different request under the same key is rejected. It is
	// not shown.
	Fingerprint string `json:"fingerprint,omitempty"`
	// FailedIDs are the provider's ids of payouts that were sent and came back, the latest
	// last, at most MaxDecisions: a message that one of them failed is an old one.
	FailedIDs []string `json:"failedIds,omitempty"`
	// Decisions of operators that counted, the latest last, at most MaxDecisions.
	Decisions []RefundDecision `json:"decisions,omitempty"`
}

// MaxDecisions bounds how many decisions a refund stores.
const MaxDecisions = 20

// RefundDecision is one decision of an operator that counted.
type RefundDecision struct {
	Choice  string    `json:"choice"`
	OrderID string    `json:"orderId,omitempty"`
	Actor   string    `json:"actor,omitempty"`
	At      time.Time `json:"at"`
	// Key is the decision's Idempotency-Key. It is not shown.
	Key string `json:"key,omitempty"`
}

// Decide stores a decision.
func (r *Refund) Decide(d RefundDecision) {
	r.Decisions = append(slices.Clone(r.Decisions), d)
	if n := len(r.Decisions); n > MaxDecisions {
		r.Decisions = r.Decisions[n-MaxDecisions:]
	}
}

// SendAgain clears the provider's id of the failed payout: the next one gets another.
func (r *Refund) SendAgain() {
	if r.ProviderID == "" {
		return
	}
	r.FailedIDs = append(slices.Clone(r.FailedIDs), r.ProviderID)
	if n := len(r.FailedIDs); n > MaxDecisions {
		r.FailedIDs = r.FailedIDs[n-MaxDecisions:]
	}
	r.ProviderID = ""
}

// DecisionUnder finds the decision that was made under an Idempotency-Key.
func (r *Refund) DecisionUnder(key string) (RefundDecision, bool) {
	i := slices.IndexFunc(r.Decisions, func(d RefundDecision) bool { return key != "" && d.Key == key })
	if i < 0 {
		return RefundDecision{}, false
	}
	return r.Decisions[i], true
}

// Shown returns the refund as callers see it: without fingerprint and keys.
func (r Refund) Shown() Refund {
	r.All, r.Fingerprint, r.FailedIDs, r.Decisions = false, "", nil, slices.Clone(r.Decisions)
	for i := range r.Decisions {
		r.Decisions[i].Key = ""
	}
	return r
}

// Public is the refund without what the shop's own people, and the provider, say to one
// another.
func (r Refund) Public() Refund {
	r = r.Shown()
	r.Actor, r.Note, r.Detail, r.Decisions, r.Shortfall = "", "", "", nil, 0
	return r
}

// RefundOf refunds a whole payment.
func RefundOf(p PaymentEvent, reason RefundReason) Refund {
	return Refund{
		ID: FullRefund(p.Provider, p.OrderID), PaymentID: p.PaymentID, OrderID: p.OrderID, Provider: p.Provider,
		Amount: p.Amount, Currency: p.Currency, Reason: reason, Status: RefundDue,
	}
}
