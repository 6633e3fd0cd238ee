package search

import (
	"encoding/json"
	"time"
)

// Event is one thing that happened to a product, as its entity reported it: see
// docs/events.md. Events are appended and never change.
type Event struct {
	// ID is the same whenever the event is read: its bucket and its id in the bucket's
	// stream, like "17-1790000000000-0".
	ID        string    `json:"id"`
	ProductID string    `json:"productId"`
	Type      string    `json:"type"`
	Version   int64     `json:"version"` // of the product after it
	At        time.Time `json:"at"`
	// OrderID of the order that caused it, empty if none did.
	OrderID string `json:"orderId,omitempty"`
	// Actor and Reason, if given.
	Actor  string `json:"actor,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Stock is a JSON list of the affected variants after the event.
	Stock json.RawMessage `json:"stock,omitempty"`
	// Prices after it, in minor units by sku, if it set them: a JSON object.
	Prices json.RawMessage `json:"prices,omitempty"`
	// Status and Listing after it, if it set them.
	Status  string `json:"status,omitempty"`
	Listing int64  `json:"listing,omitempty"`
}

// Validate lists why the event can't be stored in an index.
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
	// Types selects events of these types; empty selects all.
	Types []string `json:"types,omitempty"`
	// OrderID selects events that this order caused.
	OrderID string `json:"orderId,omitempty"`
	// Limit is how many events a page has: 1 to 100; nil means 20.
	Limit *int `json:"limit,omitempty"`
	// Cursor of the previous page; empty for the first one.
	Cursor string `json:"cursor,omitempty"`
}

// EventPage is one page of a product's events: the highest version first; within a version,
// the highest id first.
type EventPage struct {
	Items []Event
	// NextCursor requests the next page; empty on the last one.
	NextCursor string
}

// PageSize is the limit with the default filled in.
func (q EventQuery) PageSize() int { return orDefault(q.Limit, DefaultLimit) }

// CursorAt returns the cursor of a page that ended at the given sort keys.
func (q EventQuery) CursorAt(keys ...string) string { return encodeCursor(q.fingerprint(), keys) }

// After returns the sort keys at which the previous page ended, or none if there is no
// cursor. Their number and meaning are the index's own business: it has to expect anything.
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
