package price_test

import (
	"cmp"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"holdfast/order"
	"holdfast/price"
)

// model computes a quote as docs/prices.md describes it, with fractions of any size and
// without the shortcuts of package price.
type model struct {
	book   *price.Book // nil if there is none
	r      price.Request
	step   int64
	groups []*modelGroup
	q      order.Quote
}

type modelGroup struct {
	lines  []int // by quantity
	amount int64
	tax    int64
	class  int
	closed bool
	adj    []order.Adjustment
}

// roundUp returns numerator/denominator, rounded half up to a multiple of the step.
func (m *model) round(numerator, denominator *big.Int) int64 {
	exact := new(big.Rat).SetFrac(numerator, new(big.Int).Mul(denominator, big.NewInt(m.step)))
	exact.Add(exact, big.NewRat(1, 2))
	return new(big.Int).Quo(exact.Num(), exact.Denom()).Int64() * m.step
}

func (m *model) portion(amount, rate int64) int64 {
	return m.round(new(big.Int).Mul(big.NewInt(amount), big.NewInt(rate)), big.NewInt(10000))
}

// divide divides an amount by largest remainder, in steps.
func (m *model) divide(amount int64, weights []int64) []int64 {
	all := new(big.Int)
	for _, w := range weights {
		all.Add(all, big.NewInt(w))
	}
	shares, rests, left := make([]int64, len(weights)), make([]*big.Int, len(weights)), amount/m.step
	if all.Sign() == 0 {
		return shares
	}
	for i, w := range weights {
		whole, rest := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(amount/m.step), big.NewInt(w)), all, new(big.Int))
		shares[i], rests[i] = whole.Int64()*m.step, rest
		left -= whole.Int64()
	}
	for ; left > 0; left-- {
		best := -1
		for i, rest := range rests {
			if rest != nil && (best < 0 || rest.Cmp(rests[best]) > 0) {
				best = i
			}
		}
		shares[best] += m.step
		rests[best] = nil
	}
	return shares
}

func inScope(s *price.Scope, l price.Line) bool {
	if s == nil {
		return true
	}
	for _, tag := range l.Tags {
		if slices.Contains(s.Tags, tag) {
			return true
		}
	}
	return slices.Contains(s.Products, l.ProductID) || slices.Contains(s.Categories, l.Category)
}

func modelQuote(book *price.Book, r price.Request) (order.Quote, error) {
	m := &model{book: book, r: r, step: max(r.Step, 1)}
	m.q = order.Quote{Currency: r.Currency, Lines: make([]order.QuotedLine, len(r.Lines))}
	for i, l := range r.Lines {
		m.q.Lines[i] = order.QuotedLine{SKU: l.SKU, UnitPrice: l.UnitPrice}
		m.q.Items += l.UnitPrice * l.Quantity
	}
	if book == nil && len(r.Coupons) == 0 && len(r.Commands) == 0 && !slices.ContainsFunc(r.Lines, func(l price.Line) bool { return l.Gift != nil }) {
		m.q.Total = m.q.Items
		return m.q, m.chargeable()
	}
	m.q.Pricing = &order.Pricing{QuotedAt: r.At, Level: r.Level}
	if book == nil {
		m.book = &price.Book{}
	} else {
		m.q.Pricing.Book = &book.Version
	}
	m.pricedFor()
	if r.Step > 1 {
		m.q.Pricing.Step = r.Step
	}
	m.group()
	m.gifts()
	m.level()
	m.promotions()
	if err := m.coupons(); err != nil {
		return m.q, err
	}
	m.commands()
	if err := m.shipping(); err != nil {
		return m.q, err
	}
	if err := m.taxes(); err != nil {
		return m.q, err
	}
	m.lines()
	m.q.Total = m.q.Items - m.q.Discount + m.q.Shipping + m.q.Tax
	return m.q, m.chargeable()
}

func (m *model) chargeable() error {
	if (m.q.Total > 0 && m.q.Total < m.r.Smallest) || m.q.Total%m.step != 0 {
		return errors.New("not_chargeable")
	}
	return nil
}

// pricedFor is the destination, if anything depends on it.
func (m *model) pricedFor() {
	if m.book.Taxes == nil && len(m.book.ShippingMethods) == 0 {
		return
	}
	to := order.Destination{}
	if m.book.Taxes != nil {
		to = order.Destination{Country: m.book.Taxes.Home.Country, Region: m.book.Taxes.Home.Region}
	}
	if a := m.r.Address; a != nil {
		to = order.Destination{Country: a.Country, Region: a.Region}
	}
	to.Region = strings.ToUpper(strings.TrimSpace(to.Region))
	to.AnyRegion = true
	if m.book.Taxes != nil {
		for _, r := range m.book.Taxes.Rules {
			to.AnyRegion = to.AnyRegion && (r.Region == "" || r.Country != to.Country)
		}
	}
	m.q.Pricing.Destination = &to
}

func (m *model) group() {
	type key struct {
		product, sku string
		price        int64
		gift         string
	}
	of := map[key][]int{}
	var keys []key
	for i, l := range m.r.Lines {
		k := key{l.ProductID, l.SKU, l.UnitPrice, ""}
		if l.Gift != nil {
			k.gift = l.Gift.Command
		}
		if of[k] == nil {
			keys = append(keys, k)
		}
		of[k] = append(of[k], i)
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(strings.Compare(a.product, b.product), strings.Compare(a.sku, b.sku), cmp.Compare(a.price, b.price), strings.Compare(a.gift, b.gift))
	})
	for _, k := range keys {
		g := &modelGroup{lines: of[k]}
		slices.SortStableFunc(g.lines, func(i, j int) int { return cmp.Compare(m.r.Lines[i].Quantity, m.r.Lines[j].Quantity) })
		for _, i := range g.lines {
			g.amount += k.price * m.r.Lines[i].Quantity
		}
		m.groups = append(m.groups, g)
	}
}

func (m *model) line(g *modelGroup) price.Line { return m.r.Lines[g.lines[0]] }

func (m *model) reduce(g *modelGroup, off int64, why order.Adjustment) {
	if off == 0 {
		return
	}
	g.amount -= off
	m.q.Discount += off
	why.Amount = -off
	g.adj = append(g.adj, why)
}

func (m *model) gifts() {
	for _, g := range m.groups {
		if gift := m.line(g).Gift; gift != nil {
			m.reduce(g, g.amount, order.Adjustment{Kind: order.AdjustmentGift, Source: gift.Command, Version: gift.Version})
		}
	}
}

func (m *model) commands() {
	for _, c := range m.r.Commands {
		var groups []*modelGroup
		for _, g := range m.covered(nil) {
			if c.Line < 0 || slices.Contains(g.lines, c.Line) {
				groups = append(groups, g)
			}
		}
		off := min(m.round(big.NewInt(c.Amount), big.NewInt(1)), sum(groups))
		m.spread(groups, off, order.Adjustment{Kind: order.AdjustmentCommand, Source: c.ID, Version: c.Version})
	}
}

func (m *model) level() {
	n := min(m.r.Level, len(m.book.Levels))
	if n == 0 {
		return
	}
	for _, g := range m.groups {
		m.reduce(g, m.portion(g.amount, m.book.Levels[n-1].Discount), order.Adjustment{
			Kind: order.AdjustmentLevel, Source: strconv.Itoa(n), Version: m.book.Version.Number,
		})
	}
}

func sum(groups []*modelGroup) int64 {
	all := int64(0)
	for _, g := range groups {
		all += g.amount
	}
	return all
}

func (m *model) covered(s *price.Scope) []*modelGroup {
	var all []*modelGroup
	for _, g := range m.groups {
		if m.line(g).Gift == nil && inScope(s, m.line(g)) {
			all = append(all, g)
		}
	}
	return all
}

func (m *model) open(w price.Window) bool {
	return (w.StartsAt.IsZero() || !m.r.At.Before(w.StartsAt)) && (w.EndsAt.IsZero() || m.r.At.Before(w.EndsAt))
}

func (m *model) currencyFits(minimum *price.Money, a price.Action) bool {
	return (minimum == nil || minimum.Currency == m.r.Currency) && (a.Currency == "" || a.Currency == m.r.Currency)
}

// off is what an action takes off an amount.
func (m *model) off(a price.Action, amount, units int64) int64 {
	if a.Rate > 0 {
		return m.portion(amount, a.Rate)
	}
	return min(amount, units*m.round(big.NewInt(a.Amount), big.NewInt(1)))
}

func (m *model) promotions() {
	byPriority := func(list []price.Promotion) []price.Promotion {
		return slices.SortedFunc(slices.Values(list), func(a, b price.Promotion) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.ID, b.ID))
		})
	}
	applies := func(p price.Promotion) bool {
		groups := m.covered(p.Scope)
		return m.open(p.Window) && m.currencyFits(p.Minimum, p.Action) && len(groups) > 0 &&
			(p.Minimum == nil || sum(groups) >= p.Minimum.Amount)
	}
	for _, p := range byPriority(m.book.ItemPromotions) {
		if !applies(p) {
			continue
		}
		for _, g := range m.covered(p.Scope) {
			units := int64(0)
			for _, i := range g.lines {
				units += m.r.Lines[i].Quantity
			}
			if !g.closed {
				m.reduce(g, m.off(p.Action, g.amount, units), order.Adjustment{Kind: order.AdjustmentItemPromotion, Source: p.ID, Version: m.book.Version.Number})
				g.closed = p.Stop
			}
		}
	}
	for _, p := range byPriority(m.book.OrderPromotions) {
		if !applies(p) {
			continue
		}
		groups := m.covered(p.Scope)
		m.spread(groups, m.off(p.Action, sum(groups), 1), order.Adjustment{Kind: order.AdjustmentOrderPromotion, Source: p.ID, Version: m.book.Version.Number})
		if p.Stop {
			break
		}
	}
}

func (m *model) spread(groups []*modelGroup, off int64, why order.Adjustment) {
	weights := make([]int64, len(groups))
	for i, g := range groups {
		weights[i] = g.amount
	}
	for i, share := range m.divide(off, weights) {
		m.reduce(groups[i], share, why)
	}
}

func (m *model) coupons() error {
	before := map[string]int64{}
	for _, c := range m.r.Coupons {
		groups := m.covered(c.Scope)
		before[c.Code] = sum(groups)
		switch {
		case !c.EndsAt.IsZero() && !m.r.At.Before(c.EndsAt):
			return errors.New("expired")
		case m.r.At.Before(c.StartsAt):
			return errors.New("not_started")
		case !m.currencyFits(c.Minimum, c.Action):
			return errors.New("currency")
		case len(groups) == 0:
			return errors.New("scope")
		case c.Minimum != nil && before[c.Code] < c.Minimum.Amount:
			return errors.New("minimum")
		}
	}
	for _, rates := range []bool{true, false} {
		for _, c := range byCode(m.r.Coupons) {
			if c.Action.FreeShipping || (c.Action.Rate > 0) != rates {
				continue
			}
			groups := m.covered(c.Scope)
			off := m.off(c.Action, sum(groups), 1)
			m.spread(groups, off, order.Adjustment{Kind: order.AdjustmentCoupon, Source: c.Code, Version: c.Version})
			m.used(c, off)
		}
	}
	for _, c := range byCode(m.r.Coupons) {
		if c.Action.FreeShipping {
			m.used(c, 0)
		}
	}
	return nil
}

func byCode(coupons []price.Coupon) []price.Coupon {
	return slices.SortedFunc(slices.Values(coupons), func(a, b price.Coupon) int { return strings.Compare(a.Code, b.Code) })
}

func (m *model) used(c price.Coupon, off int64) {
	m.q.Pricing.Coupons = append(m.q.Pricing.Coupons, order.QuotedCoupon{Code: c.Code, Version: c.Version, Amount: off, Limited: c.Limited && off > 0})
}
