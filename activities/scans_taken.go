package activities

import (
	"context"

	"holdfast/carrier"
	"holdfast/saga"
)

// TakenScans ends the wait of scans that an order's workflow has recorded.
type TakenScans struct{ Tracking Tracking }

// TakenScansParams name the scans, as WatchPackage returned them.
type TakenScansParams struct {
	OrderID string      `json:"orderId"`
	Scans   []saga.Scan `json:"scans"`
}

// Execute may be repeated.
func (a *TakenScans) Execute(ctx context.Context, p TakenScansParams) error {
	all := make([]carrier.Taken, len(p.Scans))
	for i, s := range p.Scans {
		all[i] = carrier.Taken{
			Number:  carrier.Number{Adapter: s.Carrier, Number: s.TrackingNumber},
			EventID: s.Event.ID, OrderID: p.OrderID, PackageID: s.PackageID,
		}
	}
	return a.Tracking.Taken(ctx, all...)
}
