package price

import (
	"slices"

	"holdfast/order"
	"holdfast/product"
)

// Taxes says what is taxed and how much. A destination without a rule can't be ordered to:
// nothing is ever free of tax because a rule is missing.
type Taxes struct {
	// Included reports whether all prices contain the tax. The buyer then pays the same
	// everywhere.
	Included bool `json:"included"`
	// Home is the destination of orders without an address.
	Home Place `json:"home"`
	// Classes, of which one is the default.
	Classes []TaxClass `json:"classes"`
	Rules   []TaxRule  `json:"rules"`
}

// Place is a country, or a region of one.
type Place struct {
	Country string `json:"country"`
	Region  string `json:"region,omitempty"`
}

// TaxClass is a kind of goods that is taxed alike. A line belongs to the first class that
// has it in its scope, otherwise to the default class. A class without a scope that isn't
// the default has no lines; shipping may belong to it.
type TaxClass struct {
	ID      string `json:"id"`
	Scope   *Scope `json:"scope,omitempty"`
	Default bool   `json:"default,omitempty"`
}

// TaxRule is the rate of a class in a country or a region. The rule of a region comes before
// that of its country.
type TaxRule struct {
	Class string `json:"class"`
	Place
	// Rate in basis points.
	Rate int64 `json:"rate"`
}

// folded is the place as rules are found by it: addresses are typed by people.
func (p Place) folded() Place {
	return Place{p.Country, order.FoldRegion(p.Region)}
}

// divides reports whether a country has regions with rules of their own. t may be nil.
func (t *Taxes) divides(country string) bool {
	return t != nil && slices.ContainsFunc(t.Rules, func(r TaxRule) bool { return r.Country == country && r.Region != "" })
}

// class returns the position of a tax class, -1 if there is none.
func (t *Taxes) class(id string) int {
	return slices.IndexFunc(t.Classes, func(c TaxClass) bool { return c.ID == id })
}

// ruleKey finds a rule: by the position of its class, and its folded place.
type ruleKey struct {
	class int
	place Place
}

// ruleFor returns the rule of a class for a folded place.
func (x *index) ruleFor(class int, to Place) (TaxRule, bool) {
	if to.Region != "" {
		if r, ok := x.rules[ruleKey{class, to}]; ok {
			return r, true
		}
	}
	r, ok := x.rules[ruleKey{class, Place{Country: to.Country}}]
	return r, ok
}

func (t *Taxes) check(bad *product.Invalid) {
	if t == nil {
		return
	}
	checkPlace(bad, "taxes.home", t.Home)
	if !t.checkClasses(bad) || tooMany(bad, "taxes.rules", len(t.Rules), MaxTaxRules) {
		return
	}
	seen := map[ruleKey]bool{}
	for i, r := range t.Rules {
		at := indexed("taxes.rules", i)
		class := t.class(r.Class)
		if class < 0 {
			bad.Add(at+".class", "must be one of taxes.classes")
		}
		checkPlace(bad, at, r.Place)
		checkRate(bad, at+".rate", r.Rate, 0)
		key := ruleKey{class, r.folded()}
		if seen[key] {
			bad.Add(at, "is a second rule for the same class, country and region")
		}
		seen[key] = true
	}
	home := t.Home.folded()
	for i, c := range t.Classes {
		if !seen[ruleKey{i, home}] && !seen[ruleKey{i, Place{Country: home.Country}}] {
			bad.Add(indexed("taxes.classes", i), "has no rule for taxes.home: class "+c.ID+" could not be sold there")
		}
	}
}

func checkPlace(bad *product.Invalid, at string, p Place) {
	checkCountry(bad, at+".country", p.Country)
	if p.Region != "" {
		if len(p.Region) > order.MaxFieldBytes || p.folded().Region == "" {
			bad.Add(at+".region", "must be a region as addresses name it")
		}
		product.CheckText(bad, at+".region", p.Region)
	}
}

func (t *Taxes) checkClasses(bad *product.Invalid) bool {
	const list = "taxes.classes"
	if tooMany(bad, list, len(t.Classes), MaxTaxClasses) {
		return false
	}
	seen, defaults := ids{}, 0
	for i := range t.Classes {
		c, at := &t.Classes[i], indexed(list, i)
		seen.check(bad, at+".id", c.ID)
		c.Scope.check(bad, at+".scope", MaxScope)
		if !c.Default {
			continue
		}
		if defaults++; defaults > 1 {
			bad.Add(at+".default", "must not be a second default class")
		}
		if c.Scope != nil {
			bad.Add(at+".scope", "must be left out: the default class has whatever no other class has")
		}
	}
	if defaults == 0 {
		bad.Add(list, "must have a default class")
	}
	return true
}
