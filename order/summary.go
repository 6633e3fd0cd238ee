package order

import (
	"time"

	"holdfast/product"
)

// SummaryLines is how many lines a summary shows.
const SummaryLines = 10

// Summary is an order in short, as lists show it: its size is bounded, whatever the number
// of the order's lines or the length of its journal.
type Summary struct {
	ID         string           `json:"id"`
	Status     Status           `json:"status"`
	Version    int64            `json:"version"`
	CustomerID string           `json:"customerId"`
	Currency   string           `json:"currency,omitempty"`
	Amounts    map[string]int64 `json:"amounts"`
	// Lines are the first SummaryLines of LineCount.
	Lines        []Line   `json:"lines"`
	LineCount    int      `json:"lineCount"`
	Address      *Address `json:"address,omitempty"`
	Payment      Payment  `json:"payment"`
	CancelReason Reason   `json:"cancelReason,omitempty"`

	Metadata          product.Metadata `json:"metadata,omitempty"`
	ExternalReference string           `json:"externalReference,omitempty"`

	PlacedAt  time.Time `json:"placedAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// Summary returns the order in short. It shares memory with the order.
func (o *Order) Summary() Summary {
	return Summary{
		ID: o.ID, Status: o.Status, Version: o.Version, CustomerID: o.CustomerID, Currency: o.Currency, Amounts: o.Amounts,
		Lines: o.Lines[:min(len(o.Lines), SummaryLines)], LineCount: len(o.Lines), Address: o.Address,
		Payment: o.Payment, CancelReason: o.CancelReason, Metadata: o.Metadata, ExternalReference: o.ExternalReference, PlacedAt: o.PlacedAt, UpdatedAt: o.UpdatedAt,
	}
}
