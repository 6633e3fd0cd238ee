package order

// Node returns the furthest node that the order as a whole reached. From
// NodeLeftWarehouse on it never falls, unless an event is struck; below, it follows what
// is packed.
func (f *Fulfilment) Node() Node { return f.At }

// furthest returns the furthest node that all units have reached that are still part of
// the order, of which there is at least one.
func (f *Fulfilment) furthest() Node {
	reached := f.start()
	for _, n := range PackageNodes() {
		for _, l := range f.Lines {
			if f.unitsAt(l.LineID, n) < l.left() {
				return reached
			}
		}
		reached = n
	}
	return reached
}

// start is the node of units that aren't packed.
func (f *Fulfilment) start() Node {
	if f.Released.IsZero() {
		return NodePaid
	}
	return NodeAwaitingShipment
}

// Nothing reports whether no unit is part of the order any more: it closes as cancelled.
func (f *Fulfilment) Nothing() bool {
	for _, l := range f.Lines {
		if l.left() > 0 {
			return false
		}
	}
	return true
}

// LineNode returns the furthest node that all units of a line have reached that are still
// part of the order.
func (f *Fulfilment) LineNode(l LineState) Node {
	reached := f.start()
	for _, n := range PackageNodes() {
		if l.left() == 0 || f.unitsAt(l.LineID, n) < l.left() {
			break
		}
		reached = n
	}
	return reached
}

// NodeUnits says how many units stand at a node.
type NodeUnits struct {
	Node  Node  `json:"node"`
	Units int64 `json:"units"`
}

// Progress returns how many units stand at each node, sorted by node, without those that
// have none. Its sum is what is part of the order.
func (f *Fulfilment) Progress() []NodeUnits {
	units := map[Node]int64{}
	for _, l := range f.Lines {
		units[f.start()] += f.Open(l.LineID)
	}
	for i := range f.Packages {
		p := &f.Packages[i]
		if !p.Live() {
			continue
		}
		for _, it := range p.Items {
			units[p.Node()] += it.Quantity
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
