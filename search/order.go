package search

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Order is what the index knows of an order.
type Order struct {
	ID         string       `json:"id"`
	Version    int64        `json:"version"` // of the order's document, from 1
	CustomerID string       `json:"customerId"`
	Status     order.Status `json:"status"`
	// ProductIDs of the order's lines, each once; Titles of the lines, each once.
	ProductIDs []string `json:"productIds,omitempty"`
	Titles     []string `json:"titles,omitempty"`
	Recipient  string   `json:"recipient,omitempty"`
	// Address is where the order goes, as one text without phone and email.
	Address   string    `json:"address,omitempty"`
	Total     int64     `json:"total"` // minor units of Currency
	Currency  string    `json:"currency,omitempty"`
	PlacedAt  time.Time `json:"placedAt"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// FromOrder makes the document of an order as it is.
func FromOrder(o order.Order) Order {
	d := Order{
		ID: o.ID, Version: o.Version, CustomerID: o.CustomerID, Status: o.Status,
		ProductIDs: o.ProductIDs(), Total: o.Amounts[order.AmountTotal], Currency: o.Currency,
		PlacedAt: o.PlacedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC(),
	}
	for _, l := range o.Lines {
		if l.Title != "" && !slices.Contains(d.Titles, l.Title) {
			d.Titles = append(d.Titles, l.Title)
		}
	}
	if a := o.Address; a != nil {
		d.Recipient = a.Recipient
		d.Address = join(", ", a.Line1, a.Line2, a.PostalCode, a.City, a.Region, a.Country)
	}
	return d
}

func join(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}

// maxOrderVersion leaves 20 bits of a Revision to the version and the others to
// the time of placement, which fits until the year 2248.
const maxOrderVersion = 1<<20 - 1

// Revision is the number that an index compares: a document with a lower or the
// same one never replaces what is there. An order's id can come back when its
// Idempotency-Key is used again after the order was forgotten, and its versions
// begin anew then: so the later placement counts before the version.
func (o Order) Revision() int64 { return o.PlacedAt.UnixMilli()<<20 | o.Version }

// Validate lists why the document can't be taken into an index.
func (o Order) Validate() error {
	var bad Invalid
	validID(&bad, "id", o.ID)
	validID(&bad, "customerId", o.CustomerID)
	if o.Version < 1 || o.Version > maxOrderVersion {
		bad.Add("version", fmt.Sprintf("must lie between 1 and %d", maxOrderVersion))
	}
	if o.Status == "" {
		bad.Add("status", "is required")
	}
	if y := o.PlacedAt.UTC().Year(); y < 1970 || y > 2200 {
		bad.Add("placedAt", "must lie between the years 1970 and 2200")
	}
	if o.Total < 0 {
		bad.Add("total", "must not be below 0")
	}
	if o.Currency != "" && !product.ValidCurrency(o.Currency) {
		bad.Add("currency", "must be an ISO 4217 code such as EUR")
	}
	for i, id := range o.ProductIDs {
		validID(&bad, fmt.Sprintf("productIds[%d]", i), id)
	}
	t := texts{bad: &bad}
	t.add("titles", o.Titles...)
	t.add("recipient", o.Recipient)
	t.add("address", o.Address)
	t.fits("titles")
	return bad.OrNil()
}
