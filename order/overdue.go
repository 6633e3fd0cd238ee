package order

import "time"

// OverdueRule says what takes too long with an order. No message reports that: it is found by looking
// at all orders, not by a timer in each of them.
type OverdueRule string

const (
	// OverdueNoNews: nothing was heard of a package on its way for 10 days.
	OverdueNoNews OverdueRule = "no_news"
	// OverdueNotPacked: units that were paid 2 days ago aren't packed.
	OverdueNotPacked OverdueRule = "not_packed"
)

// OverdueRules returns all rules.
func OverdueRules() []OverdueRule { return []OverdueRule{OverdueNoNews, OverdueNotPacked} }

// After returns how long an order may wait until the rule applies to it; 0 for an unknown rule.
func (r OverdueRule) After() time.Duration {
	switch r {
	case OverdueNoNews:
		return 10 * 24 * time.Hour
	case OverdueNotPacked:
		return 2 * 24 * time.Hour
	}
	return 0
}

// WaitsSince returns since when the order waits for what the rule is about, or the zero time if it
// doesn't.
func (o *Order) WaitsSince(r OverdueRule) time.Time {
	if o.Closed() || !o.Status.TookPayment() {
		return time.Time{}
	}
	switch r {
	case OverdueNoNews:
		return o.lastNews()
	case OverdueNotPacked:
		if o.hasUnpacked() {
			return o.Payment.PaidAt
		}
	}
	return time.Time{}
}

// hasUnpacked reports whether units of a paid order still have to be packed. An order of shape 1 is
// delivered without packages.
func (o *Order) hasUnpacked() bool {
	if o.Fulfilment == nil {
		return o.Status == StatusPaid
	}
	return len(o.Units) > 0 && o.Units[0].Node < NodePacked
}

// lastNews returns when the shop last heard of the package that it has heard nothing about for the
// longest time. Packages that have arrived, or wait for an operator, don't count.
func (o *Order) lastNews() (oldest time.Time) {
	if o.Fulfilment == nil {
		return time.Time{}
	}
	for i := range o.Packages {
		p := &o.Packages[i]
		if !p.Live() || p.Node() >= NodeDelivered || p.Unresolved() {
			continue
		}
		last := p.CreatedAt
		for _, e := range p.Events {
			if e.RecordedAt.After(last) {
				last = e.RecordedAt
			}
		}
		if oldest.IsZero() || last.Before(oldest) {
			oldest = last
		}
	}
	return oldest
}
