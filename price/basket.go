package price

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"holdfast/order"
	"holdfast/product"
)

// basket is an order while it is quoted. Its amounts count steps of the currency, so that
// whatever is rounded keeps the step.
type basket struct {
	book *Book
	r    *Request
	unit int64
	// sorted are the positions of the lines, ordered by product, sku, price and quantity.
	// Whatever is divided among lines goes by this order.
	sorted []int
	groups []group
	items  int64
	// taken is what was taken off the groups so far, and reasons why.
	taken   []taken
	reasons []order.Adjustment
	// takenBytes is the least that taken can come to in the quote as JSON.
	takenBytes int
	coupons    []usedCoupon
	// shipping is nil if the book has no methods.
	shipping      *order.Shipping
	shippingClass int
	taxes         []order.TaxSum

	spreader spreader
	// picked are positions of groups, and weights what they cost.
	picked  []int
	weights []int64
}

// group is all lines of the same sku at the same price: b.sorted[from:to]. Amounts are
// rounded for the group, so that dividing a line in two changes nothing.
type group struct {
	from, to int
	line     *Line // the first of them
	quantity int64
	// amount is the running amount, tax what was found for it.
	amount, tax int64
	scopes      scopes
	class       int
	// stopped keeps later item promotions away.
	stopped bool
	// adjustments are set at the end.
	adjustments []order.Adjustment
}

// taken is something that was taken off a group, for one of the basket's reasons.
type taken struct {
	group, reason int32
	off           int64
}

// usualReasons is for how many reasons memory is prepared.
const usualReasons = 12

func newBasket(book *Book, r *Request) (*basket, error) {
	b := &basket{book: book, r: r, unit: max(r.Step, 1), sorted: make([]int, len(r.Lines)), groups: make([]group, 0, len(r.Lines))}
	for i := range b.sorted {
		b.sorted[i] = i
	}
	slices.SortStableFunc(b.sorted, func(i, j int) int { return compare(&r.Lines[i], &r.Lines[j]) })
	reasons := min(1+len(book.index.item)+len(book.index.order)+len(r.Coupons)+len(r.Commands), usualReasons)
	b.reasons, b.taken = make([]order.Adjustment, 0, reasons), make([]taken, 0, reasons*len(r.Lines))
	b.picked, b.weights = make([]int, 0, len(r.Lines)), make([]int64, 0, len(r.Lines)+1)
	for at, i := range b.sorted {
		l := &r.Lines[i]
		if l.UnitPrice%b.unit != 0 {
			return nil, &Refusal{fmt.Sprintf("lines[%d].unitPrice", i), RefusalNotChargeable, fmt.Sprintf("the price %d %s is not a multiple of %d, as payments must be", l.UnitPrice, r.Currency, b.unit)}
		}
		amount, err := product.Multiply(l.UnitPrice/b.unit, l.Quantity)
		if err == nil {
			b.items, err = product.Add(b.items, amount)
		}
		if err != nil {
			return nil, tooLarge(err)
		}
		if at == 0 || !sameTerms(l, b.groups[len(b.groups)-1].line) {
			b.groups = append(b.groups, book.index.group(l, at))
		}
		g := &b.groups[len(b.groups)-1]
		g.to = at + 1
		g.quantity += l.Quantity
		g.amount += amount
	}
	if _, err := product.Multiply(b.items, b.unit); err != nil {
		return nil, tooLarge(err)
	}
	return b, nil
}

func compare(a, b *Line) int {
	if c := cmp.Compare(a.ProductID, b.ProductID); c != 0 {
		return c
	}
	if c := cmp.Compare(a.SKU, b.SKU); c != 0 {
		return c
	}
	if c := cmp.Compare(a.UnitPrice, b.UnitPrice); c != 0 {
		return c
	}
	return cmp.Or(compareGifts(a.Gift, b.Gift), cmp.Compare(a.Quantity, b.Quantity))
}

// compareGifts puts lines that are paid for before those that are given away.
func compareGifts(a, b *order.Gift) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Or(cmp.Compare(a.Command, b.Command), cmp.Compare(a.Version, b.Version))
}

// group returns the group that begins with a line. No promotion covers a gift.
func (x *index) group(l *Line, at int) group {
	scopes := x.scopesOf(l)
	g := group{from: at, line: l, scopes: scopes, class: x.classOf(scopes)}
	if l.Gift != nil {
		g.scopes = [4]uint64{}
	}
	return g
}

func sameTerms(a, b *Line) bool {
	return a.ProductID == b.ProductID && a.SKU == b.SKU && a.UnitPrice == b.UnitPrice && compareGifts(a.Gift, b.Gift) == 0
}

// because notes why something is about to be taken off.
func (b *basket) because(kind order.AdjustmentKind, source string, version int64) {
	b.reasons = append(b.reasons, order.Adjustment{Kind: kind, Source: source, Version: version})
}

// take takes something off a group for the last reason; nothing is left out.
func (b *basket) take(at int, off int64) {
	if off > 0 {
		b.groups[at].amount -= off
		why := &b.reasons[len(b.reasons)-1]
		b.takenBytes += leastAdjustmentBytes + len(why.Kind) + len(why.Source)
		b.taken = append(b.taken, taken{int32(at), int32(len(b.reasons) - 1), off}) //nolint:gosec // thousands at most
	}
}

// pick chooses groups, and returns what they cost together.
func (b *basket) pick(covers func(*group) bool) int64 {
	b.picked, b.weights = b.picked[:0], b.weights[:0]
	sum := int64(0)
	for i := range b.groups {
		if g := &b.groups[i]; covers(g) {
			b.picked, b.weights = append(b.picked, i), append(b.weights, g.amount)
			sum += g.amount
		}
	}
	return sum
}

// takeFrom divides what is taken off among groups.
func (b *basket) takeFrom(groups []int, off int64) {
	if off <= 0 {
		return
	}
	b.weights = b.weights[:0]
	for _, i := range groups {
		b.weights = append(b.weights, b.groups[i].amount)
	}
	for j, share := range b.spreader.over(off, b.weights) {
		b.take(groups[j], share)
	}
}

func (b *basket) applyLevel() {
	l := b.book.level(b.r.Level)
	if l == nil {
		return
	}
	b.because(order.AdjustmentLevel, b.book.index.levels[l.Number-1], b.book.Version.Number)
	for i := range b.groups {
		b.take(i, portion(b.groups[i].amount, l.Discount))
	}
}

// fits reports whether the quote may still be small enough. Two thousand lines with two hundred
// promotions each are not worked out only to be refused.
func (b *basket) fits() bool { return b.takenBytes <= order.MaxQuoteBytes }

func (b *basket) applyItemPromotions() {
	for _, p := range b.book.index.item {
		if !b.fits() {
			return
		}
		if _, ok := b.qualifies(p); !ok {
			continue
		}
		b.because(order.AdjustmentItemPromotion, p.ID, b.book.Version.Number)
		for _, i := range b.picked {
			if g := &b.groups[i]; !g.stopped {
				b.take(i, b.off(p.Action, g.amount, g.quantity))
				g.stopped = p.Stop
			}
		}
	}
}

func (b *basket) applyOrderPromotions() {
	for _, p := range b.book.index.order {
		if !b.fits() {
			return
		}
		sum, ok := b.qualifies(p)
		if !ok {
			continue
		}
		b.because(order.AdjustmentOrderPromotion, p.ID, b.book.Version.Number)
		b.takeFrom(b.picked, b.off(p.Action, sum, 1))
		if p.Stop {
			return
		}
	}
}

// qualifies picks the groups in a promotion's scope. It returns what they cost, and whether
// the promotion applies to them.
func (b *basket) qualifies(p scoped) (sum int64, ok bool) {
	if !p.applies(b.r.At, b.r.Currency) {
		return 0, false
	}
	sum = b.pick(func(g *group) bool { return g.scopes.has(p.bit) })
	return sum, len(b.picked) > 0 && b.reaches(p.Minimum, sum)
}

// reaches reports whether a sum is at least a minimum. Both are in the order's currency.
func (b *basket) reaches(minimum *Money, sum int64) bool {
	return minimum == nil || sum*b.unit >= minimum.Amount
}

// off returns what an action takes off an amount: all of it at most. A fixed amount is taken
// off as often as there are units.
func (b *basket) off(a Action, amount, units int64) int64 {
	if a.Rate != 0 {
		return portion(amount, a.Rate)
	}
	off, err := product.Multiply(b.steps(a.Amount), units)
	if err != nil {
		off = math.MaxInt64
	}
	return min(off, amount)
}

// steps returns an amount of the price book or of a coupon in steps, rounded half up.
func (b *basket) steps(amount int64) int64 { return (amount + b.unit/2) / b.unit }
