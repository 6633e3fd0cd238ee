package product

import "time"

// Claim asks for a place among the open orders of a customer: those that hold
// stock and wait for their payment. The zero value asks for none.
type Claim struct {
	CustomerID string `json:"customerId,omitempty"`
	// Limit is how many of his orders may be open at a time; 0 is without a limit.
	Limit int64 `json:"limit,omitempty"`
}

// Buyer is who looks at products before he orders.
type Buyer struct {
	// OrderID of the order that he asks for; empty where it can't be there yet.
	OrderID string
	// CustomerID to count his open orders by; empty where they don't matter.
	CustomerID string
	// Units: the units that his unpaid orders hold are limited, so they are counted, too.
	Units bool
}

// Open is how many orders of a customer are open.
type Open struct {
	Orders int64
	// Until is the earliest deadline of them: then one ends, if none does before.
	Until time.Time
}
