package price_test

import (
	"errors"
	"math/big"
	"slices"
	"strings"

	"holdfast/order"
	"holdfast/price"
)

func (m *model) place() price.Place {
	switch {
	case m.r.Address != nil:
		return price.Place{Country: m.r.Address.Country, Region: strings.ToUpper(strings.TrimSpace(m.r.Address.Region))}
	case m.book.Taxes != nil:
		return m.book.Taxes.Home
	}
	return price.Place{}
}

func (m *model) shipping() error {
	if m.book.Taxes != nil && !order.CountryExists(m.place().Country) {
		return errors.New("unknown_country")
	}
	if len(m.book.ShippingMethods) == 0 && m.r.ShippingMethodID == "" {
		return nil
	}
	var method *price.ShippingMethod
	for i, s := range m.book.ShippingMethods {
		if s.ID == m.r.ShippingMethodID || (m.r.ShippingMethodID == "" && s.Default && s.Currency == m.r.Currency) {
			method = &m.book.ShippingMethods[i]
		}
	}
	switch {
	case method == nil && m.r.ShippingMethodID == "":
		return errors.New("no_shipping_method")
	case method == nil:
		return errors.New("unknown_shipping_method")
	case method.Currency != m.r.Currency,
		len(method.Countries) > 0 && m.place().Country != "" && !slices.Contains(method.Countries, m.place().Country):
		return errors.New("shipping_method_unavailable")
	}
	amount := sum(m.groups)
	s := &order.Shipping{MethodID: method.ID, Title: method.Title}
	for _, b := range method.Brackets {
		if amount >= b.From {
			s.Price = m.round(big.NewInt(b.Price), big.NewInt(1))
		}
	}
	if method.FreeFrom != nil && amount >= *method.FreeFrom {
		s.Price = 0
	}
	m.q.Shipping, s.Net, s.Total = s.Price, s.Price, s.Price
	for _, c := range byCode(m.r.Coupons) {
		if c.Action.FreeShipping && s.Total > 0 {
			s.Adjustments = []order.Adjustment{{Kind: order.AdjustmentCoupon, Source: c.Code, Version: c.Version, Amount: -s.Price}}
			m.q.Discount += s.Price
			s.Net, s.Total = 0, 0
			i := slices.IndexFunc(m.q.Pricing.Coupons, func(q order.QuotedCoupon) bool { return q.Code == c.Code })
			m.q.Pricing.Coupons[i].Amount, m.q.Pricing.Coupons[i].Limited = s.Price, c.Limited
		}
	}
	m.q.Pricing.Shipping = s
	return nil
}

func (m *model) rule(class string) (price.TaxRule, bool) {
	var found price.TaxRule
	ok := false
	for _, r := range m.book.Taxes.Rules {
		if r.Class == class && r.Country == m.place().Country && (strings.ToUpper(r.Region) == m.place().Region || (r.Region == "" && !ok)) {
			found, ok = r, true
		}
	}
	return found, ok
}

func (m *model) taxes() error {
	t := m.book.Taxes
	if t == nil {
		return nil
	}
	m.q.Pricing.TaxIncluded = t.Included
	standard := slices.IndexFunc(t.Classes, func(c price.TaxClass) bool { return c.Default })
	for _, g := range m.groups {
		g.class = slices.IndexFunc(t.Classes, func(c price.TaxClass) bool { return c.Scope != nil && inScope(c.Scope, m.line(g)) })
		if g.class < 0 {
			g.class = standard
		}
	}
	for i, c := range t.Classes {
		if err := m.taxClass(i, c.ID); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) taxClass(i int, class string) error {
	s := m.q.Pricing.Shipping
	var groups []*modelGroup
	var weights []int64
	base := int64(0)
	for _, g := range m.groups {
		if g.class == i {
			groups, weights, base = append(groups, g), append(weights, g.amount), base+g.amount
		}
	}
	ships := s != nil && m.book.ShippingMethods[slices.IndexFunc(m.book.ShippingMethods, func(x price.ShippingMethod) bool { return x.ID == s.MethodID })].TaxClass == class
	if ships {
		weights, base = append(weights, s.Total), base+s.Total
	}
	if len(weights) == 0 {
		return nil
	}
	r, ok := m.rule(class)
	if !ok {
		return errors.New("no_tax_rule")
	}
	tax, net := m.portion(base, r.Rate), base
	if m.book.Taxes.Included {
		tax = m.round(new(big.Int).Mul(big.NewInt(base), big.NewInt(r.Rate)), big.NewInt(10000+r.Rate))
		net -= tax
		m.q.IncludedTax += tax
	} else {
		m.q.Tax += tax
	}
	m.q.Pricing.Taxes = append(m.q.Pricing.Taxes, order.TaxSum{Class: class, Country: r.Country, Region: r.Region, Rate: r.Rate, Net: net, Tax: tax})
	shares := m.divide(tax, weights)
	for j, g := range groups {
		g.tax = shares[j]
	}
	if ships {
		s.Tax = shares[len(shares)-1]
		if m.book.Taxes.Included {
			s.Net -= s.Tax
		} else {
			s.Total += s.Tax
		}
	}
	return nil
}

// lines divides each group among its lines.
func (m *model) lines() {
	for _, g := range m.groups {
		amounts := make([]int64, len(g.lines))
		for j, i := range g.lines {
			amounts[j] = m.r.Lines[i].UnitPrice * m.r.Lines[i].Quantity
		}
		for _, a := range g.adj {
			for j, off := range m.divide(-a.Amount, amounts) {
				if off > 0 {
					a.Amount = -off
					l := &m.q.Lines[g.lines[j]]
					l.Adjustments = append(l.Adjustments, a)
					amounts[j] -= off
				}
			}
		}
		for j, tax := range m.divide(g.tax, amounts) {
			l := &m.q.Lines[g.lines[j]]
			l.Net, l.Tax = amounts[j], tax
			total := amounts[j]
			if m.q.Pricing.TaxIncluded {
				l.Net -= tax
			} else {
				total += tax
			}
			l.Total = &total
		}
	}
}
