package order

import "fmt"

// Node is a step of an order's life, and from NodePacked on also of a package's. The
// numbers order the steps. They leave gaps for further steps, and none is ever reused.
//
// Nodes don't follow each other as states do: a message marks its node as reached
// whenever it arrives, and the furthest node counts. So late, repeated and out-of-order
// messages need no rules of their own.
type Node int

// The nodes; docs/order-states.md explains them.
const (
	NodeReserving        Node = 100
	NodeAwaitingPayment  Node = 200
	NodePaid             Node = 300
	NodeAwaitingShipment Node = 400
	NodePacked           Node = 450
	NodeLeftWarehouse    Node = 500
	NodeInTransit        Node = 600
	NodeOutForDelivery   Node = 700
	NodeDelivered        Node = 800
)

// nodes is sorted.
var nodes = []struct {
	node Node
	name string
}{
	{NodeReserving, "reserving"},
	{NodeAwaitingPayment, "awaiting_payment"},
	{NodePaid, "paid"},
	{NodeAwaitingShipment, "awaiting_shipment"},
	{NodePacked, "packed"},
	{NodeLeftWarehouse, "left_warehouse"},
	{NodeInTransit, "in_transit"},
	{NodeOutForDelivery, "out_for_delivery"},
	{NodeDelivered, "delivered"},
}

// PackageNodes returns the nodes that a package can reach, in order.
func PackageNodes() []Node {
	var all []Node
	for _, n := range nodes {
		if n.node >= NodePacked {
			all = append(all, n.node)
		}
	}
	return all
}

// ParseNode returns the node with this name, such as in_transit.
func ParseNode(name string) (Node, bool) {
	for _, n := range nodes {
		if n.name == name {
			return n.node, true
		}
	}
	return 0, false
}

// String returns the node's name, or its number if it has none.
func (n Node) String() string {
	for _, known := range nodes {
		if known.node == n {
			return known.name
		}
	}
	return fmt.Sprintf("node %d", int(n))
}

// OfPackage reports whether a package can be reported at the node. NodePacked isn't reported: a new
// package has already reached it.
func (n Node) OfPackage() bool {
	_, known := ParseNode(n.String())
	return known && n > NodePacked
}

// MarshalText encodes a node as its name.
func (n Node) MarshalText() ([]byte, error) {
	if _, known := ParseNode(n.String()); !known {
		return nil, fmt.Errorf("%d is not the number of a node", int(n))
	}
	return []byte(n.String()), nil
}

// UnmarshalText decodes a node from its name.
func (n *Node) UnmarshalText(name []byte) error {
	known, ok := ParseNode(string(name))
	if !ok {
		return fmt.Errorf("%q is not the name of a node", name)
	}
	*n = known
	return nil
}
