package search

import (
	"slices"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// OrderSort orders orders.
type OrderSort string

const (
	// OrderSortNewest puts the latest placement first; within a millisecond, the highest id. It
	// is the default.
	OrderSortNewest OrderSort = "newest"
	// OrderSortUpdated puts the oldest change first; of changes at the same time, the lowest
	// id. An order that changes while pages are read appears again on a later page.
	OrderSortUpdated OrderSort = "updated"
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
	// UpdatedSince keeps orders with this UpdatedAt or a later one.
	UpdatedSince time.Time `json:"updatedSince,omitzero"`
	// PaymentStatus is compared with that of Order.Settled.
	PaymentStatus []order.PaymentStatus `json:"paymentStatus,omitempty"`
	// ExternalReference must be the order's, character by character.
	ExternalReference string `json:"externalReference,omitempty"`
	// Q is plain text: all of its words must be found in the order's id, its titles, its
	// recipient or its address. The first 4 or more characters of an id also match.
	Q    string    `json:"q,omitempty"`
	Sort OrderSort `json:"sort,omitempty"`
	// Limit is how many orders a page has: 1 to 100; nil means 20.
	Limit *int `json:"limit,omitempty"`
	// Cursor of the previous page; empty for the first one.
	Cursor string `json:"cursor,omitempty"`
}

// OrderPage is one page of orders.
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
	validValues(&bad, "status", q.Status)
	validValues(&bad, "paymentStatus", q.PaymentStatus)
	if q.ProductID != "" {
		validID(&bad, "productId", q.ProductID)
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		bad.Add("from", "must be before to")
	}
	product.CheckReference(&bad, q.ExternalReference)
	if !slices.Contains([]OrderSort{"", OrderSortNewest, OrderSortUpdated}, q.Sort) {
		bad.Add("sort", "must be newest or updated")
	}
	validText(&bad, q.Q)
	validLimit(&bad, q.Limit, MaxLimit)
	if _, err := q.After(); err != nil {
		bad.Add("cursor", badCursor)
	}
	return bad.OrNil()
}
