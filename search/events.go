package search

import (
	"encoding/json"
	"time"
)

// Event is one thing that happened to a product, as its entity told it: see
// docs/events.md. Events are appended and never change.
type Event struct {
	// ID is the same whenever the event comes: its bucket and its place in the
	// bucket's stream, like "17-1790000000000-0".
	ID        string    `json:"id"`
	ProductID string    `json:"productId"`
	Type      string    `json:"type"`
	Version   int64     `json:"version"` // of the product after it
	At        time.Time `json:"at"`
	// OrderID of the order that caused it, empty where none did.
	OrderID string `json:"orderId,omitempty"`
	// Actor and Reason where somebody gave them.
	Actor  string `json:"actor,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Stock is a JSON list of the variants that it touched, as they were after it.
	Stock json.RawMessage `json:"stock,omitempty"`
	// Prices after it, in minor units by sku, where it set them: a JSON object.
	Prices json.RawMessage `json:"prices,omitempty"`
	// Status and Listing after it, where it set them.
	Status  string `json:"status,omitempty"`
	Listing int64  `json:"listing,omitempty"`
}

// Validate lists why the event can't be taken into an index.
func (e Event) Validate() error {
	var bad Invalid
	if e.ID == "" || len(e.ID) > MaxValueBytes {
		bad.Add("id", "must be a text of at most 256 bytes")
	}
	validID(&bad, "productId", e.ProductID)
	if e.Type == "" {
		bad.Add("type", "is required")
	}
	if e.Version < 1 {
		bad.Add("version", "must be at least 1")
	}
	if y := e.At.UTC().Year(); y < 1970 || y > 2200 {
		bad.Add("at", "must lie between the years 1970 and 2200")
	}
	validJSON(&bad, "stock", e.Stock)
	validJSON(&bad, "prices", e.Prices)
	t := texts{bad: &bad}
	t.add("id", e.ID)
	t.add("type", e.Type)
	t.add("status", e.Status)
	t.add("orderId", e.OrderID)
	t.add("actor", e.Actor)
	t.add("reason", e.Reason)
	t.fits("reason")
	return bad.OrNil()
}

func validJSON(bad *Invalid, path string, doc json.RawMessage) {
	if doc != nil && !json.Valid(doc) {
		bad.Add(path, "must be JSON")
	}
}

// EventQuery asks for the events of one product.
type EventQuery struct {
	ProductID string `json:"productId"`
	// Types keeps events of these types; none keeps all.
	Types []string `json:"types,omitempty"`
	// OrderID keeps events that this order caused.
	OrderID string `json:"orderId,omitempty"`
	// Limit is how many events a page has: 1 to 100, nil means 20.
	Limit *int `json:"limit,omitempty"`
	// Cursor of the page before; empty for the first one.
	Cursor string `json:"cursor,omitempty"`
}

// EventPage is one page of a product's events: the highest version first, those of
// the same version by their ids, the highest first.
type EventPage struct {
	Items []Event
	// NextCursor asks for the next page; empty where this is the last one.
	NextCursor string
}

// PageSize is the limit with the default filled in.
func (q EventQuery) PageSize() int { return orDefault(q.Limit, DefaultLimit) }

// CursorAt makes the cursor of a page that ended at the given sort keys.
func (q EventQuery) CursorAt(keys ...string) string { return encodeCursor(q.fingerprint(), keys) }

// After returns the sort keys where the page before ended; none where there is no
// cursor. How many and which they are is the index's own affair: it has to expect
// any.
func (q EventQuery) After() ([]string, error) { return decodeCursor(q.Cursor, q.fingerprint()) }

func (q EventQuery) fingerprint() string {
	q.Limit, q.Cursor = nil, ""
	return fingerprint("events", q)
}

// Validate lists what is wrong with the query, its cursor included.
func (q EventQuery) Validate() error {
	var bad Invalid
	validID(&bad, "productId", q.ProductID)
	validValues(&bad, "type", q.Types)
	if q.OrderID != "" {
		validID(&bad, "orderId", q.OrderID)
	}
	validLimit(&bad, q.Limit, MaxLimit)
	if _, err := q.After(); err != nil {
		bad.Add("cursor", badCursor)
	}
	return bad.OrNil()
}
