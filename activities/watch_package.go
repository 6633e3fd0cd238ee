package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/carrier"
	"holdfast/order"
	"holdfast/saga"
)

// Tracking stores which packages have which tracking numbers, and the scans that wait for them. Each
// method may be repeated.
type Tracking interface {
	Own(ctx context.Context, o carrier.Owner, again bool, numbers ...carrier.Number) ([]carrier.Owned, error)
	Disown(ctx context.Context, o carrier.Owner, numbers ...carrier.Number) error
	Taken(ctx context.Context, all ...carrier.Taken) error
	Unmatch(ctx context.Context, n carrier.Number, e order.PackageEvent, orderID, packageID string) error
}

// WatchPackage passes on what carriers report about a package's tracking numbers.
type WatchPackage struct {
	Tracking Tracking
	// Adapters that watch packages, by name.
	Adapters []string
}

// WatchPackageParams are recorded in the order's history.
type WatchPackageParams struct {
	OrderID   string    `json:"orderId"`
	PlacedAt  time.Time `json:"placedAt"`
	PackageID string    `json:"packageId"`
	CreatedAt time.Time `json:"createdAt"` // of the package
	// Carrier names the adapter that watches the package. Numbers of one that doesn't exist are
	// not watched.
	Carrier string   `json:"carrier,omitempty"`
	Own     []string `json:"own,omitempty"`
	// Disown are numbers that the package had before, maybe at another carrier.
	Disown []carrier.Number `json:"disown,omitempty"`
	// Again also returns the scans that an earlier run of the workflow was told: it may have
	// ended before it recorded them.
	Again bool `json:"again,omitempty"`
}

// WatchPackageResult is what the numbers' entities answer.
type WatchPackageResult struct {
	// Scans that came before the package had its numbers, at most order.MaxPackageEvents (the
	// newest), sorted by when they occurred. They keep waiting until TakenScans has run for them.
	Scans []saga.Scan `json:"scans,omitempty"`
	// Refused are numbers that are not watched, because they are not valid or belong to too many
	// packages already.
	Refused []string `json:"refused,omitempty"`
}

// Execute gives the numbers to the package. A repeated call returns the same scans as long as they
// wait.
func (a *WatchPackage) Execute(ctx context.Context, p WatchPackageParams) (WatchPackageResult, error) {
	o := carrier.Owner{OrderID: p.OrderID, PlacedAt: p.PlacedAt, PackageID: p.PackageID, CreatedAt: p.CreatedAt}
	var (
		res         WatchPackageResult
		own, disown []carrier.Number
	)
	if slices.Contains(a.Adapters, p.Carrier) {
		for _, given := range p.Own {
			n, ok := carrier.NewNumber(p.Carrier, given)
			switch {
			case !ok:
				res.Refused = append(res.Refused, given)
			case !slices.Contains(own, n):
				own = append(own, n)
			}
		}
	}
	for _, given := range p.Disown {
		if n, ok := carrier.NewNumber(given.Adapter, given.Number); ok && !slices.Contains(own, n) {
			disown = append(disown, n)
		}
	}
	if err := a.Tracking.Disown(ctx, o, disown...); err != nil {
		return WatchPackageResult{}, err
	}
	all, err := a.Tracking.Own(ctx, o, p.Again, own...)
	if err != nil {
		return WatchPackageResult{}, err
	}
	for _, owned := range all {
		switch {
		case errors.Is(owned.Err, carrier.ErrTooManyOwners):
			res.Refused = append(res.Refused, owned.Number.Number)
			continue
		case owned.Err != nil:
			return WatchPackageResult{}, fmt.Errorf("watch %s: %w", owned.Number.Number, owned.Err)
		}
		for _, e := range owned.Scans {
			res.Scans = append(res.Scans, saga.Scan{
				PackageID: p.PackageID, Event: e, Carrier: owned.Adapter, TrackingNumber: owned.Number.Number,
			})
		}
	}
	slices.SortFunc(res.Scans, func(a, b saga.Scan) int {
		return cmp.Or(a.Event.OccurredAt.Compare(b.Event.OccurredAt), cmp.Compare(a.Event.ID, b.Event.ID))
	})
	res.Scans = res.Scans[max(0, len(res.Scans)-order.MaxPackageEvents):]
	return res, nil
}
