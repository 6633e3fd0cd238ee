package order

import (
	"fmt"
	"time"
)

// maxClockAhead is how far an event may claim to have occurred after it was recorded, because clocks
// differ.
const maxClockAhead = 5 * time.Minute

// Alert is something about an order that an operator should look at.
type Alert struct {
	Rule      AlertRule `json:"rule"`
	PackageID string    `json:"packageId,omitempty"`
	LineID    string    `json:"lineId,omitempty"`
	// EventID is set for an alert about one message. Such an alert stays until it is dismissed; all
	// others clear themselves.
	EventID string `json:"eventId,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// AlertRule says what is wrong. The list is open.
type AlertRule string

const (
	// RuleQuantities: the units of a line don't add up, which is a bug.
	RuleQuantities AlertRule = "quantities"
	// RuleUnresolved: a package waits for an operator.
	RuleUnresolved AlertRule = "package_unresolved"
	// RuleRemovedPackage: a package was undone, but then reported to be on its way.
	RuleRemovedPackage AlertRule = "removed_package_moves"
	// RuleClockAhead: a message says that something occurred after it was recorded.
	RuleClockAhead AlertRule = "occurred_in_future"
)

// Check returns alerts about everything that doesn't add up or needs an operator.
func (f *Fulfilment) Check() []Alert {
	var all []Alert
	for _, l := range f.Lines {
		packed := f.unitsAt(l.LineID, NodePacked)
		if l.Removed < 0 || l.left() < packed {
			all = append(all, Alert{
				Rule: RuleQuantities, LineID: l.LineID,
				Detail: fmt.Sprintf("%d units, %d removed, %d packed", l.Quantity, l.Removed, packed),
			})
		}
	}
	for i := range f.Packages {
		all = append(all, f.Packages[i].check()...)
	}
	return all
}

func (p *Package) check() []Alert {
	var all []Alert
	if p.Unresolved() {
		all = append(all, Alert{Rule: RuleUnresolved, PackageID: p.ID, Detail: fmt.Sprint(p.Marks())})
	}
	for _, e := range p.Events {
		if !p.RemovedAt.IsZero() && e.Node >= NodeLeftWarehouse {
			all = append(all, Alert{Rule: RuleRemovedPackage, PackageID: p.ID, EventID: e.ID, Detail: e.Node.String()})
		}
		if e.OccurredAt.After(e.RecordedAt.Add(maxClockAhead)) {
			all = append(all, Alert{Rule: RuleClockAhead, PackageID: p.ID, EventID: e.ID, Detail: e.OccurredAt.Format(time.RFC3339)})
		}
	}
	return all
}
