package inventory_test

import (
	"slices"

	"holdfast/product"
)

// reserve is the model of the script of that name.
func (e *entity) reserve(r product.HoldRequest) (product.Hold, effect) {
	answer := product.Hold{ProductID: e.id}
	h := e.holds[r.OrderID]
	owner := whose(h, r.Holder())
	switch {
	case owner > 0:
		answer.Outcome = product.HoldEnded
		return answer, effect{}
	case h == nil, owner < 0:
	case h.State == product.HoldStateReleased && h.Try >= r.Try, h.State == product.HoldStateHeld && h.Try > r.Try:
		answer.Outcome = product.HoldEnded
		return answer, effect{}
	case h.State == product.HoldStateReleased:
	case !satisfied(h, r):
		answer.Outcome = product.HoldConflict
		return answer, effect{}
	default:
		if h.State == product.HoldStateHeld && h.Try < r.Try {
			h.Try, h.Deadline = r.Try, r.Deadline
		}
		answer.Outcome, answer.Currency, answer.Listing, answer.Items = product.HoldMade, h.Currency, h.Listing, h.Items
		return answer, effect{}
	}
	// What an earlier order with this id still holds is returned first, but only if this
	// one gets what it asks for: a refusal changes nothing.
	var back []product.HeldItem
	if owner < 0 && h.State == product.HoldStateHeld {
		back = h.Items
	}
	for _, it := range back {
		e.ledger[it.SKU].Held -= it.Quantity
	}
	wanted := e.sum(r)
	var charged int64
	if back != nil && h.CustomerID != "" {
		charged = units(back)
		e.buyers[h.CustomerID] -= charged
	}
	if answer.Refusals = e.refusals(r, wanted); len(answer.Refusals) > 0 {
		for _, it := range back {
			e.ledger[it.SKU].Held += it.Quantity
		}
		if charged > 0 {
			e.buyers[h.CustomerID] += charged
		}
		answer.Outcome = product.HoldRefused
		return answer, effect{}
	}
	e.drop(r.OrderID)
	did := effect{kind: "hold.made", order: r.OrderID}
	for _, w := range wanted {
		v, _ := e.variant(w.SKU)
		title := e.now.Title
		if v.Title != "" {
			title += " – " + v.Title
		}
		answer.Items = append(answer.Items, product.HeldItem{SKU: w.SKU, Title: title, Quantity: w.Quantity, Price: v.Price})
		e.ledger[w.SKU].Held += w.Quantity
		did.skus = append(did.skus, w.SKU)
	}
	for _, it := range back {
		if !slices.Contains(did.skus, it.SKU) {
			did.skus = append(did.skus, it.SKU)
		}
	}
	answer.Outcome, answer.Currency, answer.Listing = product.HoldMade, e.now.Currency, e.now.Listing
	e.holds[r.OrderID] = &product.HoldDetail{
		ProductID: e.id, OrderID: r.OrderID, PlacedAt: r.PlacedAt, State: product.HoldStateHeld, Try: r.Try, Listing: e.now.Listing,
		Deadline: r.Deadline, Currency: e.now.Currency, Items: answer.Items,
	}
	if r.MaxCustomerUnits > 0 {
		e.holds[r.OrderID].CustomerID = r.CustomerID
		e.buyers[r.CustomerID] += units(answer.Items)
	}
	return answer, did
}

// sum adds up the lines of each variant, in the order of their first line.
func (e *entity) sum(r product.HoldRequest) []product.Item {
	var sums []product.Item
	for _, l := range r.Lines {
		sku := l.SKU
		if v, ok := e.now.Variant(sku); ok {
			sku = v.SKU
		}
		i := slices.IndexFunc(sums, func(it product.Item) bool { return it.SKU == sku })
		if i < 0 {
			sums = append(sums, product.Item{SKU: sku})
			i = len(sums) - 1
		}
		sums[i].Quantity += l.Quantity
	}
	return sums
}

func (e *entity) refusals(r product.HoldRequest, wanted []product.Item) []product.Refusal {
	if !e.exists {
		return []product.Refusal{{Reason: product.ReasonNotFound}}
	}
	var refused []product.Refusal
	if e.now.Status != product.StatusListed && !r.Force {
		refused = append(refused, product.Refusal{Reason: product.ReasonNotListed})
	}
	if r.Currency != "" && r.Currency != e.now.Currency {
		refused = append(refused, product.Refusal{Reason: product.ReasonOtherCurrency, Currency: e.now.Currency})
	}
	if len(refused) > 0 {
		return refused
	}
	for _, w := range wanted {
		v, ok := e.variant(w.SKU)
		if !ok {
			refused = append(refused, product.Refusal{SKU: w.SKU, Reason: product.ReasonUnknownSKU, Requested: w.Quantity})
			continue
		}
		if !r.Force && slices.ContainsFunc(r.Lines, func(l product.HoldLine) bool {
			asked, found := e.now.Variant(l.SKU)
			return found && asked.SKU == w.SKU && l.Price != product.AnyPrice && l.Price != v.Price
		}) {
			refused = append(refused, product.Refusal{
				SKU: w.SKU, Reason: product.ReasonPriceChanged, Requested: w.Quantity, Price: v.Price,
			})
		}
		if s := e.ledger[w.SKU]; s.Available() < w.Quantity {
			refused = append(refused, product.Refusal{
				SKU: w.SKU, Reason: product.ReasonOutOfStock, Requested: w.Quantity, Available: s.Available(), HeldByOthers: s.Held,
			})
		}
	}
	var units int64
	for _, w := range wanted {
		units += w.Quantity
	}
	limit := r.MaxUnits
	if own := e.now.MaxPerOrder; own > 0 && (limit == 0 || own < limit) {
		limit = own
	}
	if limit > 0 && units > limit && !r.Force {
		refused = append(refused, product.Refusal{Reason: product.ReasonOverLimit, Limit: limit})
	}
	if r.MaxCustomerUnits > 0 && e.buyers[r.CustomerID]+units > r.MaxCustomerUnits && !r.Force {
		refused = append(refused, product.Refusal{Reason: product.ReasonOverCustomerLimit, Limit: r.MaxCustomerUnits})
	}
	return refused
}

func units(items []product.HeldItem) (n int64) {
	for _, it := range items {
		n += it.Quantity
	}
	return n
}

// satisfied reports whether the hold matches the request.
func satisfied(h *product.HoldDetail, r product.HoldRequest) bool {
	if r.Currency != "" && r.Currency != h.Currency {
		return false
	}
	left := map[string]int64{}
	for _, it := range h.Items {
		left[it.SKU] = it.Quantity
	}
	for _, l := range r.Lines {
		i := slices.IndexFunc(h.Items, func(it product.HeldItem) bool {
			return it.SKU == l.SKU || l.SKU == "" && len(h.Items) == 1
		})
		if i < 0 || (!r.Force && l.Price != product.AnyPrice && l.Price != h.Items[i].Price) {
			return false
		}
		left[h.Items[i].SKU] -= l.Quantity
	}
	for _, n := range left {
		if n != 0 {
			return false
		}
	}
	return true
}
