package price

import (
	"cmp"
	"fmt"
	"slices"

	"holdfast/order"
	"holdfast/product"
)

// usedCoupon is a coupon with the groups in its scope, and what it took off.
type usedCoupon struct {
	*Coupon
	groups []int
	off    int64
}

// applyCoupons first finds out whether all coupons can be used: their minimums are judged by
// what the order costs before any of them.
func (b *basket) applyCoupons() error {
	if len(b.r.Coupons) == 0 {
		return nil
	}
	const path = "couponCodes"
	if len(b.r.Coupons) > MaxCoupons {
		return &Refusal{path, RefusalCoupons, fmt.Sprintf("an order can use at most %d coupons", MaxCoupons)}
	}
	for i := range b.r.Coupons {
		c := &b.r.Coupons[i]
		if slices.ContainsFunc(b.coupons, func(other usedCoupon) bool { return other.Code == c.Code }) {
			return &Refusal{indexed(path, i), RefusalCoupons, "appears twice"}
		}
		covered := b.pick(func(g *group) bool { return g.line.Gift == nil && c.Scope.covers(g.line) })
		if reason := c.refusal(b.r.At, b.r.Currency, len(b.picked) > 0, covered*b.unit); reason != "" {
			return &CouponError{c.Code, reason}
		}
		b.coupons = append(b.coupons, usedCoupon{Coupon: c, groups: slices.Clone(b.picked)})
	}
	slices.SortFunc(b.coupons, func(x, y usedCoupon) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(x.Code, y.Code))
	})
	for i := range b.coupons {
		c := &b.coupons[i]
		if c.Action.FreeShipping {
			continue
		}
		sum := int64(0)
		for _, at := range c.groups {
			sum += b.groups[at].amount
		}
		c.off = b.off(c.Action, sum, 1)
		b.because(order.AdjustmentCoupon, c.Code, c.Version)
		b.takeFrom(c.groups, c.off)
	}
	return nil
}

// addShipping adds the price of the shipping method, and takes off what coupons give.
func (b *basket) addShipping() error {
	to := b.destination()
	if b.book.Taxes != nil && !order.CountryExists(to.Country) {
		return &Refusal{"address.country", RefusalUnknownCountry, "must be a country of ISO 3166-1 such as DE"}
	}
	m, err := b.book.method(b.r.ShippingMethodID, b.r.Currency, to.Country)
	if err != nil || m == nil {
		return err
	}
	if b.book.Taxes != nil {
		b.shippingClass = b.book.Taxes.class(m.TaxClass)
	}
	amount := int64(0)
	for i := range b.groups {
		amount += b.groups[i].amount
	}
	s := &order.Shipping{MethodID: m.ID, Title: m.Title, Price: b.steps(m.price(amount * b.unit))}
	s.Total = s.Price
	for i := range b.coupons {
		if c := &b.coupons[i]; c.Action.FreeShipping && s.Total > 0 {
			s.Adjustments = []order.Adjustment{{Kind: order.AdjustmentCoupon, Source: c.Code, Version: c.Version, Amount: -s.Total}}
			c.off, s.Total = s.Total, 0
		}
	}
	s.Net = s.Total
	b.shipping = s
	return nil
}

// destination is where the order goes, as tax rules name it; empty if that isn't known.
func (b *basket) destination() Place {
	switch {
	case b.r.Address != nil:
		return Place{b.r.Address.Country, b.r.Address.Region}.folded()
	case b.book.Taxes != nil:
		return b.book.Taxes.Home.folded()
	}
	return Place{}
}

// addTaxes taxes each class as a whole: its lines, and shipping if it belongs to it.
func (b *basket) addTaxes() error {
	taxes := b.book.Taxes
	if taxes == nil {
		return nil
	}
	to := b.destination()
	for class := range taxes.Classes {
		base := b.pick(func(g *group) bool { return g.class == class })
		ships := b.shipping != nil && b.shippingClass == class
		if ships {
			var err error
			if base, err = product.Add(base, b.shipping.Total); err != nil {
				return tooLarge(err)
			}
			b.weights = append(b.weights, b.shipping.Total)
		}
		if len(b.weights) == 0 {
			continue
		}
		rule, ok := b.book.index.ruleFor(class, to)
		if !ok {
			return &Refusal{"address", RefusalNoTaxRule, fmt.Sprintf("the price book has no tax rule of class %s for %s", taxes.Classes[class].ID, to)}
		}
		sum := order.TaxSum{Class: rule.Class, Country: rule.Country, Region: rule.Region, Rate: rule.Rate, Net: base}
		if taxes.Included {
			sum.Tax = contained(base, rule.Rate)
			sum.Net -= sum.Tax
		} else {
			sum.Tax = portion(base, rule.Rate)
		}
		b.taxes = append(b.taxes, sum)
		b.divideTax(sum.Tax, ships, taxes.Included)
	}
	return nil
}

// divideTax divides a tax among the picked groups and shipping, whose weight is the last.
func (b *basket) divideTax(tax int64, ships, included bool) {
	shares := b.spreader.over(tax, b.weights)
	for j, i := range b.picked {
		b.groups[i].tax = shares[j]
	}
	if !ships {
		return
	}
	s := b.shipping
	s.Tax = shares[len(shares)-1]
	if included {
		s.Net -= s.Tax
	} else {
		s.Total += s.Tax
	}
}

// String names the place in messages.
func (p Place) String() string {
	if p.Region == "" {
		return p.Country
	}
	return p.Country + ", " + p.Region
}

// covers reports whether a line is in the scope of a coupon.
func (s *Scope) covers(l *Line) bool {
	return s.empty() || slices.Contains(s.Products, l.ProductID) ||
		(l.Category != "" && slices.Contains(s.Categories, l.Category)) ||
		slices.ContainsFunc(l.Tags, func(tag string) bool { return slices.Contains(s.Tags, tag) })
}
