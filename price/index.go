package price

import (
	"cmp"
	"slices"
	"strconv"
)

// index is a book prepared for quotes: each of a line's names is looked up once, instead of
// once per scope.
type index struct {
	// item and order are the promotions in the order in which they apply.
	item, order []scoped
	// classes have the bits of the tax classes, in the book's order.
	classes      []int
	defaultClass int
	rules        map[ruleKey]TaxRule
	// levels are the numbers of the levels as text, as adjustments name them.
	levels []string

	everything                   scopes
	byCategory, byTag, byProduct map[string]scopes
}

// scoped is a promotion with the bit of its scope.
type scoped struct {
	*Promotion
	bit int
}

// scopes is a set of scopes: those of two lists of MaxPromotions promotions, and of
// MaxTaxClasses classes.
type scopes [4]uint64

func (s *scopes) has(bit int) bool { return s[bit/64]&(1<<(bit%64)) != 0 }
func (s *scopes) set(bit int)      { s[bit/64] |= 1 << (bit % 64) }

func (s *scopes) add(other scopes) {
	for i := range s {
		s[i] |= other[i]
	}
}

func newIndex(b *Book) *index {
	x := &index{byCategory: map[string]scopes{}, byTag: map[string]scopes{}, byProduct: map[string]scopes{}, rules: map[ruleKey]TaxRule{}}
	for i := range b.Levels {
		x.levels = append(x.levels, strconv.Itoa(b.Levels[i].Number))
	}
	bit := 0
	x.item = x.promotions(b.ItemPromotions, &bit)
	x.order = x.promotions(b.OrderPromotions, &bit)
	if b.Taxes == nil {
		return x
	}
	for i := range b.Taxes.Classes {
		c := &b.Taxes.Classes[i]
		x.classes = append(x.classes, bit)
		x.cover(c.Scope, bit)
		bit++
		if c.Default {
			x.defaultClass = i
		}
	}
	for _, r := range b.Taxes.Rules {
		x.rules[ruleKey{b.Taxes.class(r.Class), r.folded()}] = r
	}
	return x
}

func (x *index) promotions(list []Promotion, bit *int) []scoped {
	all := make([]scoped, len(list))
	for i := range list {
		all[i] = scoped{&list[i], *bit}
		if list[i].Scope.empty() {
			x.everything.set(*bit)
		}
		x.cover(list[i].Scope, *bit)
		*bit++
	}
	slices.SortFunc(all, func(a, b scoped) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func (x *index) cover(s *Scope, bit int) {
	if s == nil {
		return
	}
	for _, l := range []struct {
		names []string
		by    map[string]scopes
	}{{s.Categories, x.byCategory}, {s.Tags, x.byTag}, {s.Products, x.byProduct}} {
		for _, name := range l.names {
			b := l.by[name]
			b.set(bit)
			l.by[name] = b
		}
	}
}

// scopesOf returns the scopes that cover a line.
func (x *index) scopesOf(l *Line) scopes {
	all := x.everything
	if len(x.byCategory) > 0 {
		all.add(x.byCategory[l.Category])
	}
	if len(x.byProduct) > 0 {
		all.add(x.byProduct[l.ProductID])
	}
	if len(x.byTag) > 0 {
		for _, tag := range l.Tags {
			all.add(x.byTag[tag])
		}
	}
	return all
}

// classOf returns the position of the tax class of what these scopes cover.
func (x *index) classOf(of scopes) int {
	for i, bit := range x.classes {
		if of.has(bit) {
			return i
		}
	}
	return x.defaultClass
}
