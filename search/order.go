package search

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Order is what the index stores about an order. Once an order has been closed for long,
// only the index has it: hence Document and Payments.
type Order struct {
	ID string `json:"id"`
	// Revision of all the order's documents together, from 1: it grows with each change of
	// one of them, even across a restore and when the id is used for a new order.
	Revision   int64        `json:"revision"`
	Version    int64        `json:"version"` // of the order's own document, from 1
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
	// Document is the order as its workflow wrote it, a JSON object. It isn't searched.
	Document json.RawMessage `json:"document"`
	// Payments are the documents of the order's payments and refunds, by their field
	// (payment:<id>, refund:<payment id>/<refund id>). They aren't searched.
	Payments map[string]json.RawMessage `json:"payments,omitempty"`
}

// FromOrder returns the document of an order in its current state. The caller fills in
// Revision, Document and Payments, which the order doesn't know.
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

// Validate lists why the document can't be stored in an index.
func (o Order) Validate() error {
	var bad Invalid
	validID(&bad, "id", o.ID)
	validID(&bad, "customerId", o.CustomerID)
	if o.Version < 1 {
		bad.Add("version", "must be at least 1")
	}
	if o.Revision < 1 {
		bad.Add("revision", "must be at least 1")
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
	validObject(&bad, "document", o.Document)
	for _, field := range slices.Sorted(maps.Keys(o.Payments)) {
		validObject(&bad, "payments", o.Payments[field])
	}
	t := texts{bad: &bad}
	t.add("titles", o.Titles...)
	t.add("recipient", o.Recipient)
	t.add("address", o.Address)
	t.fits("titles")
	return bad.OrNil()
}

// validObject refuses anything but a JSON object.
func validObject(bad *Invalid, path string, doc json.RawMessage) {
	if !json.Valid(doc) || !strings.HasPrefix(strings.TrimSpace(string(doc)), "{") {
		bad.Add(path, "must be a JSON object")
	}
}
