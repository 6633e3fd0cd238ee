package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"holdfast/carrier"
	"holdfast/order"
	"holdfast/saga"
)

// Numbers has the owners of tracking numbers.
type Numbers interface {
	Owners(ctx context.Context, numbers ...carrier.Number) ([][]carrier.Owner, error)
	Own(ctx context.Context, o carrier.Owner, again bool, numbers ...carrier.Number) ([]carrier.Owned, error)
	// TakenLater and Flush record that a workflow was told a scan.
	TakenLater(t carrier.Taken)
	Flush(ctx context.Context) error
}

// Scans tells orders' workflows what carriers report.
type Scans interface {
	TellScan(ctx context.Context, orderID string, s saga.Scan) error
}

// owned is a tracking number with the package that should own it.
type owned struct {
	carrier.Number
	owner carrier.Owner
}

// numbersOf returns the numbers that an open order's packages should own. Those that were
// refused are left out.
func (c *Config) numbersOf(o *order.Order) (all []owned) {
	if c.Numbers == nil || o.Fulfilment == nil || o.Closed() {
		return nil
	}
	for i := range o.Packages {
		p := &o.Packages[i]
		if !p.RemovedAt.IsZero() || !slices.Contains(c.Adapters, p.Carrier) {
			continue
		}
		owner := carrier.Owner{OrderID: o.ID, PlacedAt: o.PlacedAt, PackageID: p.ID, CreatedAt: p.CreatedAt}
		for _, given := range p.TrackingNumbers {
			if n, ok := carrier.NewNumber(p.Carrier, given); ok && !wasRefused(o, p.ID, given, n.Number) {
				all = append(all, owned{n, owner})
			}
		}
	}
	return all
}

// wasRefused reports whether the order has, or had, an alert that the number can't be
// watched.
func wasRefused(o *order.Order, packageID string, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		id := order.AlertID(order.RuleNumberRefused, packageID, name)
		return slices.Contains(o.Dismissed, id) || slices.ContainsFunc(o.Events, func(a order.Alert) bool { return a.ID == id })
	})
}

// unowned returns those numbers that don't have their owner.
func (c *Config) unowned(ctx context.Context, all []owned) ([]owned, error) {
	var lacking []owned
	for part := range slices.Chunk(all, batch) {
		numbers := make([]carrier.Number, len(part))
		for i, n := range part {
			numbers[i] = n.Number
		}
		owners, err := c.Numbers.Owners(ctx, numbers...)
		if err != nil {
			return nil, err
		}
		for i, n := range part {
			same := func(o carrier.Owner) bool { return o.OrderID == n.owner.OrderID && o.PackageID == n.owner.PackageID }
			if !slices.ContainsFunc(owners[i], same) {
				lacking = append(lacking, n)
			}
		}
	}
	return lacking, nil
}

// numbersOfDocuments suspects open orders whose packages don't own their tracking numbers.
func (a *auditor) numbersOfDocuments(ctx context.Context, docs []Document) error {
	var all []owned
	for i := range docs {
		if docs[i].Found && docs[i].Unreadable == "" {
			all = append(all, a.numbersOf(&docs[i].Order)...)
		}
	}
	lacking, err := a.unowned(ctx, all)
	for _, n := range lacking {
		a.suspectOrder(n.owner.OrderID)
	}
	return err
}

func (c *Config) numberFindings(ctx context.Context, o *order.Order) ([]Finding, error) {
	lacking, err := c.unowned(ctx, c.numbersOf(o))
	var found []Finding
	for _, n := range lacking {
		found = append(found, packageFinding(KindNumberUnowned, o.ID, n.owner.PackageID,
			"scans of %s, which %s watches, would not reach the order", n.Number.Number, n.Adapter))
	}
	return found, err
}

// own gives an open order's packages their tracking numbers again, as its workflow has
// them, and tells the workflow the scans that wait for them.
func (r Repairer) own(ctx context.Context, f Finding) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	lacking, err := r.unowned(ctx, r.numbersOf(&o))
	if err != nil {
		return "", err
	}
	numbers, scans := 0, 0
	for _, n := range lacking {
		if n.owner.PackageID != f.PackageID {
			continue
		}
		given, err := r.Numbers.Own(ctx, n.owner, false, n.Number)
		if err != nil {
			return "", err
		}
		if errors.Is(given[0].Err, carrier.ErrTooManyOwners) {
			return "", cannot("%s already belongs to as many packages as possible", n.Number.Number)
		}
		numbers++
		for _, e := range given[0].Scans {
			scan := saga.Scan{PackageID: f.PackageID, Event: e, Carrier: n.Adapter, TrackingNumber: n.Number.Number}
			if err := r.Scans.TellScan(ctx, f.OrderID, scan); err != nil {
				return "", fmt.Errorf("tell the order a scan of %s: %w", n.Number.Number, err)
			}
			r.Numbers.TakenLater(carrier.Taken{Number: n.Number, EventID: e.ID, OrderID: f.OrderID, PackageID: f.PackageID})
			scans++
		}
	}
	if err := r.Numbers.Flush(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("the package owns %d tracking numbers again, of which %d scans were waiting", numbers, scans), nil
}
