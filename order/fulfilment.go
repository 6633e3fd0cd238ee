package order

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// Errors of changes to an order's packages.
var (
	ErrUnknownPackage  = errors.New("the order has no such package")
	ErrPackageLeft     = errors.New("the package has left the warehouse")
	ErrTooManyPackages = errors.New("the order already has the maximum number of packages")
	// ErrTooManyUndone refuses to undo a package, which can still be corrected. If it were the next
	// package that is refused, the units of the last one undone could never be packed.
	ErrTooManyUndone = errors.New("the maximum number of the order's packages has already been undone")
	ErrUnknownEvent  = errors.New("the package has no such event")
	// ErrUnitsReturned means that a package can't be refunded or sent again, because its units are
	// part of a return.
	ErrUnitsReturned   = errors.New("units of the package are part of a return: decline it first, or refund the rest by hand")
	ErrNothingResolved = errors.New("the package has no mark that waits for an operator")
	ErrTooManyRemovals = errors.New("parts of the order have already been cancelled the maximum number of times")
)

// UnitsError reports lines for which more units were requested than can be packed, cancelled or
// returned.
type UnitsError struct {
	// Lines in the order of the request.
	Lines []UnitsShort
}

// UnitsShort is one line of a UnitsError.
type UnitsShort struct {
	LineID    string `json:"lineId"`
	Requested int64  `json:"requested"`
	// Open is how many units there are.
	Open int64 `json:"open"`
	// Unknown means that the order doesn't have the line.
	Unknown bool `json:"unknown,omitempty"`
}

func (e *UnitsError) Error() string { return "more units than the order has left" }

// LineState is what became of the units of a line.
type LineState struct {
	LineID   string
	Quantity int64
	// Removed units are no longer part of the order: they were cancelled, or lost or
	// refused and then refunded.
	Removed int64
	// Restocked units went back to the stock, Damaged ones came back but were written off.
	Restocked, Damaged int64
}

// left returns how many units are still part of the order.
func (l LineState) left() int64 { return l.Quantity - l.Removed }

// Fulfilment is the state of a paid order's goods. Its methods check before they change anything: one
// that returns an error has changed nothing.
//
// For each line, open + packed = quantity - removed, where packed are the units in live
// packages.
type Fulfilment struct {
	// At is the order's node after the last change.
	At Node `json:"node,omitempty"`
	// Units says how many units are at each node, after the last change.
	Units []NodeUnits `json:"progress,omitempty"`
	// Released is when the order was released for fulfilment; until then it is at NodePaid.
	Released time.Time `json:"releasedAt,omitzero"`
	// Brake is set while the order is on hold.
	Brake *Brake `json:"hold,omitempty"`
	// Lines is stored with the order's lines.
	Lines    []LineState `json:"-"`
	Packages []Package   `json:"packages,omitempty"`
	Removals []Removal   `json:"removals,omitempty"`
	Returns  []Return    `json:"returns,omitempty"`
	// ReturnBy is when the return window ends, once the order is delivered.
	ReturnBy time.Time `json:"returnBy,omitzero"`
	Alerts   []Alert   `json:"alerts,omitempty"`
	// Events are alerts about single steps, which stay until they are dismissed.
	Events []Alert `json:"alertEvents,omitempty"`
	// Dismissed are the ids of dismissed alerts.
	Dismissed []string `json:"dismissedAlerts,omitempty"`
	// Floor is the furthest node that the order has reached, from NodeLeftWarehouse on. The order
	// never falls below it.
	Floor Node `json:"floor,omitempty"`
	// Falls counts how often the order fell below each node that it had reached.
	Falls map[Node]int `json:"falls,omitempty"`
	// full means that the document has no room for messages that change nothing.
	full bool
}

// Brake keeps an order from being packed.
type Brake struct {
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	Note  string    `json:"note,omitempty"`
}

// Removal is a part of a paid order that was cancelled before it was packed.
type Removal struct {
	ID     string      `json:"id"`
	Lines  []LineUnits `json:"lines"`
	Reason Reason      `json:"reason"`
	Actor  string      `json:"actor"`
	Note   string      `json:"note,omitempty"`
	At     time.Time   `json:"at"`
	// Refund is the amount that is owed to the buyer for it, in minor units of the order's
	// currency. It is 0 for the last units of an order: all that is left of the payment goes back
	// with them. Refunded is how much of it went back: see Order.Settle.
	Refund   int64 `json:"refund"`
	Refunded int64 `json:"refunded,omitempty"`
	// Fingerprint of the request: a different request under the same key is rejected.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// NewFulfilment returns the state of an order before anything is packed.
func NewFulfilment(o *Order, released time.Time) Fulfilment {
	f := Fulfilment{Lines: make([]LineState, len(o.Lines))}
	for i, l := range o.Lines {
		f.Lines[i] = LineState{l.ID, l.Quantity, l.Removed, l.Restocked, l.Damaged}
	}
	f.Release(released)
	return f
}

// Release allows the order to be packed from the given time on; the zero time means not yet.
func (f *Fulfilment) Release(at time.Time) {
	if !at.IsZero() {
		f.Brake = nil
	}
	f.Released = at.UTC()
	f.settle()
}

// Package returns the package with this id, or nil if there is none.
func (f *Fulfilment) Package(id string) *Package {
	i := slices.IndexFunc(f.Packages, func(p Package) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return &f.Packages[i]
}

// Open returns how many units of a line are part of the order and not in a live package.
func (f *Fulfilment) Open(lineID string) int64 {
	i := slices.IndexFunc(f.Lines, func(l LineState) bool { return l.LineID == lineID })
	if i < 0 {
		return 0
	}
	return f.Lines[i].left() - f.unitsAt(lineID, NodePacked)
}

// unitsAt returns how many units of a line are in live packages at the node or further.
func (f *Fulfilment) unitsAt(lineID string, n Node) int64 {
	units := int64(0)
	for i := range f.Packages {
		p := &f.Packages[i]
		if in := p.Units(lineID); in > 0 && p.Live() && p.Node() >= n {
			units += in
		}
	}
	return units
}

// Pack adds a package. Quantities must be positive, and each line may appear once: see MergeUnits.
func (f *Fulfilment) Pack(p Package) error {
	if len(f.Packages)-f.removed() >= MaxPackages {
		return ErrTooManyPackages
	}
	if err := f.checkOpen(p.Items, f.Open); err != nil {
		return err
	}
	p = p.clone()
	p.Version, p.Number, p.CreatedAt = 1, len(f.Packages)+1, p.CreatedAt.UTC()
	f.Packages = append(f.Packages, p)
	f.settle()
	return nil
}

// removed returns the number of packages that were undone.
func (f *Fulfilment) removed() int {
	n := 0
	for i := range f.Packages {
		if !f.Packages[i].RemovedAt.IsZero() {
			n++
		}
	}
	return n
}

// checkOpen returns a UnitsError if more units are requested than a line has.
func (f *Fulfilment) checkOpen(items []LineUnits, open func(lineID string) int64) error {
	var short []UnitsShort
	for _, it := range items {
		if have := open(it.LineID); it.Quantity > have || it.Quantity < 1 {
			unknown := !slices.ContainsFunc(f.Lines, func(l LineState) bool { return l.LineID == it.LineID })
			short = append(short, UnitsShort{LineID: it.LineID, Requested: it.Quantity, Open: have, Unknown: unknown})
		}
	}
	if len(short) > 0 {
		return &UnitsError{Lines: short}
	}
	return nil
}

// Correct replaces the items of a package that hasn't left the warehouse, and whatever else the given
// function changes.
func (f *Fulfilment) Correct(packageID string, items []LineUnits, change func(*Package)) error {
	p, err := f.inHouse(packageID)
	if err != nil {
		return err
	}
	if err := f.checkOpen(items, func(lineID string) int64 { return f.Open(lineID) + p.Units(lineID) }); err != nil {
		return err
	}
	p.Items = slices.Clone(items)
	change(p)
	p.Version++
	f.settle()
	return nil
}

// RemovePackage undoes a package that hasn't left the warehouse. A stub of it stays, so that late
// messages, and a repeated request to pack it, are recognized.
func (f *Fulfilment) RemovePackage(packageID string, at time.Time) error {
	p, err := f.inHouse(packageID)
	if err != nil {
		return err
	}
	if f.removed() >= MaxRemovedPackages {
		return ErrTooManyUndone
	}
	*p = Package{
		ID: p.ID, Number: p.Number, Version: p.Version + 1, CreatedAt: p.CreatedAt, RemovedAt: at.UTC(), Fingerprint: p.Fingerprint, Falls: count(maps.Clone(p.Falls), NodePacked),
	}
	f.settle()
	return nil
}

// inHouse returns a package that can still be changed.
func (f *Fulfilment) inHouse(packageID string) (*Package, error) {
	p := f.Package(packageID)
	switch {
	case p == nil || !p.RemovedAt.IsZero():
		return nil, ErrUnknownPackage
	case p.Node() >= NodeLeftWarehouse || !p.Live():
		return nil, ErrPackageLeft
	}
	return p, nil
}

// Taken is the result of reporting a message about a package.
type Taken string

const (
	TakenNew Taken = "new"
	// TakenBefore means that the message was recorded or struck before. Nothing changed.
	TakenBefore Taken = "before"
	// TakenOverLimit means that the limit of messages is reached. Nothing changed.
	TakenOverLimit Taken = "over_limit"
	// TakenUnknown means that the order has no such package. Nothing changed.
	TakenUnknown Taken = "unknown"
)

// Report records a message about a package, even about a removed one: Check returns an alert for it.
func (f *Fulfilment) Report(packageID string, e PackageEvent) Taken {
	taken := f.report(packageID, e)
	if taken == TakenNew {
		f.settle()
	}
	return taken
}

// report is Report without completing the change.
func (f *Fulfilment) report(packageID string, e PackageEvent) Taken {
	p := f.Package(packageID)
	switch {
	case p == nil:
		return TakenUnknown
	case p.Knows(e.ID):
		return TakenBefore
	case !p.changedBy(e) && (f.full || len(p.Events)+len(p.Struck) >= MaxPackageEvents || f.events() >= MaxOrderEvents):
		return TakenOverLimit
	}
	p.add(e)
	p.Version++
	return TakenNew
}

// events returns the number of events of all packages.
func (f *Fulfilment) events() int {
	n := 0
	for i := range f.Packages {
		n += len(f.Packages[i].Events) + len(f.Packages[i].Struck)
	}
	return n
}

// Strike takes back a wrong message. It is the only way in which an order falls from NodeLeftWarehouse
// or a later node: a wrong scan must not start the return window.
func (f *Fulfilment) Strike(packageID, eventID string) error {
	p := f.Package(packageID)
	if p == nil {
		return ErrUnknownPackage
	}
	i := slices.IndexFunc(p.Events, func(e PackageEvent) bool { return e.ID == eventID })
	if i < 0 {
		return ErrUnknownEvent
	}
	if f.wouldUndeliver(p, i) {
		return ErrUnitsReturned
	}
	struck, before := p.Events[i], p.Node()
	p.Events = slices.Delete(p.Events, i, i+1)
	p.Struck = append(p.Struck, struck)
	slices.SortFunc(p.Struck, compareEvents)
	p.Version++
	if struck.Node != 0 && !p.heard(struck.Node) {
		p.Falls = count(p.Falls, struck.Node)
	}
	if p.Live() && before >= f.Floor && p.Node() < f.Floor { // without the message the order would not have come this far
		f.Floor = p.Node()
	}
	f.settle()
	return nil
}

// wouldUndeliver reports whether the package would be delivered no more without an event, although its
// units are part of a return.
func (f *Fulfilment) wouldUndeliver(p *Package, event int) bool {
	without := p.clone()
	without.Events = slices.Delete(without.Events, event, event+1)
	if !p.Live() || p.Node() < NodeDelivered || without.Node() >= NodeDelivered {
		return false
	}
	return slices.ContainsFunc(p.Items, func(it LineUnits) bool {
		return f.returned(it.LineID) > f.Delivered(it.LineID)-it.Quantity
	})
}

// count adds one at a node.
func count(falls map[Node]int, n Node) map[Node]int {
	if falls == nil {
		falls = map[Node]int{}
	}
	falls[n]++
	return falls
}

// Resolve settles a package that waits for an operator.
func (f *Fulfilment) Resolve(packageID string, r Resolution) error {
	p := f.Package(packageID)
	if p == nil {
		return ErrUnknownPackage
	}
	if !p.Unresolved() {
		return ErrNothingResolved
	}
	if r.Action != ResolveFound && p.Node() >= NodeDelivered {
		for _, it := range p.Items {
			if f.returned(it.LineID) > f.Delivered(it.LineID)-it.Quantity { // units of a line are all alike
				return ErrUnitsReturned
			}
		}
	}
	for i := range p.Events {
		if e := &p.Events[i]; e.Mark != "" && !e.Mark.Passing() {
			e.Resolved = true
		}
	}
	r.At = r.At.UTC()
	p.Resolution = &r
	p.Version++
	if r.Action == ResolveRefund {
		for _, it := range p.Items {
			f.remove(it)
		}
	}
	f.settle()
	return nil
}

// CancelUnits removes open units from the order, which go back to stock.
func (f *Fulfilment) CancelUnits(m Removal) error {
	if len(f.Removals) >= MaxRemovals && !f.isAllOpen(m.Lines) {
		return ErrTooManyRemovals
	}
	if err := f.checkOpen(m.Lines, f.Open); err != nil {
		return err
	}
	for _, it := range m.Lines {
		f.remove(it)
		f.line(it.LineID).Restocked += it.Quantity
	}
	m.Lines, m.At = slices.Clone(m.Lines), m.At.UTC()
	f.Removals = append(f.Removals, m)
	f.settle()
	return nil
}

// isAllOpen reports whether these are all units that aren't packed.
func (f *Fulfilment) isAllOpen(units []LineUnits) bool {
	asked := int64(0)
	for _, u := range MergeUnits(units) {
		asked += u.Quantity
	}
	for _, u := range f.OpenUnits() {
		asked -= u.Quantity
	}
	return asked == 0
}

// Hold keeps the order from being packed until it is released.
func (f *Fulfilment) Hold(b Brake) {
	b.At = b.At.UTC()
	f.Brake = &b
	f.Release(time.Time{})
}

func (f *Fulfilment) remove(u LineUnits) {
	f.line(u.LineID).Removed += u.Quantity
}

// line returns the state of a line that the order has.
func (f *Fulfilment) line(id string) *LineState {
	return &f.Lines[slices.IndexFunc(f.Lines, func(l LineState) bool { return l.LineID == id })]
}

// settle completes a change: it raises the floor to the node that the order has reached, and counts
// the nodes that it fell below. An order with nothing left stays where it was.
func (f *Fulfilment) settle() {
	f.Units = f.Progress()
	if f.Nothing() {
		return
	}
	reached := f.furthest()
	if reached >= NodeLeftWarehouse {
		f.Floor = max(f.Floor, reached)
	}
	if f.Floor < NodeLeftWarehouse {
		f.Floor = 0
	}
	before := f.At
	f.At = max(f.Floor, reached)
	for _, n := range append(PackageNodes(), NodeAwaitingShipment) {
		if f.At < n && n <= before {
			f.Falls = count(f.Falls, n)
		}
	}
}

// Clone returns a copy that shares no data that a later step changes.
func (f *Fulfilment) Clone() Fulfilment {
	c := *f
	c.Lines, c.Falls = slices.Clone(f.Lines), maps.Clone(f.Falls)
	c.Returns, c.Removals = slices.Clone(f.Returns), slices.Clone(f.Removals)
	c.Events, c.Dismissed = slices.Clone(f.Events), slices.Clone(f.Dismissed)
	c.Packages = slices.Clone(f.Packages)
	for i := range f.Packages {
		c.Packages[i] = f.Packages[i].clone()
	}
	return c
}

// MergeUnits adds up the units of each line, in the order in which lines first appear. The caller
// ensures that quantities are positive and don't overflow.
func MergeUnits(items []LineUnits) []LineUnits {
	var all []LineUnits
	for _, it := range items {
		i := slices.IndexFunc(all, func(a LineUnits) bool { return a.LineID == it.LineID })
		if i < 0 {
			all = append(all, it)
			continue
		}
		all[i].Quantity += it.Quantity
	}
	return all
}
