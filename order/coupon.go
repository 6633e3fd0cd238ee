package order

import (
	"time"

	"holdfast/product"
)

// CouponReason is why an order can't use a coupon.
type CouponReason string

// The list is open: a reader must expect values that it doesn't know. A quote finds those that follow
// from the terms; the others need the coupon's books.
const (
	CouponReasonUnknown    CouponReason = "unknown"
	CouponReasonExpired    CouponReason = "expired"
	CouponReasonNotStarted CouponReason = "not_started"
	// CouponReasonUsedUp means that as many orders use it as may.
	CouponReasonUsedUp CouponReason = "used_up"
	// CouponReasonCustomerUsedUp means that the customer uses it as often as they may.
	CouponReasonCustomerUsedUp CouponReason = "customer_used_up"
	// CouponReasonSignInRequired means that it is limited per customer, and the buyer is a guest.
	CouponReasonSignInRequired CouponReason = "sign_in_required"
	// CouponReasonMinimum means that the order is too small.
	CouponReasonMinimum CouponReason = "minimum"
	// CouponReasonScope means that it applies to nothing in the order.
	CouponReasonScope CouponReason = "scope"
	// CouponReasonCurrency means that it is for orders in another currency.
	CouponReasonCurrency CouponReason = "currency"
	// CouponReasonChanged means that its terms are no longer those that were quoted.
	CouponReasonChanged CouponReason = "changed"
)

// CouponRefusal is a coupon that an order can't use.
type CouponRefusal struct {
	Code   string       `json:"code"`
	Reason CouponReason `json:"reason"`
}

// CouponUse is an order's use of a coupon that has limits.
type CouponUse struct {
	Code string `json:"code"`
	// Version of the quoted terms, and the amount that they take off the order.
	Version int64 `json:"version"`
	Amount  int64 `json:"amount"`
	// CustomerID is empty for a guest.
	CustomerID string `json:"customerId,omitempty"`
}

// CouponClaim asks a coupon for one of its uses.
type CouponClaim struct {
	CouponUse
	OrderID string `json:"orderId"`
	// PlacedAt is product.Holder.PlacedAt.
	PlacedAt time.Time `json:"placedAt"`
	// Try numbers the attempts of the order's saga, from 1. A try that is not above a released
	// one is refused, however late it arrives.
	Try int `json:"try"`
	// Deadline is when the payment window ends. A claim doesn't end with it, only with its
	// order.
	Deadline time.Time `json:"deadline"`
	// QuotedAt is when the coupon had to be valid.
	QuotedAt time.Time `json:"quotedAt"`
}

// Holder of the use.
func (c CouponClaim) Holder() product.Holder {
	return product.Holder{OrderID: c.OrderID, PlacedAt: c.PlacedAt}
}

// CouponHold is the answer to a CouponClaim: product.HoldMade, HoldRefused for the reason, or
// HoldEnded.
type CouponHold struct {
	Code    string
	Outcome product.HoldOutcome
	Reason  CouponReason
}

// CouponClaimDetail is everything that a coupon knows about one order's claim.
type CouponClaimDetail struct {
	Code     string
	OrderID  string
	PlacedAt time.Time
	// State is that of a hold: of one use of the coupon.
	State product.HoldState
	Try   int
	// Deadline is zero for a use that was never claimed: a paid order's whose claim was lost.
	Deadline time.Time
	Version  int64
	Amount   int64
	// CustomerID of the customer whose limit counts the use; empty if there is no such limit.
	CustomerID string
	Reason     string // why it was released
}

// Holder of the use.
func (d CouponClaimDetail) Holder() product.Holder {
	return product.Holder{OrderID: d.OrderID, PlacedAt: d.PlacedAt}
}
