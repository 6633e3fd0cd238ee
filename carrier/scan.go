package carrier

import (
	"errors"
	"time"

	"holdfast/order"
)

// Scanned is what a scan met.
type Scanned struct {
	Scan
	// Owners are those whose workflows don't have the scan yet.
	Owners []Owner
	// Waits means that no package may have the scan yet.
	Waits bool
	// Dropped means that no package may have the scan, and that the number has the maximum number of
	// scans, all of which are newer.
	Dropped bool
}

// Taken is a scan that a package's workflow has.
type Taken struct {
	Number
	EventID            string
	OrderID, PackageID string
}

// Unmatched is a scan that waits for its package.
type Unmatched struct {
	ID string
	Number
	Event order.PackageEvent
	// Since is when it arrived.
	Since time.Time
}

// Claimed is a scan that staff gave to a package.
type Claimed struct {
	Number
	Event order.PackageEvent
	// Taken means that the package's workflow has it.
	Taken bool
}

// Errors about scans that wait.
var (
	ErrUnknownScan = errors.New("no such scan, or it has waited for more than 30 days")
	ErrScanTaken   = errors.New("the scan is not waiting: a package has it, or another one is getting it")
	ErrKeyReused   = errors.New("this Idempotency-Key was used to assign the scan to another package")
	ErrNoPage      = errors.New("no page of the list of scans starts there")
)
