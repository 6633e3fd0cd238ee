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
	open order.OpenOrders
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

// wants are what the requests ask for.
func wants(reqs []product.HoldRequest) []product.Want {
	ws := make([]product.Want, len(reqs))
	for i, r := range reqs {
		ws[i] = r.Want()
	}
	return ws
}

// weigh judges the placement as its saga would, in the entity's own words.
func weigh(p order.Placement, reqs []product.HoldRequest, looks []product.Availability, open order.OpenOrders) (sight, error) {
	v := sight{open: open}
	for _, l := range looks {
		v.known = v.known || (l.OwnHold != "" && l.OwnHold != product.HoldStateNone)
		if l.Found && l.Status == product.StatusListed && v.currency == "" { // else a draft could be told by its currency
			v.currency = l.Currency
		}
	}
	holds := make([]product.Hold, len(reqs))
	for i, r := range reqs {
		holds[i] = looks[i].Answer(r, v.currency)
	}
	holding, err := order.Combine(p, holds)
	if err != nil {
		return v, err
	}
	v.shortages = holding.Shortages
	if p.MaxOpenOrders > 0 && open.Count >= p.MaxOpenOrders {
		v.shortages = append(v.shortages, order.Refused(p, product.ReasonTooManyOpenOrders)...)
	}
	if len(v.shortages) == 0 {
		total, err := holding.Total(p)
		if v.total = &total; err != nil {
			v.total = nil
			v.shortages = order.TooLarge(p, order.ReasonAmountTooLarge).Shortages
		}
	}
	return v, nil
}
