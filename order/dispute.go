package order

import "time"

// DisputeStatus is how far a dispute is. The list is open.
type DisputeStatus string

const (
	// DisputeNeedsResponse: the shop has to answer the buyer's bank, by DueBy where it says.
	DisputeNeedsResponse DisputeStatus = "needs_response"
	// DisputeUnderReview: the bank has the shop's answer.
	DisputeUnderReview DisputeStatus = "under_review"
	// DisputeWon and DisputeLost are the end: the money stays, or it is the buyer's.
	DisputeWon  DisputeStatus = "won"
	DisputeLost DisputeStatus = "lost"
)

// rank orders the statuses of messages that were written in the same second.
func (s DisputeStatus) rank() int {
	switch s {
	case DisputeNeedsResponse:
		return 1
	case DisputeUnderReview:
		return 2
	case DisputeWon, DisputeLost:
		return 3
	}
	return 0
}

// DisputeFunds says where the disputed money is. The list is open.
type DisputeFunds string

const (
	DisputeFundsWithdrawn  DisputeFunds = "withdrawn"
	DisputeFundsReinstated DisputeFunds = "reinstated"
)

// Dispute is a payment that the buyer's bank asks back. It stands beside the order's
// payments and never changes the order, which may be long over.
type Dispute struct {
	// ID is the provider's own.
	ID        string `json:"id"`
	Provider  string `json:"provider"`
	PaymentID string `json:"paymentId"`
	// OrderID is empty where the payment's order is not known.
	OrderID string `json:"orderId,omitempty"`
	// Amount in minor units of Currency.
	Amount   int64         `json:"amount"`
	Currency string        `json:"currency"`
	Reason   string        `json:"reason,omitempty"`
	Status   DisputeStatus `json:"status"`
	// DueBy is when the bank wants an answer.
	DueBy time.Time `json:"dueBy,omitzero"`
	// Funds are empty where nothing was said of them.
	Funds DisputeFunds `json:"funds,omitempty"`
	// OccurredAt is when what Status says happened, FundsAt when what Funds says did.
	OccurredAt time.Time `json:"occurredAt"`
	FundsAt    time.Time `json:"fundsAt,omitzero"`
	// Version counts what was recorded of it.
	Version int64 `json:"version,omitempty"`
	// DismissedAt is when an operator took note of all that is in it, and who did.
	DismissedAt time.Time `json:"dismissedAt,omitzero"`
	DismissedBy string    `json:"dismissedBy,omitempty"`
}

// Hear takes in a message about the dispute and reports whether that changed it. Messages
// may come late, twice and in any order: the latest happening counts, and of one second
// the one that is further. One that only says the same of a later time is noted, and is no
// news to an operator who dismissed the dispute.
func (d *Dispute) Hear(m Dispute) (changed bool) {
	before, news := *d, false
	if d.Status == "" || m.OccurredAt.After(d.OccurredAt) ||
		(m.OccurredAt.Equal(d.OccurredAt) && m.Status.rank() > d.Status.rank()) {
		news = d.Status != m.Status || d.Amount != m.Amount || d.Reason != m.Reason || !d.DueBy.Equal(m.DueBy)
		d.Status, d.Amount, d.Currency, d.Reason, d.DueBy, d.OccurredAt = m.Status, m.Amount, m.Currency, m.Reason, m.DueBy, m.OccurredAt
	}
	if m.Funds != "" && (m.FundsAt.After(d.FundsAt) ||
		(m.FundsAt.Equal(d.FundsAt) && (d.Funds == "" || m.Funds == DisputeFundsReinstated))) {
		news = news || d.Funds != m.Funds
		d.Funds, d.FundsAt = m.Funds, m.FundsAt
	}
	if news {
		d.DismissedAt, d.DismissedBy = time.Time{}, ""
	}
	return *d != before
}
