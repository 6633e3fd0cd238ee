package order

import (
	"slices"
	"strings"
	"time"
)

// PaymentEventType is what a provider says of a payment. The list is open.
type PaymentEventType string

const (
	// PaymentCreated: the provider has opened it, and waits for the buyer.
	PaymentCreated   PaymentEventType = "payment.created"
	PaymentSucceeded PaymentEventType = "payment.succeeded"
	// PaymentFailed: this attempt failed, the buyer may try again.
	PaymentFailed PaymentEventType = "payment.failed"
	// PaymentDeclined: the provider will not take money for this order.
	PaymentDeclined PaymentEventType = "payment.refused"
	// PaymentEnded: the payment was cancelled, by us or by the provider.
	PaymentEnded PaymentEventType = "payment.cancelled"
	// PaymentRefundFailed: money that was to go back, or was thought to have gone, did not
	// arrive. It is a message of a refund and no payment's state.
	PaymentRefundFailed PaymentEventType = "refund.failed"
	// PaymentDisputed: the buyer's bank asks for the money back, or says what became of
	// that. It is no payment's state either.
	PaymentDisputed PaymentEventType = "payment.disputed"
)

// PaymentEvent is one message of a payment provider, in our words.
type PaymentEvent struct {
	// EventID names the message: a repeated one has the same id, mostly.
	EventID   string           `json:"eventId"`
	Provider  string           `json:"provider"`
	Type      PaymentEventType `json:"type"`
	OrderID   string           `json:"orderId"`
	PaymentID string           `json:"paymentId"`
	// Amount in minor units of Currency.
	Amount     int64     `json:"amount"`
	Currency   string    `json:"currency"`
	OccurredAt time.Time `json:"occurredAt"`
	// Money that the gateway takes to which the provider said it.
	Money Money `json:"money,omitempty"`
	// Refund that a PaymentRefundFailed is of.
	Refund *FailedRefund `json:"refund,omitempty"`
	// Dispute that a PaymentDisputed is of. OrderID is empty where the message doesn't say.
	Dispute *Dispute `json:"dispute,omitempty"`
}

// maxNameBytes bounds what a provider calls something of its own.
const maxNameBytes = 255

// ValidName reports whether a provider, or we, can call something so: visible ASCII
// characters, without an end that is out of sight.
func ValidName(name string) bool {
	return name != "" && len(name) <= maxNameBytes && !strings.ContainsFunc(name, func(r rune) bool { return r < '!' || r > '~' })
}

// FailedRefund is a refund of ours that its provider could not pay out.
type FailedRefund struct {
	ID string `json:"id"`
	// ProviderID is the provider's own name of what failed.
	ProviderID string `json:"providerId"`
	Detail     string `json:"detail,omitempty"`
}

// Attempt is what an order's payments document keeps of one payment.
type Attempt struct {
	PaymentID  string           `json:"id"`
	Provider   string           `json:"provider"`
	Type       PaymentEventType `json:"type"`
	Amount     int64            `json:"amount"`
	Currency   string           `json:"currency"`
	OccurredAt time.Time        `json:"occurredAt"`
	// Taken: the order was paid by this payment. A success that is not taken is
	// due for refund.
	Taken bool `json:"taken"`
}

// PaymentKey names a payment among those of all providers: an id is its provider's
// own. A colon stands in no id and no name.
func PaymentKey(provider, paymentID string) string { return provider + ":" + paymentID }

// Key names the payment that the message is of.
func (p PaymentEvent) Key() string { return PaymentKey(p.Provider, p.PaymentID) }

// Key names the payment.
func (a Attempt) Key() string { return PaymentKey(a.Provider, a.PaymentID) }

// NewAttempt keeps what p said.
func NewAttempt(p PaymentEvent, taken bool) Attempt {
	return Attempt{
		PaymentID: p.PaymentID, Provider: p.Provider, Type: p.Type, Amount: p.Amount,
		Currency: p.Currency, OccurredAt: p.OccurredAt.UTC(), Taken: taken,
	}
}

// Event is the message that the attempt was kept of, as far as it was.
func (a Attempt) Event(orderID string) PaymentEvent {
	return PaymentEvent{
		Provider: a.Provider, Type: a.Type, OrderID: orderID, PaymentID: a.PaymentID,
		Amount: a.Amount, Currency: a.Currency, OccurredAt: a.OccurredAt,
	}
}

// RefundReason says why a payment goes back. The list is open.
type RefundReason string

const (
	RefundLate         RefundReason = "late"
	RefundDouble       RefundReason = "double"
	RefundWrongAmount  RefundReason = "wrong_amount"
	RefundNoStock      RefundReason = "no_stock"
	RefundUnknownOrder RefundReason = "unknown_order"
	// RefundCancelled: the paid order was cancelled before its delivery.
	RefundCancelled RefundReason = "cancelled"
	// RefundRequested: an operator gives money back, whole or in part.
	RefundRequested RefundReason = "requested"
)

// RefundStatus is how far a refund is. The list is open.
type RefundStatus string

const (
	// RefundDue: it has to be paid out.
	RefundDue RefundStatus = "due"
	// RefundPending: the provider has it and has not paid it out yet.
	RefundPending RefundStatus = "pending"
	// RefundPaid: the money went back.
	RefundPaid RefundStatus = "paid"
	// RefundFailed: the provider can't; an operator decides.
	RefundFailed RefundStatus = "failed"
	// RefundTooLarge: there is less left of the payment; nothing was sent.
	RefundTooLarge RefundStatus = "too_large"
	// RefundSettled: an operator gave the money back by other ways.
	RefundSettled RefundStatus = "settled"
	// RefundAssigned: the payment of an unknown order went to the order that it was for.
	RefundAssigned RefundStatus = "assigned"
	// RefundNotOwed: the order took this payment after all; it stays.
	RefundNotOwed RefundStatus = "not_owed"
	// RefundCase: nobody knows the order; an operator decides.
	RefundCase RefundStatus = "case"
)

// OverRefunds are the statuses of refunds about which nothing has to be done any more.
var OverRefunds = []RefundStatus{RefundNotOwed, RefundPaid, RefundTooLarge, RefundSettled, RefundAssigned}

// Over tells whether nothing has to be done about the refund any more. One whose
// status this version doesn't know may still be under way.
func (s RefundStatus) Over() bool { return slices.Contains(OverRefunds, s) }

// Waits tells whether an operator has to decide about the refund.
func (s RefundStatus) Waits() bool { return s == RefundCase || s == RefundFailed }

// Counts tells whether the refund's amount is gone, or going, from its payment.
func (s RefundStatus) Counts() bool {
	switch s {
	case RefundDue, RefundPending, RefundPaid, RefundFailed, RefundSettled:
		return true
	case RefundNotOwed, RefundTooLarge, RefundAssigned, RefundCase:
		return false
	}
	return false
}

// FullRefund is the refund id under which a payment goes back whole; that there
// is one id for each order makes that it goes back once. A payment id is its
// provider's own, and one that is said to pay two orders goes back for each that
// doesn't take it. Colons stand in no id and no name.
func FullRefund(provider, orderID string) string { return "full:" + provider + ":" + orderID }

// Refund is money that goes back to the buyer, whole or in part.
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
	// PaymentAmount is the whole of the payment, where that isn't Amount.
	PaymentAmount int64 `json:"paymentAmount,omitempty"`
	// Actor who asked for it, where somebody did, and what he noted.
	Actor string `json:"actor,omitempty"`
	Note  string `json:"note,omitempty"`
	// PaidAt is when the provider was known to have paid it out; ProviderID its name there.
	PaidAt     time.Time `json:"paidAt,omitzero"`
	ProviderID string    `json:"providerId,omitempty"`
	// Detail says why it failed, or what it was assigned to.
	Detail string `json:"detail,omitempty"`
	// Version counts what was recorded of the refund: an older record never replaces a
	// newer one. It is 0 in records of before there were versions.
	Version int64 `json:"version,omitempty"`
	// Fingerprint of the request that asked for it: another one under the same key is
	// another request. It is shown to nobody.
	Fingerprint string `json:"fingerprint,omitempty"`
	// FailedIDs are the provider's names of what was sent and came back, the latest last,
	// at most MaxDecisions: a message that one of them failed is an old one.
	FailedIDs []string `json:"failedIds,omitempty"`
	// Decisions of operators that counted, the latest last, at most MaxDecisions.
	Decisions []RefundDecision `json:"decisions,omitempty"`
}

// MaxDecisions bounds how many decisions a refund remembers.
const MaxDecisions = 20

// RefundDecision is one decision of an operator that counted.
type RefundDecision struct {
	Choice  string    `json:"choice"`
	OrderID string    `json:"orderId,omitempty"`
	Actor   string    `json:"actor,omitempty"`
	At      time.Time `json:"at"`
	// Key is the Idempotency-Key that the decision came under. It is shown to nobody.
	Key string `json:"key,omitempty"`
}

// Decide remembers a decision.
func (r *Refund) Decide(d RefundDecision) {
	r.Decisions = append(slices.Clone(r.Decisions), d)
	if n := len(r.Decisions); n > MaxDecisions {
		r.Decisions = r.Decisions[n-MaxDecisions:]
	}
}

// SendAgain forgets the provider's name of what failed: it is to be sent under another.
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

// DecisionUnder finds the decision that came under an Idempotency-Key.
func (r *Refund) DecisionUnder(key string) (RefundDecision, bool) {
	i := slices.IndexFunc(r.Decisions, func(d RefundDecision) bool { return key != "" && d.Key == key })
	if i < 0 {
		return RefundDecision{}, false
	}
	return r.Decisions[i], true
}

// Shown is the refund as callers see it: without fingerprint and keys.
func (r Refund) Shown() Refund {
	r.Fingerprint, r.FailedIDs, r.Decisions = "", nil, slices.Clone(r.Decisions)
	for i := range r.Decisions {
		r.Decisions[i].Key = ""
	}
	return r
}

// PartRefund is the refund id of money that somebody gives back, named by him.
func PartRefund(provider, id string) string { return partRefund + provider + ":" + id }

const partRefund = "part:"

// ReasonOf is why a refund was made, as far as its id tells.
func ReasonOf(refundID string) RefundReason {
	if strings.HasPrefix(refundID, partRefund) {
		return RefundRequested
	}
	return RefundLate
}

// RefundOf sends the whole of a payment back.
func RefundOf(p PaymentEvent, reason RefundReason) Refund {
	return Refund{
		ID: FullRefund(p.Provider, p.OrderID), PaymentID: p.PaymentID, OrderID: p.OrderID, Provider: p.Provider,
		Amount: p.Amount, Currency: p.Currency, Reason: reason, Status: RefundDue,
	}
}
