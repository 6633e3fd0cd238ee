package price

import (
	"slices"
	"strconv"

	"holdfast/product"
)

// ShippingMethod is a way to send orders. Its price depends on what the order costs after
// all discounts.
type ShippingMethod struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	// Countries that it serves; an empty list means all.
	Countries []string `json:"countries,omitempty"`
	Currency  string   `json:"currency"`
	// Brackets by the order's amount, the first from 0.
	Brackets []Bracket `json:"brackets"`
	// FreeFrom is the amount from which shipping is free; nil means never.
	FreeFrom *int64 `json:"freeFrom,omitempty"`
	// TaxClass is required if the book has taxes.
	TaxClass string `json:"taxClass,omitempty"`
	// Default is the method of orders that choose none. Each currency has one.
	Default bool `json:"default,omitempty"`
}

// Bracket is the price of shipping for orders from an amount on.
type Bracket struct {
	From  int64 `json:"from"`
	Price int64 `json:"price"`
}

// Serves reports whether the method is for this country. An unknown country is "".
func (m *ShippingMethod) Serves(country string) bool {
	return country == "" || len(m.Countries) == 0 || slices.Contains(m.Countries, country)
}

// price returns what shipping an order of this amount costs.
func (m *ShippingMethod) price(amount int64) int64 {
	if m.FreeFrom != nil && amount >= *m.FreeFrom {
		return 0
	}
	price := int64(0)
	for _, b := range m.Brackets {
		if amount >= b.From {
			price = b.Price
		}
	}
	return price
}

// method returns the shipping method of an order; nil if the book has none at all.
func (b *Book) method(id, currency, country string) (*ShippingMethod, error) {
	if id == "" && len(b.ShippingMethods) == 0 {
		return nil, nil
	}
	const path = "shippingMethodId"
	i := slices.IndexFunc(b.ShippingMethods, func(m ShippingMethod) bool {
		return m.ID == id || (id == "" && m.Default && m.Currency == currency)
	})
	switch {
	case i < 0 && id == "":
		return nil, &Refusal{path, RefusalNoMethod, "no shipping method is in " + currency}
	case i < 0:
		return nil, &Refusal{path, RefusalUnknownMethod, "the price book has no such shipping method"}
	}
	m := &b.ShippingMethods[i]
	switch {
	case m.Currency != currency:
		return nil, &Refusal{path, RefusalMethodUnavailable, "the shipping method is for orders in " + m.Currency + ", not in " + currency}
	case !m.Serves(country):
		return nil, &Refusal{path, RefusalMethodUnavailable, "the shipping method " + m.ID + " does not serve " + country}
	}
	return m, nil
}

func (b *Book) checkShipping(bad *product.Invalid) {
	const list = "shippingMethods"
	if tooMany(bad, list, len(b.ShippingMethods), MaxShippingMethods) {
		return
	}
	seen, defaults := ids{}, map[string]int{}
	for i := range b.ShippingMethods {
		m, at := &b.ShippingMethods[i], indexed(list, i)
		seen.check(bad, at+".id", m.ID)
		checkTitle(bad, at+".title", m.Title)
		checkNames(bad, at+".countries", m.Countries, MaxCountries, checkCountry)
		checkCurrency(bad, at+".currency", m.Currency)
		m.checkBrackets(bad, at)
		switch {
		case b.Taxes == nil && m.TaxClass != "":
			bad.Add(at+".taxClass", "names a tax class, but the book has no taxes")
		case b.Taxes != nil && b.Taxes.class(m.TaxClass) < 0:
			bad.Add(at+".taxClass", "must be one of taxes.classes")
		}
		if m.Default {
			if defaults[m.Currency]++; defaults[m.Currency] > 1 {
				bad.Add(at+".default", "must not be a second default for "+m.Currency)
			}
		}
	}
	for i, m := range b.ShippingMethods {
		if _, ok := defaults[m.Currency]; !ok {
			defaults[m.Currency] = 0
			bad.Add(indexed(list, i)+".default", "must be true for one of the methods in "+m.Currency)
		}
	}
}

func (m *ShippingMethod) checkBrackets(bad *product.Invalid, at string) {
	if len(m.Brackets) == 0 {
		bad.Add(at+".brackets", "must have 1 to "+strconv.Itoa(MaxBrackets))
		return
	}
	if tooMany(bad, at+".brackets", len(m.Brackets), MaxBrackets) {
		return
	}
	for i, b := range m.Brackets {
		path := indexed(at+".brackets", i)
		checkAmount(bad, path+".price", b.Price, 0)
		switch {
		case i == 0 && b.From != 0:
			bad.Add(path+".from", "must be 0 in the first bracket, so that every order has a price")
		case i > 0 && b.From <= m.Brackets[i-1].From:
			bad.Add(path+".from", "must be above that of the bracket before: brackets must not overlap")
		case i > 0 && m.FreeFrom != nil && b.From >= *m.FreeFrom:
			bad.Add(path+".from", "must be below freeFrom, from which shipping is free")
		}
		checkAmount(bad, path+".from", b.From, 0)
	}
	if m.FreeFrom != nil {
		checkAmount(bad, at+".freeFrom", *m.FreeFrom, 0)
	}
}
