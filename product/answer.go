package product

// Want returns what an availability read has to cover for the request: each variant once.
func (r HoldRequest) Want() Want {
	w := Want{ProductID: r.ProductID}
	if len(r.Lines) == 1 { // nearly always
		w.SKUs = []string{r.Lines[0].SKU}
		return w
	}
	seen := make(map[string]bool, len(r.Lines))
	for _, l := range r.Lines {
		if !seen[l.SKU] {
			seen[l.SKU] = true
			w.SKUs = append(w.SKUs, l.SKU)
		}
	}
	return w
}

// Answer is the answer of a product in this state to the request of an order that holds
// nothing of it yet: first reasons that concern the whole product, then each variant with
// the sum of its lines. An order in another currency is refused; "" accepts any. This is
// the rule of inventory's reserve.lua, which decides; here it only spares hopeless orders
// the attempt. It doesn't apply to requests that force their hold.
func (l Availability) Answer(r HoldRequest, currency string) Hold {
	h := Hold{ProductID: r.ProductID, Outcome: HoldRefused, Currency: l.Currency}
	switch {
	case !l.Found:
		h.Refusals = append(h.Refusals, Refusal{Reason: ReasonNotFound})
		return h
	case l.Status != StatusListed:
		h.Refusals = append(h.Refusals, Refusal{Reason: ReasonNotListed})
	}
	if currency != "" && l.Currency != currency {
		h.Refusals = append(h.Refusals, Refusal{Reason: ReasonOtherCurrency, Currency: l.Currency})
	}
	if len(h.Refusals) > 0 {
		return h
	}
	var units int64 // all variants together
	for _, a := range l.asked(r) {
		units += a.quantity
		h.Refusals = a.refuse(h.Refusals)
		h.Items = append(h.Items, HeldItem{SKU: a.look.SKU, Title: a.look.Title, Quantity: a.quantity, Price: a.look.Price})
	}
	if most := lowerLimit(r.MaxUnits, l.MaxPerOrder); most > 0 && units > most {
		h.Refusals = append(h.Refusals, Refusal{Reason: ReasonOverLimit, Limit: most})
	}
	for i, held := range []int64{l.CustomerHeld, l.WideHeld} {
		if most := LimitOf(r.MaxCustomerUnits, i); most > 0 && held+units > most {
			h.Refusals = append(h.Refusals, Refusal{Reason: ReasonOverCustomerLimit, Limit: most})
			break
		}
	}
	if len(h.Refusals) == 0 {
		h.Outcome = HoldMade
	}
	return h
}

// lowerLimit returns the lower of two limits; 0 means no limit.
func lowerLimit(a, b int64) int64 {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}

// askedVariant is the sum of a request's lines of one variant.
type askedVariant struct {
	look     SKUAvailability
	quantity int64
	// moved means that the buyer saw another price.
	moved bool
}

// asked sums up the lines of each variant, in the order of their first line.
func (l Availability) asked(r HoldRequest) []askedVariant {
	if len(r.Lines) == 1 {
		return []askedVariant{{l.SKUs[0], r.Lines[0].Quantity, r.Lines[0].moved(l.SKUs[0])}}
	}
	looks := make(map[string]SKUAvailability, len(l.SKUs))
	for i, sku := range r.Want().SKUs {
		looks[sku] = l.SKUs[i]
	}
	var all []askedVariant
	at := make(map[string]int, len(l.SKUs))
	for _, line := range r.Lines {
		look := looks[line.SKU] // by its own name, or by none if the product has only one variant
		i, ok := at[look.SKU]
		if !ok {
			i = len(all)
			at[look.SKU] = i
			all = append(all, askedVariant{look: look})
		}
		all[i].quantity += line.Quantity
		all[i].moved = all[i].moved || line.moved(look)
	}
	return all
}

func (l HoldLine) moved(look SKUAvailability) bool {
	return l.Price != AnyPrice && l.Price != look.Price
}

func (a askedVariant) refuse(refusals []Refusal) []Refusal {
	r := Refusal{SKU: a.look.SKU, Requested: a.quantity}
	if !a.look.Known {
		r.Reason = ReasonUnknownSKU
		return append(refusals, r)
	}
	if a.moved {
		moved := r
		moved.Reason, moved.Price = ReasonPriceChanged, a.look.Price
		refusals = append(refusals, moved)
	}
	if available := a.look.Stock.Available(); available < a.quantity {
		r.Reason, r.Available, r.HeldByOthers = ReasonOutOfStock, available, a.look.Stock.Held
		refusals = append(refusals, r)
	}
	return refusals
}
