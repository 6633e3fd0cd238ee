package order

import "slices"

// Node returns the furthest node that the order as a whole has reached. From NodeLeftWarehouse on it
// never falls, unless an event is struck; before that, it depends on what is packed.
func (f *Fulfilment) Node() Node { return f.At }

// FurthestNode returns the furthest node that the order has reached: before its payment, that is its
// status. It is 0 for an order that ended before that, and for one of shape 1 that ended.
func (o *Order) FurthestNode() Node {
	if o.Fulfilment != nil {
		return o.At
	}
	n, _ := ParseNode(string(o.Status))
	return n
}

// furthest returns the furthest node that all units still in the order have reached. There must be at
// least one.
func (f *Fulfilment) furthest() Node {
	furthest := NodeDelivered
	for i, n := range f.LineNodes() {
		if f.Lines[i].left() > 0 {
			furthest = min(furthest, n)
		}
	}
	return furthest
}

// AllDelivered reports whether all units that are still part of the order were delivered. An order whose
// node is NodeDelivered may have units that are sent again.
func (f *Fulfilment) AllDelivered() bool { return f.furthest() >= NodeDelivered }

// start is the node of units that aren't packed.
func (f *Fulfilment) start() Node {
	if f.Released.IsZero() {
		return NodePaid
	}
	return NodeAwaitingShipment
}

// Nothing reports whether the order has no units left: then it closes as cancelled.
func (f *Fulfilment) Nothing() bool {
	for _, l := range f.Lines {
		if l.left() > 0 {
			return false
		}
	}
	return true
}

// LineNodes returns, for each line, the furthest node that all units that are still in the order have
// reached. It visits each package once, because it runs for every message, and an order may have 2,000
// lines in 200 packages.
func (f *Fulfilment) LineNodes() []Node {
	packageNodes := PackageNodes()
	lines := make(map[string]int, len(f.Lines))
	for i, l := range f.Lines {
		lines[l.LineID] = i
	}
	at := make([]int64, len(f.Lines)*len(packageNodes)) // units at exactly this node
	for i := range f.Packages {
		p := &f.Packages[i]
		if !p.Live() {
			continue
		}
		n := slices.Index(packageNodes, p.Node())
		for _, it := range p.Items {
			if line, ok := lines[it.LineID]; ok {
				at[line*len(packageNodes)+n] += it.Quantity
			}
		}
	}
	reached := make([]Node, len(f.Lines))
	for i, l := range f.Lines {
		reached[i] = f.start()
		units, left := int64(0), l.left()
		for n := len(packageNodes) - 1; n >= 0 && left > 0; n-- {
			if units += at[i*len(packageNodes)+n]; units >= left {
				reached[i] = packageNodes[n]
				break
			}
		}
	}
	return reached
}

// packed returns how many units of each line are in live packages. It visits each package once, as
// LineNodes does.
func (f *Fulfilment) packed() map[string]int64 {
	units := make(map[string]int64, len(f.Lines))
	for i := range f.Packages {
		if p := &f.Packages[i]; p.Live() {
			for _, it := range p.Items {
				units[it.LineID] += it.Quantity
			}
		}
	}
	return units
}

// NodeUnits says how many units are at a node.
type NodeUnits struct {
	Node  Node  `json:"node"`
	Units int64 `json:"units"`
}

// Progress returns how many units are at each node, sorted by node, without nodes that have none.
// They add up to the units that are still in the order.
func (f *Fulfilment) Progress() []NodeUnits {
	units, packed := map[Node]int64{}, f.packed()
	for _, l := range f.Lines {
		units[f.start()] += l.left() - packed[l.LineID]
	}
	for i := range f.Packages {
		p := &f.Packages[i]
		if !p.Live() {
			continue
		}
		n := p.Node()
		for _, it := range p.Items {
			units[n] += it.Quantity
		}
	}
	var all []NodeUnits
	for _, n := range nodes {
		if units[n.node] != 0 {
			all = append(all, NodeUnits{n.node, units[n.node]})
		}
	}
	return all
}

// Delivered returns how many units of a line were delivered.
func (f *Fulfilment) Delivered(lineID string) int64 { return f.unitsAt(lineID, NodeDelivered) }

// OpenUnits returns the units that aren't packed.
func (f *Fulfilment) OpenUnits() (open []LineUnits) {
	packed := f.packed()
	for _, l := range f.Lines {
		if n := l.left() - packed[l.LineID]; n > 0 {
			open = append(open, LineUnits{l.LineID, n})
		}
	}
	return open
}

// PackedUnits returns the lines of which units are packed, with how many are left of them and how many
// of those are open.
func (f *Fulfilment) PackedUnits() (packed []UnitsShort) {
	in := f.packed()
	for _, l := range f.Lines {
		if n := in[l.LineID]; n > 0 {
			packed = append(packed, UnitsShort{LineID: l.LineID, Requested: l.left(), Open: l.left() - n})
		}
	}
	return packed
}
