package search

import (
	"time"

	"holdfast/order"
)

// OrderQuery asks for orders. All filters must match; within one filter, one of its values
// must. Unknown statuses are no mistake: they match nothing.
type OrderQuery struct {
	CustomerID string         `json:"customerId,omitempty"`
	Status     []order.Status `json:"status,omitempty"`
	ProductID  string         `json:"productId,omitempty"`
	// From and To bound when the order was placed: not before From, before To. A zero value
	// leaves that side open.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Q is plain text: all of its words must be found in the order's id, its titles, its
	// recipient or its address. The first 4 or more characters of an id also match.
	Q string `json:"q,omitempty"`
	// Limit is how many orders a page has: 1 to 100; nil means 20.
	Limit *int `json:"limit,omitempty"`
	// Cursor of the previous page; empty for the first one.
	Cursor string `json:"cursor,omitempty"`
}

// OrderPage is one page of orders, the newest first; within a millisecond, the highest id
// first.
type OrderPage struct {
	Items []Order
	// Total is the number of matching orders on all pages.
	Total int64
	// NextCursor requests the next page; empty on the last one.
	NextCursor string
}

// PageSize is the limit with the default filled in.
func (q OrderQuery) PageSize() int { return orDefault(q.Limit, DefaultLimit) }

// Validate lists what is wrong with the query, its cursor included.
func (q OrderQuery) Validate() error {
	var bad Invalid
	if q.CustomerID != "" {
		validID(&bad, "customerId", q.CustomerID)
	}
	statuses := make([]string, len(q.Status))
	for i, s := range q.Status {
		statuses[i] = string(s)
	}
	validValues(&bad, "status", statuses)
	if q.ProductID != "" {
		validID(&bad, "productId", q.ProductID)
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		bad.Add("from", "must be before to")
	}
	validText(&bad, q.Q)
	validLimit(&bad, q.Limit, MaxLimit)
	if _, err := q.After(); err != nil {
		bad.Add("cursor", badCursor)
	}
	return bad.OrNil()
}
