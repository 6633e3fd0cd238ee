package order

import (
	"errors"
	"slices"
	"time"

	"holdfast/product"
)

// Errors of changes to a paid order.
var (
	// ErrOnHold means that the order can't be packed until its hold is released.
	ErrOnHold = errors.New("the order is on hold")
	// ErrWindowOver means that the time to return something has passed, or that the shop takes
	// nothing back.
	ErrWindowOver = errors.New("the return window is over")
	// ErrUnresolved means that a package waits for an operator.
	ErrUnresolved = errors.New("a package of the order waits for an operator")
)

// Fulfil begins the part of an order's life that follows its payment.
func (o *Order) Fulfil(at time.Time) {
	f := NewFulfilment(o, at)
	o.Fulfilment, o.Shape = &f, Shape
	if b := o.Commands.brake(at); b != nil {
		o.Fulfilment.Hold(*b)
	}
	o.follow(ActorSystem, at, at)
}

// Change applies a change to a paid order's goods and notes the step in the journal. If the change
// returns an error, it has changed nothing, and neither has this.
func (o *Order) Change(step, actor string, at time.Time, detail map[string]string, apply func(*Fulfilment) error) error {
	if err := apply(o.Fulfilment); err != nil {
		return err
	}
	o.note(step, actor, at, at, detail)
	o.follow(actor, at, at)
	return nil
}

// Report records a message about a package, or once that its messages are dropped. The journal only has
// the nodes that the order as a whole reached: the package itself stores its messages.
func (o *Order) Report(packageID string, e PackageEvent, at time.Time) Taken {
	taken := o.Fulfilment.Report(packageID, e)
	switch taken {
	case TakenBefore, TakenUnknown:
		return taken
	case TakenOverLimit:
		id := AlertID(RuleEventsDropped, packageID)
		if !o.Raise(Alert{Rule: RuleEventsDropped, PackageID: packageID, ID: id, Detail: "the package or the order has too many messages"}) {
			return taken
		}
	case TakenNew:
	}
	o.Version++
	o.UpdatedAt = at.UTC()
	o.follow(e.Actor, e.OccurredAt, at)
	return taken
}

// ReportAll records the same message about several packages at once.
func (o *Order) ReportAll(packageIDs []string, e PackageEvent, at time.Time) {
	before := o.Version
	for _, id := range packageIDs {
		if o.report(id, e) == TakenNew {
			o.Version++
		}
	}
	if o.Version == before {
		return
	}
	o.settle()
	o.UpdatedAt = at.UTC()
	o.follow(e.Actor, e.OccurredAt, at)
}

// Step notes a change of a paid order that its goods don't show, such as an alert.
func (o *Order) Step(step, actor string, at time.Time, detail map[string]string) {
	o.note(step, actor, at, at, detail)
	o.follow(actor, at, at)
}

// follow makes the order's status, lines and alerts follow its goods, and notes the status if it
// changed.
func (o *Order) follow(actor string, occurred, at time.Time) {
	f := o.Fulfilment
	if f == nil {
		return
	}
	for i, n := range f.LineNodes() {
		l, s := &o.Lines[i], f.Lines[i]
		l.Node, l.Removed, l.Restocked, l.Damaged = n, s.Removed, s.Restocked, s.Damaged
	}
	f.Alerts = f.alerts()
	if o.Status.Ended() || o.Status == Status(f.At.String()) {
		return
	}
	o.Status = Status(f.At.String())
	o.note(string(o.Status), actor, occurred, at, nil)
}

// RefundFor returns the refund for giving back some more units, in minor units of the order's currency.
func (o *Order) RefundFor(units []LineUnits) (amount int64) {
	for _, u := range units {
		for _, l := range o.Lines {
			if l.ID == u.LineID {
				amount += o.Refundable(l, u.Quantity, o.step())
			}
		}
	}
	return amount
}

// step is of what the order's amounts are multiples.
func (o *Order) step() int64 {
	if o.Pricing == nil {
		return 1
	}
	return max(o.Pricing.Step, 1)
}

// ItemsOf adds up units of the order's lines by product and sku.
func (o *Order) ItemsOf(units []LineUnits) map[string][]product.Item {
	items := map[string][]product.Item{}
	for _, u := range units {
		for _, l := range o.Lines {
			if l.ID == u.LineID {
				items[l.ProductID] = addItem(items[l.ProductID], l.SKU, u.Quantity)
			}
		}
	}
	return items
}

// NotRestocked takes back that some units of a variant went back to stock, because the stock refused
// them.
func (o *Order) NotRestocked(productID, sku string, units int64) {
	for i, l := range o.Lines {
		if l.ProductID == productID && l.SKU == sku {
			refused := min(units, o.Fulfilment.Lines[i].Restocked)
			o.Fulfilment.Lines[i].Restocked -= refused
			units -= refused
		}
	}
}

// SetReturnBy works out when the return window ends: so long after the delivery was recorded.
func (o *Order) SetReturnBy(window time.Duration) {
	o.ReturnBy = time.Time{}
	if at := o.deliveredAt(); o.AllDelivered() && !at.IsZero() {
		o.ReturnBy = at.Add(window)
	}
}

// deliveredAt returns when the shop learned that the last of the live packages was delivered.
func (f *Fulfilment) deliveredAt() (last time.Time) {
	for i := range f.Packages {
		p := &f.Packages[i]
		if !p.Live() {
			continue
		}
		var first time.Time
		for _, e := range p.Events {
			if e.Node == NodeDelivered && (first.IsZero() || e.RecordedAt.Before(first)) {
				first = e.RecordedAt
			}
		}
		if first.Before(p.CreatedAt) && !first.IsZero() { // it waited for its package
			first = p.CreatedAt
		}
		if first.After(last) {
			last = first
		}
	}
	return last
}

// staysOpen reports whether something keeps the order open, however long it takes: a return that is
// neither declined nor received, or a package that waits for an operator.
func (f *Fulfilment) staysOpen() bool {
	return f.ReturnsOpen() || slices.ContainsFunc(f.Packages, func(p Package) bool { return p.Unresolved() })
}

// MayEnd reports whether nothing keeps the order open any more.
func (o *Order) MayEnd(now time.Time) bool {
	if o.staysOpen() {
		return false
	}
	return o.Nothing() || (!o.ReturnBy.IsZero() && !now.Before(o.ReturnBy))
}

// WakeAt returns when the order, left alone, changes by itself, or the zero time if it doesn't: a
// return that never arrives is closed, and so is an order whose return window is over.
func (o *Order) WakeAt() (at time.Time) {
	for _, r := range o.Returns {
		if due := r.UpdatedAt.Add(ReturnUnreceived); r.Status == ReturnApproved && (at.IsZero() || due.Before(at)) {
			at = due
		}
	}
	if o.staysOpen() {
		return at
	}
	return o.ReturnBy
}

// End closes a paid order at the end of its life: as cancelled if nothing is left of it, otherwise as
// it is.
func (o *Order) End(reason Reason, actor string, at time.Time) {
	o.ClosedAt = at.UTC()
	step := "closed"
	if o.Nothing() {
		o.Status, o.CancelReason, step = StatusCancelled, reason, string(StatusCancelled)
	}
	o.note(step, actor, at, at, map[string]string{})
}

// Restore completes an order that was read from its document, so that it can change again.
func (o *Order) Restore() {
	if o.Fulfilment == nil {
		return
	}
	o.Fulfilment.Lines = make([]LineState, len(o.Lines))
	for i, l := range o.Lines {
		o.Fulfilment.Lines[i] = LineState{l.ID, l.Quantity, l.Removed, l.Restocked, l.Damaged}
	}
}
