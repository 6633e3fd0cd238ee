// Package order is the domain of orders: what a buyer asked for, what became of it, and the
// rules that lead from one to the other. It does no I/O and knows neither Temporal, Redis
// nor HTTP. Workflows decide by its rules, activities store what they decide, and the
// gateway shows it.
package order

import (
	"maps"
	"slices"
	"time"

	"holdfast/product"
)

// Shape is the version of the order document's format. In shape 1 an order closes with its
// delivery; in shape 2 it is followed until its return window is over.
const Shape = 2

// Order is the document of one order, as stored and as shown by the API.
type Order struct {
	Shape int    `json:"shape,omitempty"`
	ID    string `json:"id"`
	// Status is the furthest node that the order reached, or its closing outcome.
	Status Status `json:"status"`
	// Version counts the changes of the order; copies are ordered by it.
	Version    int64            `json:"version"`
	CustomerID string           `json:"customerId"`
	Currency   string           `json:"currency,omitempty"`
	Amounts    map[string]int64 `json:"amounts"`
	Lines      []Line           `json:"lines"`
	// Pricing is what the amounts follow from. It is nil if the order costs the sum of its
	// lines.
	Pricing *Pricing `json:"pricing,omitempty"`
	Address *Address `json:"address,omitempty"`
	// Addresses are those that the order had before, the latest last.
	Addresses    []AddressEntry `json:"addressHistory,omitempty"`
	Payment      Payment        `json:"payment"`
	CancelReason Reason         `json:"cancelReason,omitempty"`
	Shortages    []Shortage     `json:"shortages,omitempty"`
	// RefusedCoupons are those for which the order was rejected.
	RefusedCoupons []CouponRefusal `json:"refusedCoupons,omitempty"`
	// Fulfilment is what became of a paid order's goods. It is nil until the order is paid,
	// and for orders of shape 1.
	*Fulfilment
	// Metadata and ExternalReference are another system's, as they came with the placement.
	Metadata          product.Metadata `json:"metadata,omitempty"`
	ExternalReference string           `json:"externalReference,omitempty"`
	// Commands is what the shop's commands did to the order; nil if none ran.
	Commands *Commanded `json:"commands,omitempty"`

	Journal   []Entry   `json:"journal"`
	PlacedAt  time.Time `json:"placedAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// ClosedAt is when the order ended: nothing more happens to it.
	ClosedAt time.Time `json:"closedAt,omitzero"`
	// ErasedAt is when everything about the person was removed from the order.
	ErasedAt time.Time `json:"erasedAt,omitzero"`

	// standing are the alerts of a settled order.
	standing []Alert
}

// The amounts of an order that have a rule here; there may be others beside them. All are
// in minor units of the order's currency.
const (
	AmountItems       = "items"
	AmountDiscount    = "discount"
	AmountShipping    = "shipping"
	AmountTax         = "tax"
	AmountIncludedTax = "includedTax"
	AmountTotal       = "total"
	AmountPaid        = "paid"
	AmountRefunded    = "refunded"
)

// Line is one line of an order. Lines keep their id and their position, even if two of them
// name the same sku. Title, UnitPrice and Amount are known once the stock is held.
type Line struct {
	ID        string `json:"id"`
	ProductID string `json:"productId"`
	SKU       string `json:"sku,omitempty"`
	Title     string `json:"title,omitempty"`
	Quantity  int64  `json:"quantity"`
	UnitPrice int64  `json:"unitPrice"`
	Amount    int64  `json:"amount"`
	LinePrice
	// GiftFor is set for a line that was given away: the id of the line with which it is cancelled,
	// or GiftForOrder.
	GiftFor string `json:"giftFor,omitempty"`
	// Node is the furthest node that all of the line's units that are still part of the
	// order have reached.
	Node Node `json:"node,omitempty"`
	// Removed units are no longer part of the order: they were cancelled, or lost or refused
	// and then refunded.
	Removed int64 `json:"removed,omitempty"`
	// Restocked units went back to the stock, Damaged ones came back but were written off.
	Restocked int64 `json:"restocked,omitempty"`
	Damaged   int64 `json:"damaged,omitempty"`
}

// Address is where an order is sent.
type Address struct {
	Recipient  string `json:"recipient"`
	Phone      string `json:"phone,omitempty"`
	Email      string `json:"email,omitempty"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	City       string `json:"city"`
	Region     string `json:"region,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country"`
}

// Payment is the state of an order's money.
type Payment struct {
	Status PaymentStatus `json:"status"`
	// Deadline is when the payment window ends.
	Deadline time.Time `json:"deadline"`
	PaidAt   time.Time `json:"paidAt,omitzero"`
	// Provider and ID of the payment that the order took, or of the attempt in progress.
	Provider string `json:"provider,omitempty"`
	ID       string `json:"id,omitempty"`
}

// Shortage is one line that can't be had, with what the buyer may know about it.
type Shortage struct {
	ProductID    string                `json:"productId"`
	SKU          string                `json:"sku,omitempty"`
	Requested    int64                 `json:"requested"`
	Available    int64                 `json:"available"`
	Reason       product.RefusalReason `json:"reason"`
	CurrentPrice *int64                `json:"currentPrice,omitempty"`
	// Limit is how many units of the product one order may have, for OverLimit, or the
	// customer's unpaid orders together, for OverCustomerLimit.
	Limit int64 `json:"limit,omitempty"`
}

// Entry is one step in an order's journal.
type Entry struct {
	Seq int64 `json:"seq"`
	// Node is the name of the step: a status, or what happened within one.
	Node string `json:"node"`
	// OccurredAt is when it happened, RecordedAt when the saga learned of it.
	OccurredAt time.Time         `json:"occurredAt"`
	RecordedAt time.Time         `json:"recordedAt"`
	Actor      string            `json:"actor"`
	Detail     map[string]string `json:"detail,omitempty"`
}

// ProductIDs lists the order's products, each once, sorted by id: the order in which their
// stock is requested.
func (o *Order) ProductIDs() []string {
	ids := make([]string, 0, len(o.Lines))
	for _, l := range o.Lines {
		ids = append(ids, l.ProductID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Items sums the order's lines of one product per sku, in order of appearance.
func (o *Order) Items(productID string) []product.Item {
	var items []product.Item
	for _, l := range o.Lines {
		if l.ProductID == productID {
			items = addItem(items, l.SKU, l.Quantity)
		}
	}
	return items
}

func addItem(items []product.Item, sku string, quantity int64) []product.Item {
	i := slices.IndexFunc(items, func(it product.Item) bool { return it.SKU == sku })
	if i < 0 {
		return append(items, product.Item{SKU: sku, Quantity: quantity})
	}
	items[i].Quantity += quantity
	return items
}

// Holder returns the order as the holder of its units.
func (o *Order) Holder() product.Holder {
	return product.Holder{OrderID: o.ID, PlacedAt: o.PlacedAt}
}

// TookUnitsBack reports whether the order had bought its units and returned all of them: it was
// paid but could not get all of them or, before shape 2, was cancelled before its delivery. Later
// orders count the units that they returned by line.
func (o *Order) TookUnitsBack() bool {
	return o.Fulfilment == nil && o.Status == StatusCancelled && (o.CancelReason == ReasonNoStock || o.Payment.Status == PaymentPaid)
}

// ReturnID names the return of everything that the order bought.
func (o *Order) ReturnID() string {
	if o.CancelReason == ReasonNoStock {
		return product.ReturnID("", o.ID)
	}
	return product.ReturnID("cancel", o.ID)
}

// Clone returns a copy that shares nothing that a later step changes.
func (o *Order) Clone() Order {
	c := *o
	c.Amounts = maps.Clone(o.Amounts)
	c.Lines = slices.Clone(o.Lines)
	c.Journal = slices.Clone(o.Journal)
	c.Shortages = slices.Clone(o.Shortages)
	c.Addresses = slices.Clone(o.Addresses)
	c.Commands = o.Commands.Clone()
	if o.Fulfilment != nil {
		f := o.Fulfilment.Clone()
		c.Fulfilment = &f
	}
	return c
}

// Closed reports whether nothing more happens to the order. Before shape 2 a delivered order
// was closed.
func (o *Order) Closed() bool {
	return !o.ClosedAt.IsZero() || o.Status.Ended() || (o.Status == StatusDelivered && o.Shape < 2)
}
