package product

import "time"

// AnyPrice in a hold line accepts the price of the day.
const AnyPrice = int64(-1)

// Holder is the order that holds or bought units of products. An id can be used
// again once Temporal has forgotten its order: the placing time tells the two apart.
type Holder struct {
	OrderID string
	// PlacedAt is when the order's workflow was started, by Temporal's clock: the same in
	// all its retries and after a reset. Zero where it isn't known.
	PlacedAt time.Time
}

// ReturnID names the return of all that an order bought, by why it comes back: "cancel",
// or "" where the order could not get all of its units.
func ReturnID(why, orderID string) string {
	if why == "" {
		why = "no-stock"
	}
	return why + "." + orderID
}

// HoldRequest asks one product for all lines that one order has of it.
type HoldRequest struct {
	ProductID string
	OrderID   string
	// PlacedAt as in Holder.
	PlacedAt time.Time `json:",omitzero"`
	// Try numbers the attempts of the order's saga, from 1. A try that is not
	// above one that was released is refused, however late it arrives.
	Try int
	// Deadline is when the payment window ends.
	Deadline time.Time
	// Currency that the order is in; empty accepts any.
	Currency string
	Lines    []HoldLine
	// Force holds although the product is no longer listed or its price moved, and
	// beyond what one order may have: for an order that is paid and lost its hold.
	Force bool
	// MaxUnits that one order may have of a product, all variants together, as the
	// shop says; 0 says nothing. The product may say less.
	MaxUnits int64 `json:",omitempty"`
	// CustomerID is who orders; the two limits below are about them.
	CustomerID string `json:",omitempty"`
	// MaxCustomerUnits that the unpaid orders of one customer may hold of a product
	// together, this one included, all variants together; 0 says nothing, and doesn't count.
	MaxCustomerUnits int64 `json:",omitempty"`
	// MaxOpenOrders that the customer may have: stock held, payment awaited. One of an
	// order's requests asks for the order's place among them; 0 asks for none.
	MaxOpenOrders int64 `json:",omitempty"`
}

// HoldLine is so many units of one variant.
type HoldLine struct {
	SKU      string `json:"sku,omitempty"` // empty where the product has one variant
	Quantity int64  `json:"quantity"`
	// Price that the buyer saw, in minor units, or AnyPrice.
	Price int64 `json:"price"`
}

// HoldOutcome is how an entity answered a HoldRequest.
type HoldOutcome string

const (
	// HoldMade: all lines are held now, or were already by this try; also
	// where this try's hold has been committed since.
	HoldMade HoldOutcome = "held"
	// HoldRefused: nothing is held; Refusals says why, line by line.
	HoldRefused HoldOutcome = "refused"
	// HoldEnded: this try was given back before, or a later order has its id; it can't
	// hold any more.
	HoldEnded HoldOutcome = "ended"
	// HoldConflict: this try holds other lines already: a bug of the caller.
	HoldConflict HoldOutcome = "conflict"
)

// Hold is the answer to a HoldRequest.
type Hold struct {
	ProductID string      `json:"productId"`
	Outcome   HoldOutcome `json:"outcome"`
	Currency  string      `json:"currency,omitempty"`
	Listing   int64       `json:"listing,omitempty"`
	// Items are the held variants, each sku once, in the order of their first line.
	Items    []HeldItem `json:"items,omitempty"`
	Refusals []Refusal  `json:"refusals,omitempty"`
}

// HeldItem is one variant as it was held.
type HeldItem struct {
	SKU      string `json:"sku"`
	Title    string `json:"title"`
	Quantity int64  `json:"quantity"`
	Price    int64  `json:"price"`
}

// RefusalReason says why a line can't be held.
type RefusalReason string

// The list is open: a reader must expect values that it doesn't know.
const (
	ReasonNotFound      RefusalReason = "not_found"
	ReasonNotListed     RefusalReason = "not_listed"
	ReasonUnknownSKU    RefusalReason = "unknown_sku"
	ReasonPriceChanged  RefusalReason = "price_changed"
	ReasonOtherCurrency RefusalReason = "other_currency"
	ReasonOutOfStock    RefusalReason = "insufficient_stock"
	// ReasonOverLimit: the lines of the product come to more units than one order may have.
	ReasonOverLimit RefusalReason = "over_limit"
	// ReasonOverCustomerLimit: with these lines the customer's unpaid orders would hold more units
	// of the product than they may together.
	ReasonOverCustomerLimit RefusalReason = "over_customer_limit"
	// ReasonTooManyOpenOrders: the customer has as many open orders as he may.
	ReasonTooManyOpenOrders RefusalReason = "too_many_open_orders"
)

// Refusal is one line that can't be held, and what the buyer can know about it.
type Refusal struct {
	SKU       string        `json:"sku,omitempty"`
	Reason    RefusalReason `json:"reason"`
	Requested int64         `json:"requested,omitempty"`
	// Available units now, of Short.
	Available int64 `json:"available"`
	// HeldByOthers: of Short, units that come back if other orders end unpaid.
	HeldByOthers int64 `json:"heldByOthers,omitempty"`
	// Price now, of ReasonPriceChanged.
	Price int64 `json:"price,omitempty"`
	// Currency of the product, of ReasonOtherCurrency.
	Currency string `json:"currency,omitempty"`
	// Limit of units, of ReasonOverLimit and ReasonOverCustomerLimit.
	Limit int64 `json:"limit,omitempty"`
}

// Contended tells whether the refusal is due to other orders' holds alone: a
// little patience may win.
func (r Refusal) Contended() bool {
	return r.Reason == ReasonOutOfStock && r.Available+r.HeldByOthers >= r.Requested
}

// Holder of the units that are asked for.
func (r HoldRequest) Holder() Holder { return Holder{OrderID: r.OrderID, PlacedAt: r.PlacedAt} }

// HoldState is the state of one order's hold of one product.
type HoldState string

const (
	HoldStateHeld      HoldState = "held"
	HoldStateCommitted HoldState = "committed"
	HoldStateReleased  HoldState = "released"
	// HoldStateNone: the entity knows nothing of this order.
	HoldStateNone HoldState = "none"
)

// HoldPage is a part of a list of live holds, and where the next one begins: "" where
// no more follow.
type HoldPage struct {
	Holds []LiveHold
	Next  string
	// Err says why the page can't be read; then it has neither holds nor a next one.
	Err error
}

// Item is so many units of a variant, with no price: to restock.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}
