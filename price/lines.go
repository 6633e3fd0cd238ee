package price

import "holdfast/order"

// explain gives each group its adjustments, in the order in which they were made.
func (b *basket) explain() {
	from := make([]int, len(b.groups)+1)
	for _, t := range b.taken {
		from[t.group+1]++
	}
	for i := range b.groups {
		from[i+1] += from[i]
	}
	all := make([]order.Adjustment, len(b.taken))
	for i := range b.groups {
		b.groups[i].adjustments = all[from[i]:from[i]:from[i+1]]
	}
	for _, t := range b.taken {
		why := b.reasons[t.reason]
		why.Amount = -t.off
		g := &b.groups[t.group]
		g.adjustments = append(g.adjustments, why)
	}
}

// fillLines divides what was computed for each group among its lines.
func (b *basket) fillLines(lines []order.QuotedLine) {
	totals := make([]int64, len(lines))
	for i := range b.groups {
		g := &b.groups[i]
		members := b.sorted[g.from:g.to]
		if len(members) == 1 {
			b.fill(&lines[members[0]], &totals[members[0]], g.line, g.adjustments, g.amount, g.tax)
			continue
		}
		amounts, of := make([]int64, len(members)), make([][]order.Adjustment, len(members))
		for j, at := range members {
			amounts[j] = g.line.UnitPrice / b.unit * b.r.Lines[at].Quantity
		}
		for _, a := range g.adjustments {
			for j, off := range b.spreader.over(-a.Amount, amounts) {
				if off > 0 {
					a.Amount = -off
					of[j] = append(of[j], a)
					amounts[j] -= off
				}
			}
		}
		taxes := b.spreader.over(g.tax, amounts)
		for j, at := range members {
			b.fill(&lines[at], &totals[at], &b.r.Lines[at], of[j], amounts[j], taxes[j])
		}
	}
}

func (b *basket) fill(to *order.QuotedLine, total *int64, l *Line, adjustments []order.Adjustment, amount, tax int64) {
	to.SKU, to.UnitPrice = l.SKU, l.UnitPrice/b.unit
	if len(adjustments) > 0 {
		to.Adjustments = adjustments
	}
	to.Net, to.Tax, to.Total = amount, tax, total
	*total = amount
	if b.book.Taxes != nil && b.book.Taxes.Included {
		to.Net -= tax
	} else {
		*total += tax
	}
}

// scale turns a quote that was computed in steps of the currency into minor units.
func scale(q *order.Quote, unit int64) {
	amounts(q, func(amount *int64) { *amount *= unit })
}

// amounts visits each amount of a quote.
func amounts(q *order.Quote, visit func(*int64)) {
	adjusted := func(list []order.Adjustment) {
		for i := range list {
			visit(&list[i].Amount)
		}
	}
	for i := range q.Lines {
		l := &q.Lines[i]
		visit(&l.UnitPrice)
		adjusted(l.Adjustments)
		visit(&l.Net)
		visit(&l.Tax)
		if l.Total != nil {
			visit(l.Total)
		}
	}
	for _, a := range []*int64{&q.Items, &q.Discount, &q.Shipping, &q.Tax, &q.IncludedTax, &q.Total} {
		visit(a)
	}
	if q.Pricing == nil {
		return
	}
	for i := range q.Pricing.Coupons {
		visit(&q.Pricing.Coupons[i].Amount)
	}
	if s := q.Pricing.Shipping; s != nil {
		visit(&s.Price)
		adjusted(s.Adjustments)
		visit(&s.Net)
		visit(&s.Tax)
		visit(&s.Total)
	}
	for i := range q.Pricing.Taxes {
		visit(&q.Pricing.Taxes[i].Net)
		visit(&q.Pricing.Taxes[i].Tax)
	}
}
