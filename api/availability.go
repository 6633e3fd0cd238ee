package api

import (
	"context"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/quoting"
)

// availabilityTimeout limits the availability read. Without it an order can't be quoted.
const availabilityTimeout = 2 * time.Second

// availability is the result of the availability read for a placement.
type availability struct {
	// shortages lists every line that can't be fulfilled now.
	shortages []order.Shortage
	currency  string
	// seen is what was read; its products are in the order of the placement's hold requests.
	seen quoting.Seen
	// items are the prices of the placement's lines, one for one, if there are no shortages.
	items []order.PricedItem
	// known reports whether the order of this placement has or had a hold.
	known bool
}

// readAvailability reads the availability of all the placement's products at once. It asks for the
// order's own holds only if the order may already exist.
func (s *Server) readAvailability(ctx context.Context, p placing, keyed bool) (availability, error) {
	return s.readAvailabilityIn(ctx, p, keyed, "")
}

// readAvailabilityIn is readAvailability for an order in a currency; without one it is that of its products.
func (s *Server) readAvailabilityIn(ctx context.Context, p placing, keyed bool, currency string) (availability, error) {
	ctx, cancel := context.WithTimeout(ctx, availabilityTimeout)
	defer cancel()
	reqs := p.HoldRequests(1, s.cfg.Now())
	var buyer product.Buyer
	if keyed {
		buyer.OrderID = p.OrderID
	}
	if p.MaxOpenOrders > 0 || p.MaxCustomerUnits > 0 {
		buyer.CustomerID = p.CustomerID
	}
	buyer.Network = p.Network
	if reqs[0].MaxCustomerUnits > 0 {
		buyer.UnitsOf = reqs[0].Buyer()
	}
	seen, err := s.cfg.Quoting.Look(ctx, quoting.Ask{
		Buyer: buyer, Wants: wants(reqs), Terms: true, CustomerID: p.CustomerID, AddressID: p.addressID, Codes: p.couponCodes,
	})
	if err != nil {
		return availability{}, err
	}
	return weigh(p.Placement, reqs, seen, currency)
}

// wants returns what the requests ask for.
func wants(reqs []product.HoldRequest) []product.Want {
	ws := make([]product.Want, len(reqs))
	for i, r := range reqs {
		ws[i] = r.Want()
	}
	return ws
}

// weigh decides about the placement as its saga would, with the entity's own rules.
func weigh(p order.Placement, reqs []product.HoldRequest, seen quoting.Seen, currency string) (availability, error) {
	v := availability{seen: seen, currency: currency}
	for _, l := range seen.Products {
		v.known = v.known || (l.OwnHold != "" && l.OwnHold != product.HoldStateNone)
		if l.Found && l.Status == product.StatusListed && v.currency == "" { // else the currency would reveal a draft
			v.currency = l.Currency
		}
	}
	holds := make([]product.Hold, len(reqs))
	for i, r := range reqs {
		holds[i] = seen.Products[i].Answer(r, v.currency)
	}
	holding, err := order.Combine(p, holds)
	if err != nil {
		return v, err
	}
	v.shortages = holding.Shortages
	if p.MaxOpenOrders > 0 && seen.Open.Count >= p.MaxOpenOrders {
		v.shortages = append(v.shortages, order.Refused(p, product.ReasonTooManyOpenOrders)...)
	}
	if full, _, _ := seen.Open.FullNetwork(p.MaxNetworkOrders); full {
		v.shortages = append(v.shortages, order.Refused(p, product.ReasonTooManyNetworkOrders)...)
	}
	v.items = holding.Items
	return v, nil
}
