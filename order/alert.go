package order

import (
	"errors"
	"fmt"
	"slices"
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
	// ID names an alert about one message or one step, to dismiss it.
	ID     string `json:"id,omitempty"`
	Detail string `json:"detail,omitempty"`
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
	// RuleResolvedPackage: a package was refunded or sent again, but then reported to be on its way
	// after all.
	RuleResolvedPackage AlertRule = "resolved_package_moves"
	// RuleClockAhead: a message says that something occurred after it was recorded.
	RuleClockAhead AlertRule = "occurred_in_future"
	// RuleRestockRefused: units that came back could not be returned to the stock.
	RuleRestockRefused AlertRule = "restock_refused"
	// RuleEventsDropped: a message exceeded a limit and was dropped.
	RuleEventsDropped AlertRule = "events_dropped"
	// RuleNumberRefused: a tracking number could not be watched.
	RuleNumberRefused AlertRule = "tracking_number_refused"
	// RuleRefundShortfall: a part of the order was given back, but less than it cost was left
	// of the payment.
	RuleRefundShortfall AlertRule = "refund_shortfall"
	// RuleCommandsSkipped: the shop's commands didn't run for an event.
	RuleCommandsSkipped AlertRule = "commands_skipped"
	// RuleDisputed: the buyer's bank reclaims a payment.
	RuleDisputed AlertRule = "payment_disputed"
	// RuleErased: the order was erased before all of its units were packed.
	RuleErased AlertRule = "order_erased"
)

// AlertRules returns all rules.
func AlertRules() []AlertRule {
	return []AlertRule{
		RuleQuantities, RuleUnresolved, RuleRemovedPackage, RuleResolvedPackage, RuleClockAhead, RuleRestockRefused, RuleEventsDropped,
		RuleNumberRefused, RuleRefundShortfall, RuleCommandsSkipped, RuleDisputed, RuleErased,
	}
}

// maxAlertEvents limits the alerts about single steps that an order keeps.
const maxAlertEvents = 100

// Raise adds an alert about one step, once per id, and reports whether it did.
func (f *Fulfilment) Raise(a Alert) bool {
	same := func(other Alert) bool { return other.ID == a.ID }
	if slices.ContainsFunc(f.Events, same) || slices.Contains(f.Dismissed, a.ID) || len(f.Events) >= maxAlertEvents {
		return false
	}
	f.Events = append(f.Events, a)
	return true
}

// ErrUnknownAlert means that the order has no such alert that could be dismissed.
var ErrUnknownAlert = errors.New("the order has no such alert")

// Dismiss takes an alert about a message or a step off the order.
func (f *Fulfilment) Dismiss(id string) error {
	i := slices.IndexFunc(f.Alerts, func(a Alert) bool { return a.ID == id && id != "" })
	if i < 0 {
		return ErrUnknownAlert
	}
	f.Events = slices.DeleteFunc(f.Events, func(a Alert) bool { return a.ID == id })
	f.Dismissed = append(f.Dismissed, id)
	return nil
}

// alerts returns the alerts that stand: Check's and those about steps, without the dismissed ones.
func (f *Fulfilment) alerts() []Alert {
	return slices.DeleteFunc(append(f.Check(), f.Events...), func(a Alert) bool {
		return a.ID != "" && slices.Contains(f.Dismissed, a.ID)
	})
}

// Check returns alerts about everything that doesn't add up or needs an operator.
func (f *Fulfilment) Check() []Alert {
	var all []Alert
	in := f.packed()
	for _, l := range f.Lines {
		packed := in[l.LineID]
		if l.Removed < 0 || l.left() < packed || f.returnedTooMuch(l) {
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

// returnedTooMuch reports whether more units of a line are part of returns than were delivered.
func (f *Fulfilment) returnedTooMuch(l LineState) bool {
	back := f.returned(l.LineID)
	return back > 0 && back > f.Delivered(l.LineID)
}

func (p *Package) check() []Alert {
	var all []Alert
	if p.Unresolved() {
		all = append(all, Alert{Rule: RuleUnresolved, PackageID: p.ID, Detail: fmt.Sprint(p.Marks())})
	}
	for i := range p.Events {
		e := &p.Events[i]
		if !p.RemovedAt.IsZero() && e.Node >= NodeLeftWarehouse {
			all = append(all, aboutEvent(RuleRemovedPackage, p.ID, e.ID, e.Node.String()))
		}
		if p.RemovedAt.IsZero() && !p.Live() && e.Node != 0 && e.RecordedAt.After(p.Resolution.At) {
			all = append(all, aboutEvent(RuleResolvedPackage, p.ID, e.ID, e.Node.String()))
		}
		if e.OccurredAt.After(e.RecordedAt.Add(maxClockAhead)) {
			all = append(all, aboutEvent(RuleClockAhead, p.ID, e.ID, e.OccurredAt.Format(time.RFC3339)))
		}
	}
	return all
}

func aboutEvent(r AlertRule, packageID, eventID, detail string) Alert {
	return Alert{Rule: r, PackageID: packageID, EventID: eventID, ID: AlertID(r, packageID, eventID), Detail: detail}
}

// AlertID names an alert about one message or step.
func AlertID(r AlertRule, about ...string) string {
	return hashed(append([]string{string(r)}, about...)...)
}

// Contested reports whether a package moved after it was refunded or sent again: its buyer may have the
// units, and can't cancel those that replace them.
func (f *Fulfilment) Contested() bool {
	return slices.ContainsFunc(f.Alerts, func(a Alert) bool { return a.Rule == RuleResolvedPackage })
}
