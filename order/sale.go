package order

import (
	"cmp"
	"slices"
	"time"

	"holdfast/product"
)

// Sale is what an order takes: units of products, and uses of coupons that have limits.
type Sale struct {
	product.Holder
	ProductIDs []string
	Coupons    []CouponUse
	// Try numbers the attempts of the order's saga, from 1.
	Try int
}

// SaleStates are the states of a sale's parts, in the order in which it names them.
type SaleStates struct {
	Products, Coupons []product.HoldState
}

// Sale returns what the order takes.
func (o *Order) Sale(try int) Sale {
	return Sale{Holder: o.Holder(), ProductIDs: o.ProductIDs(), Coupons: o.Pricing.uses(o.CustomerID), Try: try}
}

// CouponCodes lists the coupons of which the order takes a use.
func (o *Order) CouponCodes() (codes []string) {
	for _, u := range o.Pricing.uses("") {
		codes = append(codes, u.Code)
	}
	return codes
}

// CouponClaims asks each coupon with limits, once and sorted by code, for the use that the
// placement was quoted with.
func (p Placement) CouponClaims(try int, placedAt time.Time) []CouponClaim {
	if p.Quote == nil {
		return nil
	}
	var claims []CouponClaim
	for _, u := range p.Quote.Pricing.uses(p.CustomerID) {
		claims = append(claims, CouponClaim{
			CouponUse: u, OrderID: p.OrderID, PlacedAt: placedAt, Try: try,
			Deadline: p.Deadline(placedAt), QuotedAt: p.Quote.Pricing.QuotedAt,
		})
	}
	return claims
}

// uses are the uses of coupons that have limits, sorted by code: all orders ask in the same
// order. p may be nil.
func (p *Pricing) uses(customerID string) (uses []CouponUse) {
	if p == nil {
		return nil
	}
	for _, c := range p.Coupons {
		if c.Limited {
			uses = append(uses, CouponUse{Code: c.Code, Version: c.Version, Amount: c.Amount, CustomerID: customerID})
		}
	}
	slices.SortFunc(uses, func(a, b CouponUse) int { return cmp.Compare(a.Code, b.Code) })
	return uses
}
