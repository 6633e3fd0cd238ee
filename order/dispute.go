package order

import "time"

// DisputeStatus is the state of a dispute. The list is open.
type DisputeStatus string

const (
	// DisputeNeedsResponse means that the shop has to answer the buyer's bank, by DueBy if
	// it is set.
	DisputeNeedsResponse DisputeStatus = "needs_response"
	// DisputeUnderReview means that the bank has the shop's answer.
	DisputeUnderReview DisputeStatus = "under_review"
	// DisputeWon and DisputeLost are final: the shop keeps the money, or the buyer gets it.
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

// Dispute is a payment that the buyer's bank reclaims. It is stored beside the order's
// payments and never changes the order, which may have ended long ago.
type Dispute struct {
	// ID is the provider's own id.
	ID        string `json:"id"`
	Provider  string `json:"provider"`
	PaymentID string `json:"paymentId"`
	// OrderID is empty if the payment's order is unknown.
	OrderID string `json:"orderId,omitempty"`
	// Amount in minor units of Currency.
	Amount   int64         `json:"amount"`
	Currency string        `json:"currency"`
	Reason   string        `json:"reason,omitempty"`
	Status   DisputeStatus `json:"status"`
	// DueBy is when the bank wants an answer.
	DueBy time.Time `json:"dueBy,omitzero"`
	// Funds is empty if no message mentioned the funds.
	Funds DisputeFunds `json:"funds,omitempty"`
	// OccurredAt is when the dispute reached Status, FundsAt when the money moved as Funds
	// says.
	OccurredAt time.Time `json:"occurredAt"`
	FundsAt    time.Time `json:"fundsAt,omitzero"`
	// Version counts the recorded changes.
	Version int64 `json:"version,omitempty"`
	// DismissedAt is when an operator last took note of the dispute, and DismissedBy who
	// did.
	DismissedAt time.Time `json:"dismissedAt,omitzero"`
	DismissedBy string    `json:"dismissedBy,omitempty"`
}

// Public is the dispute without who took note of it.
func (d Dispute) Public() Dispute {
	d.DismissedAt, d.DismissedBy = time.Time{}, ""
	return d
}

// Hear applies a message about the dispute and reports whether it changed anything.
// Messages may arrive late, twice and in any order: the latest event counts, and within one
// second the one that is further along. A message that only repeats the same state at a
// later time is noted, but is no news to an operator who dismissed the dispute.
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
