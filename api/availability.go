package api

import (
	"context"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// lookTimeout bounds the availability read: with the stock out of reach an
// order is taken late rather than lost.
const lookTimeout = 200 * time.Millisecond

// sight is what the availability read tells of a placement.
type sight struct {
	// shortages name every line that can't be had now.
	shortages []order.Shortage
	// currency and total as far as they are known; total is nil where it isn't.
	currency string
	total    *int64
	// open orders of the customer, where they are limited.
	open product.Open
	// known: the order of this placement has a hold, or had one.
	known bool
}

// look reads once what the placement's products have. It asks for the order's
// own holds only where the order may be there already.
func (s *Server) look(ctx context.Context, p order.Placement, keyed bool) (sight, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	reqs := p.HoldRequests(1, s.cfg.Now())
	var buyer product.Buyer
	if keyed {
		buyer.OrderID = p.OrderID
	}
	if p.MaxOpenOrders > 0 || p.MaxCustomerUnits > 0 {
		buyer.CustomerID, buyer.Units = p.CustomerID, p.MaxCustomerUnits > 0
	}
	looks, open, err := s.cfg.Products.Look(ctx, buyer, wants(reqs))
	if err != nil {
		return sight{}, err
	}
	return weigh(p, reqs, looks, open)
}

// wants names each variant of a product once.
func wants(reqs []product.HoldRequest) []product.Want {
	ws := make([]product.Want, len(reqs))
	for i, r := range reqs {
		ws[i].ProductID = r.ProductID
		if len(r.Lines) == 1 {
			ws[i].SKUs = []string{r.Lines[0].SKU}
			continue
		}
		seen := make(map[string]bool, len(r.Lines))
		for _, l := range r.Lines {
			if !seen[l.SKU] {
				seen[l.SKU] = true
				ws[i].SKUs = append(ws[i].SKUs, l.SKU)
			}
		}
	}
	return ws
}

// weigh judges the placement as its saga would, in the entity's own words.
func weigh(p order.Placement, reqs []product.HoldRequest, looks []product.Look, open product.Open) (sight, error) {
	v := sight{open: open}
	for _, l := range looks {
		v.known = v.known || (l.OwnHold != "" && l.OwnHold != product.NoHold)
		if l.Found && l.Status == product.Listed && v.currency == "" { // else a draft could be told by its currency
			v.currency = l.Currency
		}
	}
	holds := make([]product.Hold, len(reqs))
	for i, r := range reqs {
		holds[i] = answer(r, looks[i], v.currency)
	}
	holding, err := order.Combine(p, holds)
	if err != nil {
		return v, err
	}
	v.shortages = holding.Shortages
	if p.MaxOpenOrders > 0 && open.Orders >= p.MaxOpenOrders {
		v.shortages = append(v.shortages, order.Refused(p, product.TooManyOpen)...)
	}
	if len(v.shortages) == 0 {
		v.total = total(p, holding)
		if v.total == nil {
			v.shortages = order.TooLarge(p, order.AmountTooLarge).Shortages
		}
	}
	return v, nil
}

// total is what the lines come to, nil where that doesn't fit.
func total(p order.Placement, h order.Holding) *int64 {
	var sum int64
	for i, l := range p.Lines {
		amount, err := product.Multiply(h.Items[i].Price, l.Quantity)
		if err == nil {
			sum, err = product.Add(sum, amount)
		}
		if err != nil {
			return nil
		}
	}
	return &sum
}

// answer says what an entity that looks so would answer to the request: first
// what concerns the product, then each variant with the sum of its lines.
func answer(r product.HoldRequest, l product.Look, currency string) product.Hold {
	h := product.Hold{ProductID: r.ProductID, Outcome: product.HoldRefused, Currency: l.Currency}
	switch {
	case !l.Found:
		h.Refusals = append(h.Refusals, product.Refusal{Reason: product.NotFound})
		return h
	case l.Status != product.Listed:
		h.Refusals = append(h.Refusals, product.Refusal{Reason: product.NotListed})
	}
	if currency != "" && l.Currency != currency {
		h.Refusals = append(h.Refusals, product.Refusal{Reason: product.OtherCurrency, Currency: l.Currency})
	}
	if len(h.Refusals) > 0 {
		return h
	}
	var units int64 // all variants together
	for _, w := range sum(r, l) {
		units += w.quantity
		h.Refusals = w.refuse(h.Refusals)
		h.Items = append(h.Items, product.HeldItem{SKU: w.look.SKU, Quantity: w.quantity, Price: w.look.Price})
	}
	if most := least(r.MaxUnits, l.MaxPerOrder); most > 0 && units > most {
		h.Refusals = append(h.Refusals, product.Refusal{Reason: product.OverLimit, Limit: most})
	}
	if most := r.MaxCustomerUnits; most > 0 && l.CustomerHeld+units > most {
		h.Refusals = append(h.Refusals, product.Refusal{Reason: product.OverCustomerLimit, Limit: most})
	}
	if len(h.Refusals) == 0 {
		h.Outcome = product.HoldMade
	}
	return h
}

// least is the lower one of two limits, of which 0 is none.
func least(a, b int64) int64 {
	if a == 0 || (b > 0 && b < a) {
		return b
	}
	return a
}

// wanted is the sum of an order's lines of one variant.
type wanted struct {
	look     product.SKULook
	quantity int64
	// moved: a line saw another price.
	moved bool
}

func sum(r product.HoldRequest, l product.Look) []wanted {
	if len(r.Lines) == 1 { // nearly always
		line := r.Lines[0]
		moved := line.Price != product.AnyPrice && line.Price != l.SKUs[0].Price
		return []wanted{{look: l.SKUs[0], quantity: line.Quantity, moved: moved}}
	}
	asked := make(map[string]product.SKULook, len(l.SKUs))
	for i, sku := range wants([]product.HoldRequest{r})[0].SKUs {
		asked[sku] = l.SKUs[i]
	}
	var ws []wanted
	at := make(map[string]int, len(l.SKUs))
	for _, line := range r.Lines {
		look := asked[line.SKU]
		i, ok := at[look.SKU]
		if !ok {
			i = len(ws)
			at[look.SKU] = i
			ws = append(ws, wanted{look: look})
		}
		ws[i].quantity += line.Quantity
		ws[i].moved = ws[i].moved || (line.Price != product.AnyPrice && line.Price != look.Price)
	}
	return ws
}

func (w wanted) refuse(refusals []product.Refusal) []product.Refusal {
	r := product.Refusal{SKU: w.look.SKU, Requested: w.quantity}
	if !w.look.Known {
		r.Reason = product.UnknownSKU
		return append(refusals, r)
	}
	if w.moved {
		moved := r
		moved.Reason, moved.Price = product.PriceChanged, w.look.Price
		refusals = append(refusals, moved)
	}
	if available := w.look.Stock.Available(); available < w.quantity {
		r.Reason, r.Available, r.HeldByOthers = product.Short, available, w.look.Stock.Held
		refusals = append(refusals, r)
	}
	return refusals
}
