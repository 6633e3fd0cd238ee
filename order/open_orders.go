package order

import "time"

// OpenOrders are a customer's orders that hold stock and await their payment. Package quota
// counts them.
type OpenOrders struct {
	Count int64
	// Until is the earliest of their deadlines: one of them will have ended by then.
	Until time.Time
	// NetworkCount and NetworkUntil are the same for all guests of the customer's network, if
	// these are limited.
	NetworkCount int64
	NetworkUntil time.Time
}
