package order

import (
	"slices"
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
	// Lines are the first SummaryLines of LineCount, without the parts of their prices.
	Lines        []Line   `json:"lines"`
	LineCount    int      `json:"lineCount"`
	Address      *Address `json:"address,omitempty"`
	Payment      Payment  `json:"payment"`
	CancelReason Reason   `json:"cancelReason,omitempty"`
	// Node is FurthestNode.
	Node     Node        `json:"node,omitempty"`
	Progress []NodeUnits `json:"progress,omitempty"`
	// PackageCount counts the packages that weren't undone; Marks are theirs, each once.
	PackageCount int    `json:"packageCount,omitempty"`
	Marks        []Mark `json:"marks,omitempty"`
	// Alerts are the rules of AllAlerts, each once.
	Alerts []AlertRule `json:"alerts,omitempty"`
	// Tags are those of Commands, for staff.
	Tags []string `json:"tags,omitempty"`
	// Hold says why the order is on hold, for staff; nil if it isn't.
	Hold *Brake `json:"hold,omitempty"`

	Metadata          product.Metadata `json:"metadata,omitempty"`
	ExternalReference string           `json:"externalReference,omitempty"`

	PlacedAt  time.Time `json:"placedAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	ClosedAt  time.Time `json:"closedAt,omitzero"`
}

// Summary returns the order in short. It shares memory with the order.
func (o *Order) Summary() Summary {
	s := Summary{
		ID: o.ID, Status: o.Status, Version: o.Version, CustomerID: o.CustomerID, Currency: o.Currency, Amounts: o.Amounts,
		Lines: summaryLines(o.Lines), LineCount: len(o.Lines), Address: o.Address,
		Payment: o.Payment, CancelReason: o.CancelReason, Metadata: o.Metadata, ExternalReference: o.ExternalReference,
		Node: o.FurthestNode(), PlacedAt: o.PlacedAt, UpdatedAt: o.UpdatedAt, ClosedAt: o.ClosedAt,
	}
	for _, a := range o.AllAlerts() {
		s.Alerts = append(s.Alerts, a.Rule)
	}
	if o.Commands != nil {
		s.Tags = o.Commands.Tags
	}
	slices.Sort(s.Alerts)
	s.Alerts = slices.Compact(s.Alerts)
	if o.Fulfilment == nil {
		return s
	}
	s.Progress, s.Hold = o.Units, o.Brake
	for i := range o.Packages {
		if p := &o.Packages[i]; p.RemovedAt.IsZero() {
			s.PackageCount++
			s.Marks = append(s.Marks, p.Marks()...)
		}
	}
	slices.Sort(s.Marks)
	s.Marks = slices.Compact(s.Marks)
	return s
}

func summaryLines(lines []Line) []Line {
	lines = slices.Clone(lines[:min(len(lines), SummaryLines)])
	for i := range lines {
		lines[i].LinePrice = LinePrice{Total: lines[i].Total}
	}
	return lines
}

// SummaryNumbers is how many tracking numbers a package's summary shows.
const SummaryNumbers = 10

// PackageSummary is a package in short, as lists show it.
type PackageSummary struct {
	OrderID string `json:"orderId"`
	ID      string `json:"id"`
	Version int64  `json:"version"`
	Node    Node   `json:"node"`
	Marks   []Mark `json:"marks,omitempty"`
	Carrier string `json:"carrier,omitempty"`
	Courier string `json:"courier,omitempty"`
	// TrackingNumbers are the first SummaryNumbers.
	TrackingNumbers   []string  `json:"trackingNumbers,omitempty"`
	EstimatedDelivery time.Time `json:"estimatedDelivery,omitzero"`
	CreatedAt         time.Time `json:"createdAt"`
	// UpdatedAt is the order's.
	UpdatedAt time.Time `json:"updatedAt"`
}

// Summary returns a package of the order in short. It shares memory with the package.
func (p *Package) Summary(of *Order) PackageSummary {
	return PackageSummary{
		OrderID: of.ID, ID: p.ID, Version: p.Version, Node: p.Node(), Marks: p.Marks(), Carrier: p.Carrier, Courier: p.Courier,
		TrackingNumbers:   p.TrackingNumbers[:min(len(p.TrackingNumbers), SummaryNumbers)],
		EstimatedDelivery: p.EstimatedDelivery, CreatedAt: p.CreatedAt, UpdatedAt: of.UpdatedAt,
	}
}
