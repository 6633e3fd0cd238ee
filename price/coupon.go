package price

import (
	"fmt"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// MaxCoupons is how many coupons one order may use.
const MaxCoupons = 10

// CouponError refuses a coupon.
type CouponError struct {
	Code   string
	Reason order.CouponReason
}

func (e *CouponError) Error() string {
	return fmt.Sprintf("coupon %s can't be used: %s", e.Code, e.Reason)
}

// Coupon is what a coupon does, as far as a price needs it.
type Coupon struct {
	Code string `json:"code"`
	// Version of these terms.
	Version int64 `json:"version"`
	Window
	// Minimum is what the lines in the scope must cost after promotions, before coupons.
	Minimum *Money `json:"minimum,omitempty"`
	Scope   *Scope `json:"scope,omitempty"`
	Action  Action `json:"action"`
	// Limited coupons are counted, in all or per customer.
	Limited bool `json:"limited,omitempty"`
}

// FoldCode returns a coupon's code in upper case. ok is false if no coupon can have it.
func FoldCode(code string) (folded string, ok bool) {
	folded = strings.ToUpper(code)
	return folded, product.ValidID(folded)
}

// Validate names everything that is wrong with the coupon's terms.
func (c *Coupon) Validate() error {
	var bad product.Invalid
	if folded, ok := FoldCode(c.Code); !ok || folded != c.Code {
		bad.Add("code", "must match [A-Z0-9._~-]{1,64}")
	}
	if c.Version < 1 {
		bad.Add("version", "must be at least 1")
	}
	checkTerms(&bad, "", c.Scope, c.Minimum, c.Window, c.Action, true)
	return bad.OrNil()
}

// refusal returns why the coupon can't be used, or "". covered is what the lines in its
// scope cost, of which there are some if any is true.
func (c *Coupon) refusal(at time.Time, currency string, anyLine bool, covered int64) order.CouponReason {
	switch {
	case c.ended(at):
		return order.CouponReasonExpired
	case !c.started(at):
		return order.CouponReasonNotStarted
	case !inCurrency(currency, c.Minimum, c.Action):
		return order.CouponReasonCurrency
	case !anyLine:
		return order.CouponReasonScope
	case c.Minimum != nil && covered < c.Minimum.Amount:
		return order.CouponReasonMinimum
	}
	return ""
}

// rank says in which order the coupons of an order apply: shares first, then fixed amounts,
// then shipping. That is best for the buyer, and doesn't depend on the order of the codes.
func (c *Coupon) rank() int {
	switch {
	case c.Action.Rate != 0:
		return 0
	case c.Action.Amount != 0:
		return 1
	}
	return 2
}
