package order

import (
	"cmp"
	"slices"
)

// GiftForOrder is the Line.GiftFor of a gift that is given with the order as a whole.
const GiftForOrder = "order"

// For returns the Line.GiftFor of the gift; g may be nil.
func (g *Gift) For() string {
	if g == nil {
		return ""
	}
	return cmp.Or(g.Cause, GiftForOrder)
}

// withGifts adds to units that are about to leave the order, or to come back, the gifts that go
// with them: those of lines of which nothing else remains. remain is how many units of a line the
// buyer keeps without that, and could how many of a gift can go; what was asked for explicitly
// isn't added twice.
func (o *Order) withGifts(units []LineUnits, remain, could func(lineID string) int64) []LineUnits {
	asked := map[string]int64{}
	for _, u := range units {
		asked[u.LineID] += u.Quantity
	}
	gone := func(l Line) bool { return remain(l.ID) <= asked[l.ID] }
	all := slices.Clone(units)
	for _, g := range o.Lines {
		left := could(g.ID) - asked[g.ID]
		if g.GiftFor == "" || left <= 0 {
			continue
		}
		kept := slices.ContainsFunc(o.Lines, func(l Line) bool {
			return l.GiftFor == "" && (g.GiftFor == l.ID || g.GiftFor == GiftForOrder) && !gone(l)
		})
		touched := g.GiftFor == GiftForOrder || asked[g.GiftFor] > 0
		if !kept && touched {
			all = append(all, LineUnits{LineID: g.ID, Quantity: left})
		}
	}
	return all
}

// left returns how many units of a line are still part of the order.
func (f *Fulfilment) left(lineID string) int64 { return f.line(lineID).left() }

// kept returns how many units of a line are part of the order, and of no return.
func (f *Fulfilment) kept(lineID string) int64 { return f.left(lineID) - f.returned(lineID) }

// cancelledWith adds the gifts that are cancelled with units, as far as they aren't packed.
func (o *Order) cancelledWith(units []LineUnits) []LineUnits {
	var all []LineUnits
	for _, u := range o.withGifts(units, o.left, o.left) {
		if !slices.ContainsFunc(units, func(asked LineUnits) bool { return asked.LineID == u.LineID }) {
			u.Quantity = min(u.Quantity, o.Open(u.LineID))
		}
		if u.Quantity > 0 {
			all = append(all, u)
		}
	}
	return all
}

// OpenGifts returns the gifts that aren't packed and go with units that are lost.
func (o *Order) OpenGifts(units []LineUnits) (gifts []LineUnits) {
	for _, u := range o.withGifts(units, o.left, o.left)[len(units):] {
		if u.Quantity = min(u.Quantity, o.Open(u.LineID)); u.Quantity > 0 {
			gifts = append(gifts, u)
		}
	}
	return gifts
}

// Cancelled returns the removal with the gifts that are cancelled with its units.
func (o *Order) Cancelled(m Removal) Removal {
	if o.HasGifts() && o.known(m.Lines) {
		m.Lines = o.cancelledWith(m.Lines)
	}
	return m
}

// SentBack returns the return with the gifts that come back with its units. early means that a gift comes
// back although units that it was given for are still on their way, as earlier versions had it.
func (o *Order) SentBack(r Return, early bool) Return {
	if !o.HasGifts() {
		return r
	}
	remain := o.kept
	if early {
		remain = o.Returnable
	}
	var units []LineUnits
	for _, l := range r.Lines {
		units = append(units, l.LineUnits)
	}
	if !o.known(units) {
		return r
	}
	r.Lines = slices.Clone(r.Lines)
	for _, u := range o.withGifts(units, remain, o.Returnable)[len(units):] {
		r.Lines = append(r.Lines, ReturnLine{LineUnits: u, Reason: "gift"})
	}
	return r
}

// HasGifts reports whether a line was given.
func (o *Order) HasGifts() bool {
	return slices.ContainsFunc(o.Lines, func(l Line) bool { return l.GiftFor != "" })
}

// known reports whether the order has all these lines.
func (o *Order) known(units []LineUnits) bool {
	return !slices.ContainsFunc(units, func(u LineUnits) bool {
		return !slices.ContainsFunc(o.Lines, func(l Line) bool { return l.ID == u.LineID })
	})
}
