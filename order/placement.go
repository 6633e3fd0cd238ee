package order

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/product"
)

// Limits of one order.
const (
	MaxLines      = 2000
	MaxQuantity   = int64(1_000_000)
	MaxFieldBytes = 200
	MaxTitleBytes = product.MaxTitleBytes
	// MaxDocumentBytes bounds the order's document, journal and packages included. Temporal
	// takes less than 2 MiB, which a run that resumes the order needs.
	MaxDocumentBytes = 7 << 18
)

// Placement is what a customer asked for. It is the workflow's input, so the order is sent
// only once.
type Placement struct {
	OrderID    string        `json:"orderId"`
	CustomerID string        `json:"customerId"`
	Lines      []LineRequest `json:"lines"`
	Address    *Address      `json:"address,omitempty"`
	// Metadata and ExternalReference belong to another system; the order only keeps them.
	Metadata          product.Metadata `json:"metadata,omitempty"`
	ExternalReference string           `json:"externalReference,omitempty"`
	// Currency that the gateway saw; empty if it could not check the products.
	Currency string `json:"currency,omitempty"`
	// Fingerprint of the request's body, to reject a retry with another body.
	Fingerprint string `json:"fingerprint"`
	// Actor who placed it, for the journal.
	Actor string `json:"actor"`
	// PaymentWindow is how long the stock is held for the payment.
	PaymentWindow time.Duration `json:"paymentWindow"`
	// Money that the gateway takes. Empty if it has no payment provider, and in orders
	// placed before this field existed.
	Money Money `json:"money,omitempty"`
	// MaxOpenOrders, MaxUnits and MaxCustomerUnits are the limits of the gateway that took
	// the order: how many of the customer's orders may be open, how many units of a product
	// one order may have, and how many all unpaid orders of the customer together. They are
	// stored with the order, so that the same limits apply whenever it is decided. 0 means
	// no limit.
	MaxOpenOrders    int64 `json:"maxOpenOrders,omitempty"`
	MaxUnits         int64 `json:"maxUnits,omitempty"`
	MaxCustomerUnits int64 `json:"maxCustomerUnits,omitempty"`
	// Network is set for a guest's order: all guests of that network together may have
	// MaxNetworkOrders open. See product.GuestsOf.
	Network          string `json:"network,omitempty"`
	MaxNetworkOrders int64  `json:"maxNetworkOrders,omitempty"`
	// MaxNetworkUnits is how many units of a product all unpaid orders of these guests may hold
	// together. It is instead of MaxCustomerUnits.
	MaxNetworkUnits int64 `json:"maxNetworkUnits,omitempty"`
	// Saga is the version of the workflow that the gateway expects: from 2 on, orders go on
	// after their payment as NodeAwaitingShipment and its successors.
	Saga int `json:"saga,omitempty"`
	// ReturnWindow is how long after its delivery an order takes returns, and stays open. 0
	// closes it at its delivery.
	ReturnWindow time.Duration `json:"returnWindow,omitempty"`
	// Quote is what the order costs, line by line. Nil in orders placed before there were
	// quotes: they cost their lines at the prices at which they are held.
	Quote *Quote `json:"quote,omitempty"`
	// Commands is what the shop's commands made of the order, and which chains run later. Nil if the
	// shop has none.
	Commands *Commanded `json:"commands,omitempty"`
	// Resumed is set for a run that continues a paid order whose workflow was terminated.
	Resumed *Resumed `json:"resumed,omitempty"`
}

// SagaVersion is the Placement.Saga of new orders.
const SagaVersion = 2

// LineRequest is one line as requested.
type LineRequest struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku,omitempty"` // may be left out if the product has only one variant
	Quantity  int64  `json:"quantity"`
	// UnitPrice is the price that the buyer saw; nil accepts the current price.
	UnitPrice *int64 `json:"unitPrice,omitempty"`
}

// Validate lists everything that is wrong with the placement.
func (p Placement) Validate() error {
	var bad product.Invalid
	if !product.ValidID(p.OrderID) {
		bad.Add("orderId", "must match [A-Za-z0-9._~-]{1,64}")
	}
	if !product.ValidID(p.CustomerID) {
		bad.Add("customerId", "must match [A-Za-z0-9._~-]{1,64}")
	}
	if len(p.Lines) == 0 || len(p.Lines) > MaxLines {
		bad.Add("lines", fmt.Sprintf("must have 1 to %d", MaxLines))
		return bad.OrNil()
	}
	for i, l := range p.Lines {
		at := "lines[" + strconv.Itoa(i) + "]."
		if !product.ValidID(l.ProductID) {
			bad.Add(at+"productId", "must match [A-Za-z0-9._~-]{1,64}")
		}
		if l.SKU != "" && !product.ValidID(l.SKU) {
			bad.Add(at+"sku", "must match [A-Za-z0-9._~-]{1,64}")
		}
		if l.Quantity < 1 || l.Quantity > MaxQuantity {
			bad.Add(at+"quantity", fmt.Sprintf("must lie between 1 and %d", MaxQuantity))
		}
		if l.UnitPrice != nil && (*l.UnitPrice < 0 || *l.UnitPrice > product.MaxPrice) {
			bad.Add(at+"unitPrice", fmt.Sprintf("must lie between 0 and %d minor units", product.MaxPrice))
		}
	}
	p.Address.Validate(&bad)
	p.Metadata.Check(&bad)
	product.CheckReference(&bad, p.ExternalReference)
	return bad.OrNil()
}

// Validate adds everything that is wrong with an address, which may be nil.
func (a *Address) Validate(bad *product.Invalid) { a.ValidateAt(bad, "address") }

// ValidateAt is Validate for an address at another path.
func (a *Address) ValidateAt(bad *product.Invalid, path string) {
	if a == nil {
		return
	}
	for _, f := range []struct {
		name, value string
		required    bool
	}{
		{"recipient", a.Recipient, true},
		{"phone", a.Phone, false},
		{"email", a.Email, false},
		{"line1", a.Line1, true},
		{"line2", a.Line2, false},
		{"city", a.City, true},
		{"region", a.Region, false},
		{"postalCode", a.PostalCode, false},
		{"country", a.Country, true},
	} {
		if f.required && strings.TrimSpace(f.value) == "" {
			bad.Add(path+"."+f.name, "is required")
		}
		if len(f.value) > MaxFieldBytes {
			bad.Add(path+"."+f.name, fmt.Sprintf("at most %d bytes", MaxFieldBytes))
		}
		product.CheckText(bad, path+"."+f.name, f.value)
	}
}

// New creates the order that a placement asks for, at the time of the placement.
func New(p Placement, at time.Time) Order {
	shape := Shape
	if p.Saga < SagaVersion {
		shape = 1
	}
	o := Order{
		Shape: shape, ID: p.OrderID, CustomerID: p.CustomerID, Status: StatusReserving,
		Currency: p.Currency,
		Amounts:  map[string]int64{AmountItems: 0, AmountTotal: 0, AmountPaid: 0, AmountRefunded: 0},
		Address:  p.Address,
		Payment:  Payment{Status: PaymentNone, Deadline: p.Deadline(at).UTC()},
		Metadata: p.Metadata, ExternalReference: p.ExternalReference,
		Commands: p.Commands.Clone(),
		PlacedAt: at.UTC(),
	}
	for i, l := range p.Lines {
		line := Line{ID: strconv.Itoa(i + 1), ProductID: l.ProductID, SKU: l.SKU, Quantity: l.Quantity}
		if l.UnitPrice != nil {
			line.UnitPrice = *l.UnitPrice
		}
		line.GiftFor = p.Commands.GiftAt(i).For()
		o.Lines = append(o.Lines, line)
	}
	if p.quoted() {
		o.agree(*p.Quote)
	}
	o.note(string(StatusReserving), p.Actor, at, at, o.Commands.journaled())
	return o
}

// Deadline is the end of the payment window of an order placed at this time.
func (p Placement) Deadline(placedAt time.Time) time.Time { return placedAt.Add(p.PaymentWindow) }

// HoldRequests asks each product once for all of the order's lines of it, sorted by product
// id. The first request also claims a place among the customer's open orders, and
// among those of the network.
func (p Placement) HoldRequests(try int, placedAt time.Time) []product.HoldRequest {
	o := Order{Lines: make([]Line, len(p.Lines))}
	for i, l := range p.Lines {
		o.Lines[i].ProductID = l.ProductID
	}
	ids := o.ProductIDs()
	at := make(map[string]int, len(ids))
	reqs := make([]product.HoldRequest, len(ids))
	for i, id := range ids {
		at[id] = i
		reqs[i] = product.HoldRequest{
			ProductID: id, OrderID: p.OrderID, PlacedAt: placedAt, Try: try, Deadline: p.Deadline(placedAt),
			Currency: p.Currency, MaxUnits: p.MaxUnits, CustomerID: p.CustomerID, MaxCustomerUnits: p.MaxCustomerUnits,
		}
	}
	for i := range reqs {
		if p.MaxNetworkUnits > 0 {
			reqs[i].UnitsOf, reqs[i].MaxCustomerUnits = p.Network, p.MaxNetworkUnits
		}
	}
	if len(reqs) > 0 {
		reqs[0].MaxOpenOrders = p.MaxOpenOrders
		reqs[0].Network, reqs[0].MaxNetworkOrders = p.Network, p.MaxNetworkOrders
	}
	for i, l := range p.Lines {
		r := &reqs[at[l.ProductID]]
		line := product.HoldLine{SKU: l.SKU, Quantity: l.Quantity, Price: product.AnyPrice}
		if l.UnitPrice != nil {
			line.Price = *l.UnitPrice
		}
		if p.quoted() {
			line.SKU, line.Price = p.Quote.Lines[i].SKU, p.Quote.Lines[i].UnitPrice
		}
		r.Lines = append(r.Lines, line)
	}
	return reqs
}

// quoted reports whether the placement has a quote of its lines.
func (p Placement) quoted() bool { return p.Quote != nil && len(p.Quote.Lines) == len(p.Lines) }

// items sums the requested lines of one product per sku.
func (p Placement) items(productID string) []product.Item {
	var items []product.Item
	for _, l := range p.Lines {
		if l.ProductID == productID {
			items = addItem(items, l.SKU, l.Quantity)
		}
	}
	return items
}

// ErrDocumentTooLarge means that an order's document would exceed its limit.
var ErrDocumentTooLarge = errors.New("the order's document is too large")
