package order

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Dismissal records, beside an order's payments, that an operator took note of an alert: one about the
// order's money, or any that its workflow can't take off the order any more.
type Dismissal struct {
	AlertID string    `json:"alertId"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
}

// Alerts are what operators should know about the order's money. They stand beside the payments, because
// they may arise after the order has closed, and never keep it open. A dispute is one until it is
// dismissed, and again when the provider reports something new.
func (p Payments) Alerts() []Alert {
	var all []Alert
	for _, r := range p.Refunds {
		if r.Shortfall > 0 && !p.IsDismissed(r.alertID()) {
			all = append(all, Alert{
				Rule: RuleRefundShortfall, ID: r.alertID(),
				Detail: fmt.Sprintf("%d of %d %s could not be refunded", r.Shortfall, r.Owed(), r.Currency),
			})
		}
	}
	for _, d := range p.Disputes {
		if d.DismissedAt.IsZero() {
			all = append(all, Alert{Rule: RuleDisputed, ID: d.alertID(), Detail: fmt.Sprintf("%s: %d %s", d.Status, d.Amount, d.Currency)})
		}
	}
	slices.SortFunc(all, func(a, b Alert) int { return cmp.Compare(a.ID, b.ID) }) // payments have no order
	return all
}

// IsDismissed reports whether the alert was dismissed beside the payments.
func (p Payments) IsDismissed(alertID string) bool {
	return slices.ContainsFunc(p.Dismissals, func(d Dismissal) bool { return d.AlertID == alertID })
}

// DisputeOf returns the dispute that an alert is about, whether or not it was dismissed.
func (p Payments) DisputeOf(alertID string) (Dispute, bool) {
	i := slices.IndexFunc(p.Disputes, func(d Dispute) bool { return d.alertID() == alertID })
	if i < 0 {
		return Dispute{}, false
	}
	return p.Disputes[i], true
}

// standing returns all alerts of an order that stand.
func (p Payments) standing(o *Order) []Alert {
	var own []Alert
	if o.Fulfilment != nil {
		own = slices.DeleteFunc(slices.Clone(o.Alerts), func(a Alert) bool { return a.ID != "" && p.IsDismissed(a.ID) })
	}
	return append(own, p.Alerts()...)
}

// AllAlerts returns the order's alerts that stand. Those about its money, and which of its own were
// dismissed beside it, are known once it is settled.
func (o *Order) AllAlerts() []Alert {
	switch {
	case o.standing != nil:
		return o.standing
	case o.Fulfilment != nil:
		return o.Alerts
	}
	return nil
}

// alertID is another one for another refund with the same name, which is due at another time.
func (r Refund) alertID() string {
	return AlertID(RuleRefundShortfall, r.PaymentID, r.ID, r.DueAt.UTC().Format(time.RFC3339Nano))
}

func (d Dispute) alertID() string { return AlertID(RuleDisputed, d.Provider, d.ID) }
