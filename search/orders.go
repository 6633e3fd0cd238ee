package search

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

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

// OrderQuery asks for orders. All filters must match; within one filter but Tag, one of its
// values must. Unknown statuses are no mistake: they match nothing.
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
	// Node, Mark and Alert are compared with those of Order: the order's own node, and the marks
	// and alerts of any of its packages.
	Node  []string          `json:"node,omitempty"`
	Mark  []order.Mark      `json:"mark,omitempty"`
	Alert []order.AlertRule `json:"alert,omitempty"`
	// Tag keeps orders that have all of these tags: the one filter of which all values must match.
	Tag []string `json:"tag,omitempty"`
	// ReturnStatus must be that of one of the order's returns.
	ReturnStatus []order.ReturnStatus `json:"returnStatus,omitempty"`
	// Closed keeps orders that are closed, or those that aren't; OnHold those that are on hold, or aren't.
	Closed *bool `json:"closed,omitempty"`
	OnHold *bool `json:"onHold,omitempty"`
	// Overdue keeps orders that the rule applies to at Now, or at present if Now is zero. Now may
	// differ from page to page.
	Overdue order.OverdueRule `json:"overdue,omitempty"`
	Now     time.Time         `json:"-"`
	// Packed keeps orders with a package that wasn't undone.
	Packed bool `json:"packed,omitempty"`
	// PackageNode, Carrier and TrackingNumber must each be those of a package of the order, but
	// not necessarily of the same one.
	PackageNode    []string `json:"packageNode,omitempty"`
	Carrier        string   `json:"carrier,omitempty"`
	TrackingNumber string   `json:"trackingNumber,omitempty"`
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

// WaitingBefore returns since when an order must wait to be overdue: not after this time.
func (q OrderQuery) WaitingBefore() time.Time {
	now := q.Now
	if now.IsZero() {
		now = time.Now()
	}
	return now.Add(-q.Overdue.After())
}

// Validate lists what is wrong with the query, its cursor included.
func (q OrderQuery) Validate() error {
	var bad Invalid
	if q.CustomerID != "" {
		validID(&bad, "customerId", q.CustomerID)
	}
	validValues(&bad, "status", q.Status)
	validValues(&bad, "paymentStatus", q.PaymentStatus)
	validValues(&bad, "node", q.Node)
	validValues(&bad, "node", q.PackageNode)
	validValues(&bad, "mark", q.Mark)
	validValues(&bad, "alert", q.Alert)
	validTags(&bad, q.Tag)
	validValues(&bad, "return", q.ReturnStatus)
	validValue(&bad, "carrier", q.Carrier)
	validValue(&bad, "trackingNumber", q.TrackingNumber)
	if q.Overdue != "" && !slices.Contains(order.OverdueRules(), q.Overdue) {
		bad.Add("overdue", "must be no_news or not_packed")
	}
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

// validTags refuses what no order has, or more than one can have.
func validTags(bad *Invalid, tags []string) {
	if len(tags) > order.MaxTags {
		bad.Add("tag", fmt.Sprintf("at most %d tags: no order has more", order.MaxTags))
	}
	for _, tag := range tags {
		if !order.ValidTag(tag) {
			bad.Add("tag", fmt.Sprintf("must match [A-Za-z0-9._~-]{1,%d}", order.MaxTagBytes))
			return
		}
	}
}

// validValue refuses what no document has: nothing that is longer is searched for.
func validValue(bad *Invalid, path, v string) {
	if !utf8.ValidString(v) || len(v) > MaxValueBytes {
		bad.Add(path, fmt.Sprintf("must be text of at most %d bytes", MaxValueBytes))
	}
}
