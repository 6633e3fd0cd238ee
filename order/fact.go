package order

import (
	"fmt"
	"strconv"
	"time"
)

// FactKind says what a fact is about. The list is open.
type FactKind string

const (
	// FactNode: the order or a package has reached a node.
	FactNode FactKind = "node_reached"
	// FactStruck: a node that was published was taken back.
	FactStruck FactKind = "node_struck"
	// FactOutcome: the order has ended without being delivered.
	FactOutcome FactKind = "outcome"
	// FactAlert: an operator should look at something.
	FactAlert FactKind = "alert_raised"
	// FactAddress: the order goes to another address.
	FactAddress FactKind = "address_changed"
	// FactReturn: a return has reached a status.
	FactReturn FactKind = "return_changed"
	// FactUnits: units were cancelled.
	FactUnits FactKind = "units_cancelled"
	// FactClosed: nothing more happens to the order.
	FactClosed FactKind = "closed"
)

// Fact is something about an order that is published once. The store compares the facts of each record
// with those that it has published, and publishes the difference. So nothing is missed if one record
// brings several facts, and nothing is published twice if a record is written again.
type Fact struct {
	// ID is the same whenever the same fact is stated.
	ID   string   `json:"id"`
	Kind FactKind `json:"kind"`
	// Name is the node, outcome, rule or status that the fact is about.
	Name      string `json:"name,omitempty"`
	PackageID string `json:"packageId,omitempty"`
	ReturnID  string `json:"returnId,omitempty"`
	// OccurredAt is missing if that isn't known.
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Implied    bool      `json:"implied,omitempty"`
	Late       bool      `json:"late,omitempty"`
	// Again is how often the node was struck before it was reached, or struck, this time.
	Again int `json:"again,omitempty"`
}

// Facts returns everything about the order that is published.
func (o *Order) Facts() []Fact {
	of := o.ID + "@" + strconv.FormatInt(o.PlacedAt.UnixMilli(), 10) // an id may be used again
	var all []Fact
	for _, n := range []Node{NodeAwaitingPayment, NodePaid} {
		if o.passed(n) {
			all = append(all, Fact{ID: hashed(of, n.String()), Kind: FactNode, Name: n.String(), OccurredAt: o.entered(n)})
		}
	}
	if f := o.Fulfilment; f != nil {
		all = append(all, f.facts(of)...)
	}
	for i, a := range o.Addresses {
		all = append(all, Fact{ID: hashed(of, "address", strconv.Itoa(i)), Kind: FactAddress, OccurredAt: a.Until})
	}
	if o.Status.Ended() {
		all = append(all, Fact{ID: hashed(of, string(o.Status)), Kind: FactOutcome, Name: string(o.Status), OccurredAt: o.entered(0)})
	}
	if !o.ClosedAt.IsZero() {
		all = append(all, Fact{ID: hashed(of, "closed"), Kind: FactClosed, OccurredAt: o.ClosedAt})
	}
	return all
}

// passed reports whether an order was ever at the node, one of those before its goods are packed. An
// order that ended shows that only in its journal.
func (o *Order) passed(n Node) bool {
	if o.Fulfilment != nil {
		return true // it is paid
	}
	if at, live := ParseNode(string(o.Status)); live {
		return at >= n
	}
	return !o.entered(n).IsZero()
}

// entered returns when the order first reached a node; 0 stands for its current status.
func (o *Order) entered(n Node) time.Time {
	name := n.String()
	if n == 0 {
		name = string(o.Status)
	}
	for _, e := range o.Journal {
		if e.Node == name {
			return e.OccurredAt
		}
	}
	return time.Time{}
}

func (f *Fulfilment) facts(of string) []Fact {
	var all []Fact
	for _, r := range append(f.release(of), f.Reached(of)...) {
		kind := FactNode
		if r.Struck {
			kind = FactStruck
		}
		all = append(all, Fact{
			ID: r.ID, Kind: kind, Name: r.Node.String(), PackageID: r.PackageID, OccurredAt: r.OccurredAt, Implied: r.Implied, Late: r.Late,
			Again: r.Again,
		})
	}
	for _, a := range f.Alerts {
		what := []string{of, "alert", string(a.Rule), a.PackageID, a.LineID, a.ID}
		if p := f.Package(a.PackageID); a.ID == "" && p != nil && p.Resolution != nil { // it was raised and settled before
			what = append(what, p.Resolution.At.Format(time.RFC3339Nano))
		}
		all = append(all, Fact{ID: hashed(what...), Kind: FactAlert, Name: string(a.Rule), PackageID: a.PackageID})
	}
	for _, r := range f.Removals {
		all = append(all, Fact{ID: hashed(of, "units", r.ID), Kind: FactUnits, Name: string(r.Reason), OccurredAt: r.At})
	}
	for _, r := range f.Returns {
		all = append(all, Fact{
			ID: hashed(of, "return", r.ID, string(r.Status)), Kind: FactReturn, Name: string(r.Status), ReturnID: r.ID, OccurredAt: r.UpdatedAt,
		})
	}
	return all
}

// release is Reached for NodeAwaitingShipment, which an order that is put on hold falls back from.
func (f *Fulfilment) release(of string) []NodeReached {
	n := NodeAwaitingShipment
	all := appendFalls(nil, of, "", n, f.Falls[n])
	if f.At >= n {
		all = append(all, NodeReached{ID: reachedID(of, "", n, f.Falls[n]), Node: n, Again: f.Falls[n], OccurredAt: f.Released})
	}
	return all
}

// String describes a fact for logs.
func (f Fact) String() string {
	return fmt.Sprintf("%s %s%s%s", f.Kind, f.Name, f.PackageID, f.ReturnID)
}
