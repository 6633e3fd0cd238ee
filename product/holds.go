package product

import "time"

// Want names the variants of a product that a caller wants to know about.
type Want struct {
	ProductID string
	SKUs      []string // an empty one means the only variant
}

// LiveHold is the claim of one order on the stock of one product, or on a use of a coupon.
type LiveHold struct {
	ProductID string
	// CouponCode is set instead of ProductID if it is a use of a coupon.
	CouponCode string
	OrderID    string
	// Listing under which the hold was made.
	Listing  int64
	Deadline time.Time
}

// HoldDetail is everything that an entity knows about one order's hold, for audits.
type HoldDetail struct {
	ProductID string
	OrderID   string
	// PlacedAt is Holder.PlacedAt; zero if an earlier version made the hold.
	PlacedAt time.Time
	State    HoldState
	Try      int
	Listing  int64
	Deadline time.Time
	Currency string
	Items    []HeldItem
	Reason   string // why it was released
	// Returned are the units of a sale that came back, by sku.
	Returned map[string]int64
	// CustomerID of the customer whose limit counts the units; empty if they are not
	// limited.
	CustomerID string
}

// Holder of the units.
func (d HoldDetail) Holder() Holder { return Holder{OrderID: d.OrderID, PlacedAt: d.PlacedAt} }
