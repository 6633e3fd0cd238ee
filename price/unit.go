package price

import (
	"errors"

	"holdfast/order"
)

// Unit says what one unit costs by itself, for pages that show products: its list price less
// what the member level and item promotions take off, without shipping and without a tax that
// is added. The request has one line of one unit. book may be nil.
func Unit(book *Book, r Request) (price int64, off []order.Adjustment, err error) {
	if len(r.Lines) != 1 || r.Lines[0].Quantity != 1 {
		return 0, nil, errors.New("price: Unit is for one unit")
	}
	if book == nil {
		return r.Lines[0].UnitPrice, nil, nil
	}
	b, err := newBasket(book, &r)
	if err != nil {
		return 0, nil, err
	}
	b.applyLevel()
	b.applyItemPromotions()
	for _, t := range b.taken {
		a := b.reasons[t.reason]
		a.Amount = -t.off * b.unit
		off = append(off, a)
	}
	return b.groups[0].amount * b.unit, off, nil
}
