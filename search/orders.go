package search

import (
	"time"

	"holdfast/order"
)

// OrderQuery asks for orders. Filters hold together; of the values of one filter,
// one has to match. Statuses that nobody knows are no mistake: they match nothing.
type OrderQuery struct {
	CustomerID string         `json:"customerId,omitempty"`
	Status     []order.Status `json:"status,omitempty"`
	ProductID  string         `json:"productId,omitempty"`
	// From and To bound when the order was placed: not before From, before To.
	// Zero leaves a side open.
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	// Q is plain text: all of its words must be found in the order's id, its titles,
	// its recipient or its address. An id is also found by its beginning, from 4
	// characters.
	Q string `json:"q,omitempty"`
	// Limit is how many orders a page has: 1 to 100, nil means 20.
	Limit *int `json:"limit,omitempty"`
	// Cursor of the page before; empty for the first one.
	Cursor string `json:"cursor,omitempty"`
}

// OrderPage is one page of orders, the newest first, those of the same
// millisecond by their ids, the highest first.
type OrderPage struct {
	Items []Order
	// Total orders match, on all pages together.
	Total int64
	// NextCursor asks for the next page; empty where this is the last one.
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
