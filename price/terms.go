package price

import (
	"strconv"
	"time"

	"holdfast/product"
)

// Scope says which lines a promotion, a coupon or a tax class is for: those whose category,
// product or one of whose tags is listed. An empty scope of a promotion or a coupon covers
// every line.
type Scope struct {
	Categories []string `json:"categories,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	Products   []string `json:"products,omitempty"`
}

func (s *Scope) empty() bool {
	return s == nil || len(s.Categories)+len(s.Tags)+len(s.Products) == 0
}

func (s *Scope) check(bad *product.Invalid, path string, most int) {
	if s == nil {
		return
	}
	if s.empty() {
		bad.Add(path, "must name a category, a tag or a product, or be left out")
	}
	checkNames(bad, path+".categories", s.Categories, most, checkTitle)
	checkNames(bad, path+".tags", s.Tags, most, checkTitle)
	checkNames(bad, path+".products", s.Products, most, func(bad *product.Invalid, path, id string) {
		if !product.ValidID(id) {
			bad.Add(path, "must match [A-Za-z0-9._~-]{1,64}")
		}
	})
}

// checkNames checks each name of a list, which must have each only once.
func checkNames(bad *product.Invalid, path string, names []string, most int, check func(bad *product.Invalid, path, name string)) {
	if tooMany(bad, path, len(names), most) {
		return
	}
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		at := indexed(path, i)
		check(bad, at, name)
		if seen[name] {
			bad.Add(at, "appears twice")
		}
		seen[name] = true
	}
}

// Money is an amount in minor units of a currency.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func (m *Money) check(bad *product.Invalid, path string) {
	if m == nil {
		return
	}
	checkAmount(bad, path+".amount", m.Amount, 1)
	checkCurrency(bad, path+".currency", m.Currency)
}

// Window is when terms hold: from StartsAt, before EndsAt. A zero time is no bound.
type Window struct {
	StartsAt time.Time `json:"startsAt,omitzero"`
	EndsAt   time.Time `json:"endsAt,omitzero"`
}

// started reports whether the window has begun.
func (w Window) started(at time.Time) bool { return w.StartsAt.IsZero() || !at.Before(w.StartsAt) }

// ended reports whether the window is over.
func (w Window) ended(at time.Time) bool { return !w.EndsAt.IsZero() && !at.Before(w.EndsAt) }

func (w Window) check(bad *product.Invalid, path string) {
	checkTime(bad, path+"startsAt", w.StartsAt)
	checkTime(bad, path+"endsAt", w.EndsAt)
	if !w.StartsAt.IsZero() && !w.EndsAt.IsZero() && !w.EndsAt.After(w.StartsAt) {
		bad.Add(path+"endsAt", "must be after startsAt")
	}
}

// checkTime refuses what has no year of four digits in UTC, because RFC 3339 can't write it.
func checkTime(bad *product.Invalid, path string, at time.Time) {
	if year := at.UTC().Year(); year < 1 || year > 9999 {
		bad.Add(path, "must lie in the years 1 to 9999 in UTC")
	}
}

// Action is what a promotion or a coupon takes off: a share of the running amount, or a
// fixed amount.
type Action struct {
	// Rate in basis points.
	Rate int64 `json:"rate,omitempty"`
	// Amount in minor units of Currency.
	Amount   int64  `json:"amount,omitempty"`
	Currency string `json:"currency,omitempty"`
	// FreeShipping, which only coupons have, takes off the price of shipping.
	FreeShipping bool `json:"freeShipping,omitempty"`
}

// check requires exactly one kind of action.
func (a Action) check(bad *product.Invalid, path string, coupon bool) {
	kinds, allowed := 0, "rate or amount"
	if coupon {
		allowed = "rate, amount or freeShipping"
	}
	if a.Rate != 0 {
		kinds++
		checkRate(bad, path+".rate", a.Rate, 1)
	}
	if a.Amount != 0 {
		kinds++
		checkAmount(bad, path+".amount", a.Amount, 1)
		checkCurrency(bad, path+".currency", a.Currency)
	} else if a.Currency != "" {
		bad.Add(path+".currency", "belongs to an amount")
	}
	if a.FreeShipping {
		kinds++
		if !coupon {
			bad.Add(path+".freeShipping", "is for coupons only; shipping methods have freeFrom")
		}
	}
	if kinds != 1 {
		bad.Add(path, "must have one of "+allowed)
	}
}

// Promotion reduces the price of lines or of a whole order, for every buyer. A fixed amount
// is per unit in an item promotion, and once in an order promotion.
type Promotion struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Scope *Scope `json:"scope,omitempty"`
	// Minimum is what the lines in the scope must still cost.
	Minimum *Money `json:"minimum,omitempty"`
	Window
	// Priority says in which order promotions apply: the smallest first, then by id.
	Priority int `json:"priority,omitempty"`
	// Stop keeps later promotions of the list away: from the lines that an item promotion
	// reduced, from the whole order after an order promotion.
	Stop   bool   `json:"stop,omitempty"`
	Action Action `json:"action"`
}

// applies reports whether the promotion is for orders at this time in this currency.
func (p *Promotion) applies(at time.Time, currency string) bool {
	return p.started(at) && !p.ended(at) && inCurrency(currency, p.Minimum, p.Action)
}

// inCurrency reports whether the amounts of terms are in a currency, or there are none.
func inCurrency(currency string, minimum *Money, a Action) bool {
	return (minimum == nil || minimum.Currency == currency) && (a.Amount == 0 || a.Currency == currency)
}

func checkPromotions(bad *product.Invalid, path string, promotions []Promotion) {
	if tooMany(bad, path, len(promotions), MaxPromotions) {
		return
	}
	seen := ids{}
	for i := range promotions {
		p, at := &promotions[i], indexed(path, i)
		seen.check(bad, at+".id", p.ID)
		checkTitle(bad, at+".title", p.Title)
		if p.Priority < -maxPriority || p.Priority > maxPriority {
			bad.Add(at+".priority", "must lie between -"+strconv.Itoa(maxPriority)+" and "+strconv.Itoa(maxPriority))
		}
		checkTerms(bad, at+".", p.Scope, p.Minimum, p.Window, p.Action, false)
	}
}

// checkTerms checks what promotions and coupons have in common.
func checkTerms(bad *product.Invalid, at string, s *Scope, minimum *Money, w Window, a Action, coupon bool) {
	most := MaxScope
	if coupon {
		most = MaxCouponScope
	}
	s.check(bad, at+"scope", most)
	minimum.check(bad, at+"minimum")
	w.check(bad, at)
	a.check(bad, at+"action", coupon)
	if minimum != nil && a.Amount != 0 && a.Currency != minimum.Currency {
		bad.Add(at+"minimum.currency", "must be that of the action's amount")
	}
}
