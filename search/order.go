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
	Address           string `json:"address,omitempty"`
	ExternalReference string `json:"externalReference,omitempty"`
	// Node is the one that a summary shows.
	Node string `json:"node,omitempty"`
	// What the order's packages have, those that weren't undone: their nodes and marks, the
	// integrations that watch them, and their numbers as TrackingNumber returns them. Each
	// value is listed once.
	PackageNodes    []string     `json:"packageNodes,omitempty"`
	Marks           []order.Mark `json:"marks,omitempty"`
	Carriers        []string     `json:"carriers,omitempty"`
	TrackingNumbers []string     `json:"trackingNumbers,omitempty"`
	// Alerts are the rules of its alerts, each once, those about its money included.
	Alerts []order.AlertRule `json:"alerts,omitempty"`
	// Tags are the order's, for staff, and ReturnStatuses those of its returns, each once.
	Tags           []string             `json:"tags,omitempty"`
	ReturnStatuses []order.ReturnStatus `json:"returnStatuses,omitempty"`
	// IsClosed means that nothing more happens to the order.
	IsClosed bool `json:"closed"`
	// IsOnHold means that staff or a command keeps it from being packed.
	IsOnHold bool `json:"onHold,omitempty"`
	// NoNewsSince and NotPackedSince are those of order.WaitsSince.
	NoNewsSince    time.Time `json:"noNewsSince,omitzero"`
	NotPackedSince time.Time `json:"notPackedSince,omitzero"`
	// PaymentStatus counts what went back, as Settled does.
	PaymentStatus order.PaymentStatus `json:"paymentStatus,omitempty"`
	Total         int64               `json:"total"` // minor units of Currency
	Currency      string              `json:"currency,omitempty"`
	PlacedAt      time.Time           `json:"placedAt"`
	// UpdatedAt is when one of the order's documents last changed where they are kept, by
	// the clock there: what Revision says. It never falls.
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
	// Document is the order as its workflow wrote it, a JSON object. It isn't searched.
	Document json.RawMessage `json:"document"`
	// Payments are the documents of the order's payments and of what stands beside them, by
	// their field: see order.ReadPayments. They aren't searched.
	Payments map[string]json.RawMessage `json:"payments,omitempty"`
}

// clockRevision is the least revision that is a time, in milliseconds. Revisions of orders
// that haven't changed since before there were revisions, or that no store has, are smaller.
const clockRevision = 1_000_000_000_000

// FromOrder returns the view's document of an order, from what is stored about it; doc is
// the order as it is stored.
func FromOrder(o order.Order, doc []byte, revision int64, payments map[string][]byte) Order {
	d := Order{
		Revision: revision, Document: doc,
		ID: o.ID, Version: o.Version, CustomerID: o.CustomerID, Status: o.Status,
		ProductIDs: o.ProductIDs(), Total: o.Amounts[order.AmountTotal], Currency: o.Currency,
		PlacedAt: o.PlacedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC(),
	}
	if len(payments) > 0 {
		d.Payments = make(map[string]json.RawMessage, len(payments))
	}
	for field, payment := range payments {
		d.Payments[field] = payment
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
	d.file(o)
	return d
}

// Erased returns the next revision of the order, without its person, if it was placed until then and isn't
// erased itself.
func (d Order) Erased(placed, at time.Time) (Order, error) {
	o, err := d.order()
	if err != nil || !o.ErasedAt.IsZero() || o.PlacedAt.UnixMilli() > placed.UnixMilli() {
		return d, nil // what can't be read is named elsewhere
	}
	o.Restore()
	o.Erase(at)
	doc, err := json.Marshal(&o)
	if err != nil {
		return d, fmt.Errorf("encode order %s, which was erased: %w", d.ID, err)
	}
	payments := make(map[string][]byte, len(d.Payments))
	for field, payment := range d.Payments {
		if payments[field], err = order.ErasedPayment(field, payment); err != nil {
			return d, fmt.Errorf("order %s, which was erased: %w", d.ID, err)
		}
	}
	erased := FromOrder(o, doc, d.Revision+1, payments)
	erased.UpdatedAt = d.UpdatedAt
	return erased, nil
}

// Closed reports whether nothing more happens to the order.
func (d Order) Closed() bool {
	var o struct {
		Shape    int          `json:"shape"`
		Status   order.Status `json:"status"`
		ClosedAt time.Time    `json:"closedAt"`
	}
	if err := json.Unmarshal(d.Document, &o); err != nil {
		return false
	}
	whole := order.Order{Shape: o.Shape, Status: o.Status, ClosedAt: o.ClosedAt}
	return whole.Closed()
}

// Refiled returns the document with what follows from Revision, Document and Payments
// worked out once more. Payments change without their order, and a view of an older shape
// has less. A document that is no order's stays as it is.
func (o Order) Refiled() Order {
	if of, err := o.order(); err == nil {
		o.file(of)
	}
	return o
}

func (o *Order) file(of order.Order) {
	_ = o.settle(&of) // what can't be read is left out
	o.fileGoods(of)
	o.ExternalReference, o.PaymentStatus = of.ExternalReference, of.Payment.Status
	if o.Revision >= clockRevision {
		o.UpdatedAt = time.UnixMilli(o.Revision).UTC()
	}
}

// Settled returns the order with what is recorded beside it: what of its payment went back, and the
// alerts about its money.
func (o Order) Settled() (order.Order, error) {
	of, err := o.order()
	if err == nil {
		err = o.settle(&of)
	}
	return of, err
}

func (o Order) order() (of order.Order, err error) {
	if err = json.Unmarshal(o.Document, &of); err != nil {
		err = fmt.Errorf("read an order: %w", err)
	}
	return of, err
}

func (o Order) settle(of *order.Order) error {
	if !order.NeedsSettling(o.Payments) {
		return nil
	}
	money, err := order.ReadPayments(o.Payments)
	if err != nil {
		return fmt.Errorf("read the payments of an order: %w", err)
	}
	amounts := make(map[string]int64, len(of.Amounts)+1) // those of the caller stay as they are
	maps.Copy(amounts, of.Amounts)
	of.Amounts = amounts
	of.Settle(money)
	return nil
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
	t.add("externalReference", o.ExternalReference)
	t.fits("titles")
	return bad.OrNil()
}

// validObject refuses anything but a JSON object.
func validObject(bad *Invalid, path string, doc json.RawMessage) {
	if !json.Valid(doc) || !strings.HasPrefix(strings.TrimSpace(string(doc)), "{") {
		bad.Add(path, "must be a JSON object")
	}
}
