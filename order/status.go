package order

import "strings"

// Status is the furthest node that an order reached, or its closing outcome.
// The list is open: a reader must expect values that it doesn't know.
type Status string

// The statuses; docs/order-states.md shows the transitions.
const (
	StatusReserving       Status = "reserving"
	StatusAwaitingPayment Status = "awaiting_payment"
	// StatusPaid means paid but not yet released for fulfilment: the order is on hold, or
	// was placed before there were further nodes.
	StatusPaid             Status = "paid"
	StatusAwaitingShipment Status = "awaiting_shipment"
	StatusPacked           Status = "packed"
	StatusLeftWarehouse    Status = "left_warehouse"
	StatusInTransit        Status = "in_transit"
	StatusOutForDelivery   Status = "out_for_delivery"
	StatusDelivered        Status = "delivered"
	StatusRejected         Status = "rejected"
	StatusExpired          Status = "expired"
	StatusCancelled        Status = "cancelled"
)

// Undecided reports whether the order waits for its stock.
func (s Status) Undecided() bool { return s == StatusReserving }

// Unpaid reports whether the order can still be cancelled without a refund.
func (s Status) Unpaid() bool { return s == StatusReserving || s == StatusAwaitingPayment }

// Ended reports whether an order with this outcome is closed, whatever else is known of it.
func (s Status) Ended() bool {
	return s == StatusRejected || s == StatusExpired || s == StatusCancelled
}

func (s Status) known() bool {
	_, isNode := ParseNode(string(s))
	return isNode || s.Ended()
}

// TookPayment reports whether an order in this status owns its units: they were sold to it.
func (s Status) TookPayment() bool {
	n, known := ParseNode(string(s))
	return known && n >= NodePaid
}

// PaymentStatus is the state of an order's money.
type PaymentStatus string

const (
	PaymentNone              PaymentStatus = "none"
	PaymentPending           PaymentStatus = "pending"
	PaymentPaid              PaymentStatus = "paid"
	PaymentPartiallyRefunded PaymentStatus = "partially_refunded"
	PaymentRefunded          PaymentStatus = "refunded"
)

// Reason is why an order was cancelled or rejected. The list is open.
type Reason string

const (
	ReasonCustomer       Reason = "customer"
	ReasonOperator       Reason = "operator"
	ReasonFraud          Reason = "fraud"
	ReasonInventory      Reason = "inventory"
	ReasonOther          Reason = "other"
	ReasonDelisted       Reason = "delisted"
	ReasonPaymentRefused Reason = "payment_refused"
	ReasonNoStock        Reason = "no_stock"
	// ReasonLost means that everything was lost or refused on its way, and refunded.
	ReasonLost Reason = "lost"
	// ReasonTerminated means that the order's workflow was terminated before it was paid.
	ReasonTerminated Reason = "terminated"
	// ReasonCoupon means that the order can't use its coupons, see Order.RefusedCoupons.
	ReasonCoupon Reason = "coupon_refused"
	// ReasonUnavailable means that the stock could not be held within the payment window.
	ReasonUnavailable Reason = "unavailable"
	// ReasonWindowPassed means that no payment arrived within the payment window.
	ReasonWindowPassed Reason = "payment_window_passed"
)

// MayCancel reports whether a caller may give the reason for a cancellation. Customers have
// only their own. All other reasons are what the shop's programs found: some of them decide
// what is done with the units.
func (r Reason) MayCancel(isStaff bool) bool {
	switch r {
	case ReasonCustomer:
		return true
	case ReasonOperator, ReasonFraud, ReasonInventory, ReasonOther:
		return isStaff
	case ReasonDelisted, ReasonPaymentRefused, ReasonNoStock, ReasonLost, ReasonTerminated,
		ReasonCoupon, ReasonUnavailable, ReasonWindowPassed:
	}
	return false
}

// Actors in a journal other than callers.
const (
	ActorSystem   = "system"
	ActorOperator = "operator"
	// ActorStaff is shown to a customer instead of the name of anyone who works for the
	// shop.
	ActorStaff = "staff"
)

const (
	providerActor = "provider:"
	// CarrierActor begins the name of a carrier.
	CarrierActor = "carrier:"
)

// ActorFor returns an actor's name for the customer: the customer, the system, payment
// providers and carriers by name, everyone else as ActorStaff.
func ActorFor(customerID, actor string) string {
	switch {
	case actor == "" || actor == customerID || actor == ActorSystem,
		strings.HasPrefix(actor, providerActor), strings.HasPrefix(actor, CarrierActor):
		return actor
	}
	return ActorStaff
}
