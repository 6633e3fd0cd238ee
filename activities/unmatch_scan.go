package activities

import (
	"context"

	"holdfast/carrier"
	"holdfast/saga"
)

// UnmatchScan lets a scan wait again that an order's workflow was told and dropped, because its
// package was removed or no longer has the number.
type UnmatchScan struct{ Tracking Tracking }

// UnmatchScanParams are the order and the scan that it was told.
type UnmatchScanParams struct {
	OrderID string    `json:"orderId"`
	Scan    saga.Scan `json:"scan"`
}

// Execute also ends the package's watch of the number. It may be repeated.
func (a *UnmatchScan) Execute(ctx context.Context, p UnmatchScanParams) error {
	n, ok := carrier.NewNumber(p.Scan.Carrier, p.Scan.TrackingNumber)
	if !ok { // it was reported by staff, and waits nowhere
		return nil
	}
	return a.Tracking.Unmatch(ctx, n, p.Scan.Event, p.OrderID, p.Scan.PackageID)
}
