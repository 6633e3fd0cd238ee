package order

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// NodeReached says that an order, or one of its packages, has reached a node. It is published once: the
// store compares the list of reached nodes with those that it has published.
type NodeReached struct {
	// ID is the same for the same order, package and node, until the node is struck and
	// reached again.
	ID string `json:"id"`
	// PackageID is empty if the order as a whole reached the node.
	PackageID  string    `json:"packageId,omitempty"`
	Node       Node      `json:"node"`
	OccurredAt time.Time `json:"occurredAt"`
	// Implied means that the order passed the node without a message about it.
	Implied bool `json:"implied,omitempty"`
}

// Reached returns the nodes that the order and its packages have reached, from NodePacked on: for a
// package those that were reported, for the order all that it has passed.
func (f *Fulfilment) Reached(orderID string) []NodeReached {
	var all []NodeReached
	for i := range f.Packages {
		p := &f.Packages[i]
		if !p.RemovedAt.IsZero() {
			continue
		}
		for _, n := range PackageNodes() {
			if p.heard(n) {
				all = append(all, NodeReached{
					ID: reachedID(orderID, p.ID, n, p.Falls[n]), PackageID: p.ID, Node: n, OccurredAt: p.when(n),
				})
			}
		}
	}
	for _, n := range PackageNodes() {
		if n > f.At {
			break
		}
		all = append(all, NodeReached{
			ID: reachedID(orderID, "", n, f.Falls[n]), Node: n, OccurredAt: f.when(n), Implied: !f.heard(n),
		})
	}
	return all
}

// when returns when the package first reached the node or a later one.
func (p *Package) when(n Node) time.Time {
	if n == NodePacked {
		return p.CreatedAt
	}
	for _, e := range p.Events { // sorted by when they occurred
		if e.Node >= n {
			return e.OccurredAt
		}
	}
	return time.Time{}
}

// when returns when the last of the live packages reached the node.
func (f *Fulfilment) when(n Node) time.Time {
	var last time.Time
	for i := range f.Packages {
		if p := &f.Packages[i]; p.Live() {
			if at := p.when(n); at.After(last) {
				last = at
			}
		}
	}
	return last
}

func (f *Fulfilment) heard(n Node) bool {
	for i := range f.Packages {
		if p := &f.Packages[i]; p.RemovedAt.IsZero() && p.heard(n) {
			return true
		}
	}
	return false
}

func reachedID(orderID, packageID string, n Node, falls int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d\x00%d", orderID, packageID, n, falls))
	return hex.EncodeToString(sum[:16])
}
