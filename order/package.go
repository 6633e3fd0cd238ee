package order

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Limits of an order's packages. Whatever exceeds one is refused, or dropped with an alert.
const (
	// MaxPackages limits the packages that haven't been removed.
	MaxPackages = 200
	// MaxRemovedPackages limits those that have.
	MaxRemovedPackages = 200
	// MaxPackageEvents limits the events of one package, and MaxOrderEvents those of all packages
	// of an order. A message that says something new about its package is never dropped.
	MaxPackageEvents = 40
	MaxOrderEvents   = 3000
	// MaxRemovals limits how often a part of the order is cancelled.
	MaxRemovals = 200
)

// LineUnits are some units of a line.
type LineUnits struct {
	LineID   string `json:"lineId"`
	Quantity int64  `json:"quantity"`
}

// Package is a part of an order that is shipped as one.
type Package struct {
	ID string `json:"id"`
	// Number counts the order's packages, those that were undone included.
	Number  int   `json:"number"`
	Version int64 `json:"version"`
	// Carrier names the adapter that watches the package; Courier is the company as the
	// buyer knows it.
	Carrier           string      `json:"carrier,omitempty"`
	Service           string      `json:"service,omitempty"`
	Courier           string      `json:"courier,omitempty"`
	EstimatedDelivery time.Time   `json:"estimatedDelivery,omitzero"`
	TrackingNumbers   []string    `json:"trackingNumbers,omitempty"`
	Items             []LineUnits `json:"items"`
	Address           *Address    `json:"address,omitempty"`
	// Events are sorted by when they occurred. Their order never depends on the order in which
	// they arrived.
	Events []PackageEvent `json:"events,omitempty"`
	// Struck are the events that an operator struck: if one arrives again, it is dropped.
	Struck    []PackageEvent `json:"struck,omitempty"`
	CreatedAt time.Time      `json:"createdAt"`
	// Falls counts how often each node was reached and struck.
	Falls map[Node]int `json:"falls,omitempty"`
	// RemovedAt is set if the package was undone before it left. Its units are open again.
	RemovedAt time.Time `json:"removedAt,omitzero"`
	// Resolution is the last one of a package that was refused, lost, damaged or returned.
	Resolution *Resolution `json:"resolution,omitempty"`
	// AddressChange says how the last change of the order's address affects the package.
	AddressChange AddressChange `json:"addressChange,omitempty"`
	// Fingerprint of the request to pack it: a different request under the same key is
	// rejected.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// MarshalJSON adds the package's node and marks, which follow from its events.
func (p Package) MarshalJSON() ([]byte, error) {
	type stored Package // without this method
	return json.Marshal(struct {
		stored
		Node  Node   `json:"node"`
		Marks []Mark `json:"marks,omitempty"`
	}{stored(p), p.Node(), p.Marks()})
}

// PackageEvent is one message about a package: a node that it reached, or a mark.
type PackageEvent struct {
	// ID identifies the message, which may arrive any number of times.
	ID   string `json:"id"`
	Node Node   `json:"node,omitempty"`
	Mark Mark   `json:"mark,omitempty"`
	// OccurredAt is when it happened, RecordedAt when the gateway accepted the message.
	OccurredAt time.Time `json:"occurredAt"`
	RecordedAt time.Time `json:"recordedAt"`
	Actor      string    `json:"actor"`
	Detail     string    `json:"detail,omitempty"`
	// Resolved means that an operator has settled the mark.
	Resolved bool `json:"resolved,omitempty"`
}

// Resolution is how an operator settled a package.
type Resolution struct {
	// ID names the request.
	ID   string `json:"id,omitempty"`
	Note string `json:"note,omitempty"`
	// Refund is the amount that is owed to the buyer for it, in minor units of the order's
	// currency. Refunded is how much of that went back: see Order.Settle.
	Refund   int64         `json:"refund,omitempty"`
	Refunded int64         `json:"refunded,omitempty"`
	Action   ResolveAction `json:"action"`
	At       time.Time     `json:"at"`
	Actor    string        `json:"actor"`
	// Fingerprint of the request: a different request under the same key is rejected.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// ResolveAction is what happens to a package that was refused, lost, damaged or returned.
type ResolveAction string

const (
	// ResolveFound lets the package continue: its marks were wrong, or no longer hold.
	ResolveFound ResolveAction = "found"
	// ResolveReship sends the units again: they are open, and taken from stock once more.
	ResolveReship ResolveAction = "reship"
	// ResolveRefund removes the units from the order and refunds them.
	ResolveRefund ResolveAction = "refund"
)

// Live reports whether the package still carries its units to the buyer.
func (p *Package) Live() bool {
	return p.RemovedAt.IsZero() && (p.Resolution == nil || p.Resolution.Action == ResolveFound)
}

// Node returns the furthest node that the package has reached.
func (p *Package) Node() Node {
	furthest := NodePacked
	for i := range p.Events {
		furthest = max(furthest, p.Events[i].Node)
	}
	return furthest
}

// Marks returns the marks that hold, each once, in the order of Marks.
func (p *Package) Marks() []Mark {
	var hold []Mark
	for _, m := range Marks() {
		for i := range p.Events {
			if e := &p.Events[i]; e.Mark == m && p.holds(e) {
				hold = append(hold, m)
				break
			}
		}
	}
	return hold
}

// holds reports whether a reported mark still holds. That depends on when events occurred, never on
// when they arrived.
func (p *Package) holds(e *PackageEvent) bool {
	if !e.Mark.Passing() {
		return !e.Resolved
	}
	return !p.Events[len(p.Events)-1].OccurredAt.After(e.OccurredAt) // they are sorted
}

// Unresolved reports whether the package waits for an operator.
func (p *Package) Unresolved() bool {
	return p.Live() && slices.ContainsFunc(p.Marks(), func(m Mark) bool { return !m.Passing() })
}

// heard reports whether the node itself was reported, or came with the package.
func (p *Package) heard(n Node) bool {
	return n == NodePacked || slices.ContainsFunc(p.Events, func(e PackageEvent) bool { return e.Node == n })
}

// changedBy reports whether an event would move the package or add a mark that an operator has to see.
func (p *Package) changedBy(e PackageEvent) bool {
	if e.Mark != "" {
		return !e.Mark.Passing() && !slices.Contains(p.Marks(), e.Mark)
	}
	return !p.heard(e.Node)
}

// Carries reports whether a package has a tracking number of a carrier. A message without a number is
// about the package itself.
func (f *Fulfilment) Carries(packageID, carrier, number string) bool {
	p := f.Package(packageID)
	return p != nil && (number == "" || (p.Carrier == carrier && slices.Contains(p.TrackingNumbers, number)))
}

// Units returns how many units of a line the package carries.
func (p *Package) Units(lineID string) int64 {
	for _, it := range p.Items {
		if it.LineID == lineID {
			return it.Quantity
		}
	}
	return 0
}

// Knows reports whether a message was recorded or struck before.
func (p *Package) Knows(eventID string) bool {
	same := func(e PackageEvent) bool { return e.ID == eventID }
	return slices.ContainsFunc(p.Events, same) || slices.ContainsFunc(p.Struck, same)
}

// Contradicts reports whether the package has a message with the same id and another content.
func (p *Package) Contradicts(e PackageEvent) bool {
	return slices.ContainsFunc(p.Events, e.Contradicts) || slices.ContainsFunc(p.Struck, e.Contradicts)
}

// Contradicts reports whether another message has the same id and another content.
func (e PackageEvent) Contradicts(other PackageEvent) bool {
	same := e.Node == other.Node && e.Mark == other.Mark && e.OccurredAt.Equal(other.OccurredAt) && e.Detail == other.Detail
	return e.ID == other.ID && !same
}

// add inserts a message by when it occurred.
func (p *Package) add(e PackageEvent) {
	e.OccurredAt, e.RecordedAt = e.OccurredAt.UTC(), e.RecordedAt.UTC()
	at, _ := slices.BinarySearchFunc(p.Events, e, compareEvents)
	p.Events = slices.Insert(p.Events, at, e)
}

func compareEvents(a, b PackageEvent) int {
	return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.ID, b.ID))
}

// clone returns a copy that shares no data that a later step changes.
func (p *Package) clone() Package {
	c := *p
	c.Items, c.Events, c.Struck = slices.Clone(p.Items), slices.Clone(p.Events), slices.Clone(p.Struck)
	c.TrackingNumbers, c.Falls = slices.Clone(p.TrackingNumbers), maps.Clone(p.Falls)
	return c
}
