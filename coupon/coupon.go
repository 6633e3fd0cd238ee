// Package coupon is the domain of coupons: what they take off, how often they may be used, and
// how often they were. It does no I/O and knows neither Redis nor HTTP.
package coupon

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/customer"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
)

const (
	// MaxUses bounds both limits of a coupon.
	MaxUses = int64(1_000_000_000)
	// MaxTermsBytes bounds the terms as JSON.
	MaxTermsBytes = 64 << 10
)

// NotThere is the version of a coupon that doesn't exist.
const NotThere = int64(0)

// Spec is what a merchant says about a coupon.
type Spec struct {
	price.Window
	// Minimum is what the lines in the scope must cost after promotions.
	Minimum *price.Money `json:"minimum,omitempty"`
	Scope   *price.Scope `json:"scope,omitempty"`
	Action  price.Action `json:"action"`
	// Limit is how many orders may use it, and PerCustomer how many of one customer; 0 means
	// any number. Uses count per customer from the moment on that this is limited.
	Limit       int64 `json:"limit,omitempty"`
	PerCustomer int64 `json:"perCustomer,omitempty"`
}

// Limited reports whether orders have to claim a use.
func (s Spec) Limited() bool { return s.Limit > 0 || s.PerCustomer > 0 }

// Coupon is one entity.
type Coupon struct {
	Code string
	Spec
	// Version grows with every change of the spec, TermsVersion with every change of what the
	// coupon is worth, or when: with all of the spec but its limits.
	Version, TermsVersion int64
	Books
	// CreatedAt and UpdatedAt are times of the entity's clock, to the millisecond.
	CreatedAt, UpdatedAt time.Time
}

// Books count a coupon's uses.
type Books struct {
	// Uses are those that count against the limit: Claimed + Committed - Returned.
	Uses int64
	// Claimed uses are those of orders that may still be paid.
	Claimed int64
	// Committed counts every use that an order paid for, Returned those of them that came back.
	Committed, Returned int64
}

// Check returns an error if the books don't add up.
func (b Books) Check() error {
	if b.Uses != b.Claimed+b.Committed-b.Returned || b.Uses < 0 || b.Claimed < 0 || b.Returned < 0 {
		return fmt.Errorf("uses %d are not claimed %d + committed %d - returned %d, or one of them is negative",
			b.Uses, b.Claimed, b.Committed, b.Returned)
	}
	return nil
}

// Terms are what a quote needs to know.
func (c Coupon) Terms() price.Coupon {
	return price.Coupon{
		Code: c.Code, Version: c.TermsVersion, Window: c.Window, Minimum: c.Minimum, Scope: c.Scope, Action: c.Action,
		Limited: c.Limited(),
	}
}

// Refusal returns why a customer who has used the coupon so often can't use it once more, or ""
// if they can. It is what the script that claims a use would answer, except that it doesn't
// compare terms: package price judges those.
func (c Coupon) Refusal(customerID string, used int64) order.CouponReason {
	switch {
	case c.PerCustomer > 0 && customer.IsGuest(customerID):
		return order.CouponReasonSignInRequired
	case c.PerCustomer > 0 && used >= c.PerCustomer:
		return order.CouponReasonCustomerUsedUp
	case c.Limit > 0 && c.Uses >= c.Limit:
		return order.CouponReasonUsedUp
	}
	return ""
}

// CountedFor is the customer whose limit counts a use by this one: "" for a guest, who may come
// back as another.
func CountedFor(customerID string) string {
	if customer.IsGuest(customerID) {
		return ""
	}
	return customerID
}

// Change is one write: the coupon is created, or all of its spec is replaced.
type Change struct {
	Code string
	Spec
	// IfMatch is the version that the writer read, NotThere to create only, nil for any.
	IfMatch *int64
}

// Validate lists everything that is wrong with the change.
func (c Change) Validate() error {
	terms := Coupon{Code: c.Code, Spec: c.Spec, TermsVersion: 1}.Terms()
	var bad product.Invalid
	if err := terms.Validate(); err != nil && !errors.As(err, &bad) {
		return err
	}
	for _, l := range []struct {
		path  string
		limit int64
	}{{"limit", c.Limit}, {"perCustomer", c.PerCustomer}} {
		if l.limit < 0 || l.limit > MaxUses {
			bad.Add(l.path, fmt.Sprintf("must lie between 0 and %d", MaxUses))
		}
	}
	if doc, err := json.Marshal(c.Spec); err != nil || len(doc) > MaxTermsBytes {
		bad.Add("scope", fmt.Sprintf("all fields together must fit %d bytes as JSON", MaxTermsBytes))
	}
	return bad.OrNil()
}

// Errors of a read or a write. Nothing has changed then.
var (
	ErrNotFound = errors.New("no such coupon")
	// ErrStale means that the coupon's version is not the one that the writer read.
	ErrStale = errors.New("the coupon has changed since it was read")
	// ErrExists means that the coupon was only to be created.
	ErrExists = errors.New("there is such a coupon already")
	// ErrNoPage means that a cursor is not one of the list's.
	ErrNoPage = errors.New("no such page of coupons")
)
