package product

import "time"

// Want is what somebody would like to know of a product: some of its variants.
type Want struct {
	ProductID string
	SKUs      []string // an empty one means the only variant
}

// LiveHold is the claim of one order on the stock of one product.
type LiveHold struct {
	ProductID string
	OrderID   string
	// Listing under which the hold was made.
	Listing  int64
	Deadline time.Time
}

// HoldDetail is everything that an entity knows of one order's hold, for those
// who check the books.
type HoldDetail struct {
	ProductID string
	OrderID   string
	// PlacedAt as in Holder; zero where an earlier version held.
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
	// CustomerID whose units it counts among; empty where they are not limited.
	CustomerID string
}

// Holder of the units.
func (d HoldDetail) Holder() Holder { return Holder{OrderID: d.OrderID, PlacedAt: d.PlacedAt} }
