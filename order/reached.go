package order

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// NodeReached says that an order, or one of its packages, has reached a node. It is published once: the
// store compares the list of reached nodes with those that it has published.
type NodeReached struct {
	// ID is the same for the same order, package and node, until the node is struck and
	// reached again.
	ID string
	// PackageID is empty if the order as a whole reached the node.
	PackageID  string
	Node       Node
	OccurredAt time.Time
	// Implied means that the order passed the node without a message about it.
	Implied bool
	// Late means that a further node was already recorded.
	Late bool
	// Struck means that the node was taken back: a wrong message, or a package that was
	// undone.
	Struck bool
	// Again is how often the node was taken back before it was reached this time.
	Again int
}

// Reached returns the nodes that the order and its packages have reached, from NodePacked on: for a
// package those that were reported, for the order all that it has passed. Each fall is listed too.
func (f *Fulfilment) Reached(orderID string) []NodeReached {
	var all []NodeReached
	for i := range f.Packages {
		p := &f.Packages[i]
		for _, n := range PackageNodes() {
			all = appendFalls(all, orderID, p.ID, n, p.Falls[n])
			if p.RemovedAt.IsZero() && p.heard(n) {
				all = append(all, NodeReached{
					ID: reachedID(orderID, p.ID, n, p.Falls[n]), PackageID: p.ID, Node: n, Again: p.Falls[n],
					OccurredAt: p.when(n), Late: p.late(n),
				})
			}
		}
	}
	for _, n := range PackageNodes() {
		all = appendFalls(all, orderID, "", n, f.Falls[n])
		if n > f.At {
			continue
		}
		all = append(all, NodeReached{
			ID: reachedID(orderID, "", n, f.Falls[n]), Node: n, Again: f.Falls[n], OccurredAt: f.when(n), Implied: !f.heard(n),
		})
	}
	return all
}

// appendFalls adds a correction for each time that the node was taken back.
func appendFalls(all []NodeReached, orderID, packageID string, n Node, falls int) []NodeReached {
	for i := range falls {
		all = append(all, NodeReached{
			ID: hashed("struck", reachedID(orderID, packageID, n, i)), PackageID: packageID, Node: n, Struck: true, Again: i,
		})
	}
	return all
}

// late reports whether the node was first recorded after a further one.
func (p *Package) late(n Node) bool {
	var first time.Time
	for _, e := range p.Events {
		if e.Node == n && (first.IsZero() || e.RecordedAt.Before(first)) {
			first = e.RecordedAt
		}
	}
	return !first.IsZero() && slices.ContainsFunc(p.Events, func(e PackageEvent) bool {
		return e.Node > n && e.RecordedAt.Before(first)
	})
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
	return hashed(orderID, packageID, strconv.Itoa(int(n)), strconv.Itoa(falls))
}

// hashed names something by its parts.
func hashed(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}
