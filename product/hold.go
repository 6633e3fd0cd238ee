package product

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// AnyPrice in a hold line accepts the current price.
const AnyPrice = int64(-1)

// Holder is the order that holds or bought units of products. An id can be used again once
// Temporal has forgotten its order: the placing time tells the two orders apart.
type Holder struct {
	OrderID string
	// PlacedAt is when the order's workflow was started, by Temporal's clock: the same in
	// all its retries and after a reset. Zero if unknown.
	PlacedAt time.Time
}

// ReturnID names the return of everything that an order bought, by its reason: "cancel", or
// "" if the order could not get all of its units.
func ReturnID(why, orderID string) string {
	if why == "" {
		why = "no-stock"
	}
	return why + "." + orderID
}

// HoldRequest asks one product for all of an order's lines of it.
type HoldRequest struct {
	ProductID string
	OrderID   string
	// PlacedAt is Holder.PlacedAt.
	PlacedAt time.Time `json:",omitzero"`
	// Try numbers the attempts of the order's saga, from 1. A try that is not above a
	// released one is refused, however late it arrives.
	Try int
	// Deadline is when the payment window ends.
	Deadline time.Time
	// Currency of the order; empty accepts any.
	Currency string
	Lines    []HoldLine
	// Force holds even if the product is no longer listed or its price has changed, and
	// beyond the limit of an order: for a paid order that lost its hold.
	Force bool
	// MaxUnits is the shop's limit of units per order and product, all variants together; 0
	// means none. The product may set a lower one.
	MaxUnits int64 `json:",omitempty"`
	// CustomerID is the buyer; the two limits below count per customer.
	CustomerID string `json:",omitempty"`
	// MaxCustomerUnits is how many units of a product the unpaid orders of one customer may
	// hold together, this order included, all variants together; 0 means no limit, and
	// nothing is counted.
	MaxCustomerUnits int64 `json:",omitempty"`
	// MaxOpenOrders is how many orders with held stock that await payment a customer may
	// have. One of an order's requests claims the order's place among them; 0 claims none.
	MaxOpenOrders int64 `json:",omitempty"`
	// Network and MaxNetworkOrders are the same for all guests of a network: see GuestsOf.
	Network          string `json:",omitempty"`
	MaxNetworkOrders int64  `json:",omitempty"`
	// UnitsOf is who MaxCustomerUnits counts for instead of the customer: all guests of a network.
	UnitsOf string `json:",omitempty"`
}

// Buyer returns the names that MaxCustomerUnits counts by.
func (r HoldRequest) Buyer() string { return cmp.Or(r.UnitsOf, r.CustomerID) }

// GuestsOf names all guests of a network where a customer's id names a customer: open orders and units
// are counted by such a name. No id has a colon. A pseudonym stands for the network's address. A guest
// may count in a narrow network and in a wide one around it, in this order.
func GuestsOf(pseudonyms ...string) string {
	return guestsPrefix + strings.Join(pseudonyms, " "+guestsPrefix)
}

const guestsPrefix = "net:"

// WideTimes is how many times as much all guests of a wide network may have as those of a narrow one.
const WideTimes = 10

// LimitOf returns the limit of the narrow network, which is number 0, or of the wide one, number 1.
func LimitOf(limit int64, network int) int64 {
	if network > 0 {
		return WideTimes * limit
	}
	return limit
}

// Buyers returns the names that open orders and units are counted by, one by one.
func Buyers(names string) []string { return strings.Fields(names) }

// ValidBuyer reports whether open orders can be counted by these names: a customer's id, or GuestsOf
// networks.
func ValidBuyer(names string) bool {
	all := Buyers(names)
	return len(all) > 0 && len(all) <= 2 && !slices.ContainsFunc(all, func(name string) bool {
		return !ValidID(strings.TrimPrefix(name, guestsPrefix))
	})
}

// HoldLine is a quantity of one variant.
type HoldLine struct {
	SKU      string `json:"sku,omitempty"` // empty if the product has only one variant
	Quantity int64  `json:"quantity"`
	// Price that the buyer saw, in minor units, or AnyPrice.
	Price int64 `json:"price"`
}

// HoldOutcome is an entity's answer to a HoldRequest.
type HoldOutcome string

const (
	// HoldMade means that all lines are held, now or earlier by this try, or that this
	// try's hold has been committed since.
	HoldMade HoldOutcome = "held"
	// HoldRefused means that nothing is held; Refusals says why, line by line.
	HoldRefused HoldOutcome = "refused"
	// HoldEnded means that this try was released before, or a later order has its id; it
	// can't hold any more.
	HoldEnded HoldOutcome = "ended"
	// HoldConflict means that this try already holds other lines: a bug of the caller.
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

// RefusalReason is why a line can't be held.
type RefusalReason string

// The list is open: a reader must expect values that it doesn't know.
const (
	ReasonNotFound      RefusalReason = "not_found"
	ReasonNotListed     RefusalReason = "not_listed"
	ReasonUnknownSKU    RefusalReason = "unknown_sku"
	ReasonPriceChanged  RefusalReason = "price_changed"
	ReasonOtherCurrency RefusalReason = "other_currency"
	ReasonOutOfStock    RefusalReason = "insufficient_stock"
	// ReasonOverLimit means that the lines of the product exceed the units that one order
	// may have.
	ReasonOverLimit RefusalReason = "over_limit"
	// ReasonOverCustomerLimit means that with these lines the customer's unpaid orders
	// would together hold more units of the product than allowed.
	ReasonOverCustomerLimit RefusalReason = "over_customer_limit"
	// ReasonTooManyOpenOrders means that the customer has reached the limit of open orders.
	ReasonTooManyOpenOrders RefusalReason = "too_many_open_orders"
	// ReasonTooManyNetworkOrders means that the guests of a network have reached their limit of
	// open orders.
	ReasonTooManyNetworkOrders RefusalReason = "too_many_network_orders"
)

// Refusal is one line that can't be held, with what the buyer may know about it.
type Refusal struct {
	SKU       string        `json:"sku,omitempty"`
	Reason    RefusalReason `json:"reason"`
	Requested int64         `json:"requested,omitempty"`
	// Available units now, for ReasonOutOfStock.
	Available int64 `json:"available"`
	// HeldByOthers is how many units come back if other orders end unpaid, for
	// ReasonOutOfStock.
	HeldByOthers int64 `json:"heldByOthers,omitempty"`
	// Price now, for ReasonPriceChanged.
	Price int64 `json:"price,omitempty"`
	// Currency of the product, for ReasonOtherCurrency.
	Currency string `json:"currency,omitempty"`
	// Limit of units, for ReasonOverLimit and ReasonOverCustomerLimit.
	Limit int64 `json:"limit,omitempty"`
}

// Contended reports whether the refusal is only due to other orders' holds, so that waiting
// may help.
func (r Refusal) Contended() bool {
	return r.Reason == ReasonOutOfStock && r.Available+r.HeldByOthers >= r.Requested
}

// Holder of the requested units.
func (r HoldRequest) Holder() Holder { return Holder{OrderID: r.OrderID, PlacedAt: r.PlacedAt} }

// HoldState is the state of one order's hold of one product.
type HoldState string

const (
	HoldStateHeld      HoldState = "held"
	HoldStateCommitted HoldState = "committed"
	HoldStateReleased  HoldState = "released"
	// HoldStateNone means that the entity knows nothing about this order.
	HoldStateNone HoldState = "none"
)

// HoldPage is one page of a list of live holds, with the cursor of the next one: "" if
// there is none.
type HoldPage struct {
	Holds []LiveHold
	Next  string
	// Err is why the page can't be read; it then has neither holds nor a next one.
	Err error
}

// Item is a quantity of a variant without a price, for restocking.
type Item struct {
	SKU      string `json:"sku"`
	Quantity int64  `json:"quantity"`
}
