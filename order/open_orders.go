package order

import (
	"time"

	"holdfast/product"
)

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
	// WideCount and WideUntil are the same for the wide network around that one, if there is one.
	WideCount int64
	WideUntil time.Time
}

// FullNetwork returns whether the guests of a network have as many open orders as they may, how many that
// is, and when the first of them will have ended. limit is that of the narrow network; 0 means none.
func (o OpenOrders) FullNetwork(limit int64) (full bool, most int64, until time.Time) {
	switch wide := product.LimitOf(limit, 1); {
	case limit == 0:
		return false, 0, time.Time{}
	case o.NetworkCount < limit && o.WideCount >= wide:
		return true, wide, o.WideUntil
	default:
		return o.NetworkCount >= limit, limit, o.NetworkUntil
	}
}
