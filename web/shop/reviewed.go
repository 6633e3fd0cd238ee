package shop

import (
	"cmp"

	"holdfast/client"
)

// item is a line of the order as the visitor agrees to it.
type item struct {
	Title    string
	Quantity int64
	// Asked is how many the basket has; 0 if the shop's commands added the line.
	Asked int64
	Total int64
}

// items are the lines that the visitor agrees to: those of the basket, as the shop's commands have changed
// them, and those that were added.
func (t tray) items() []item {
	var items []item
	for i, l := range t.Lines {
		items = append(items, item{l.Title, t.quantity(i), l.Quantity, t.sum(i)})
	}
	for _, l := range t.added() {
		items = append(items, item{Title: l.Title, Quantity: l.Quantity, Total: l.Total})
	}
	return items
}

// addedLine is a line that the shop's commands added, such as a gift.
type addedLine struct {
	client.OrderedLine
	UnitPrice, Total int64
}

// added are the lines that the basket doesn't have. They stand behind its own.
func (t tray) added() []addedLine {
	ordered := t.ordered()
	var all []addedLine
	for i := len(t.Lines); i < len(ordered); i++ {
		priced := t.Quote.Lines[i]
		l := addedLine{OrderedLine: ordered[i], UnitPrice: priced.UnitPrice, Total: ordered[i].Quantity * priced.UnitPrice}
		l.Title = cmp.Or(l.Title, l.ProductID)
		if priced.Total != nil {
			l.Total = *priced.Total
		}
		all = append(all, l)
	}
	return all
}

// sentTo is where the order goes, as the shop's commands have completed it.
func (b bill) sentTo() client.Address {
	if b.Quote != nil && b.Quote.Ordered != nil && b.Quote.Ordered.Address != nil {
		return *b.Quote.Ordered.Address
	}
	return b.Address
}
