package order

import "time"

// OpenOrders are a customer's orders that hold stock and wait for their payment. Package
// quota counts them.
type OpenOrders struct {
	Count int64
	// Until is the earliest of their deadlines: by then one of them has ended.
	Until time.Time
}
