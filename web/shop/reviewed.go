package shop

import (
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

// itemsOf are the lines that the visitor agrees to: those of the basket, as the shop's commands have changed
// them, and those that were added.
func (s *Shop) itemsOf(v *visit, t tray) []item {
	var items []item
	for i, l := range t.Lines {
		items = append(items, item{l.Title, t.quantity(i), l.Quantity, t.sum(i)})
	}
	for i, l := range t.ordered() {
		if i < len(t.Lines) {
			continue
		}
		added := item{Title: s.titleOf(v, l), Quantity: l.Quantity, Total: l.Quantity * t.Quote.Lines[i].UnitPrice}
		if total := t.Quote.Lines[i].Total; total != nil {
			added.Total = *total
		}
		items = append(items, added)
	}
	return items
}

// titleOf is what a line that was added is called. If it can't be asked for, the product's id has to do.
func (s *Shop) titleOf(v *visit, l client.OrderedLine) string {
	o, err := s.read(v, l.ProductID, l.SKU)
	if err != nil {
		return l.ProductID
	}
	return lineOf(o.Product, o.Variants[o.At], 1).Title
}

// sentTo is where the order goes, as the shop's commands have completed it.
func (b bill) sentTo() client.Address {
	if b.Quote != nil && b.Quote.Ordered != nil && b.Quote.Ordered.Address != nil {
		return *b.Quote.Ordered.Address
	}
	return b.Address
}
