package shop

import (
	"sync"
	"time"

	"holdfast/client"
)

const (
	// priceAge is how long visitors without a session see the same price: they all are one guest.
	priceAge = 10 * time.Second
	// mostPrices bounds the prices that are kept.
	mostPrices = 5000
)

// prices keeps what single units cost those who only look around.
type prices struct {
	mu  sync.Mutex
	all map[client.PriceItem]keptPrice
	now func() time.Time
}

type keptPrice struct {
	price client.UnitPrice
	until time.Time
}

func newPrices(now func() time.Time) *prices {
	return &prices{all: map[client.PriceItem]keptPrice{}, now: now}
}

// of returns what units cost the visitor, as far as it is known. A list price is not wrong, only not the
// best: a page is shown without the others if they can't be asked for.
func (p *prices) of(v *visit, items []client.PriceItem) map[client.PriceItem]client.UnitPrice {
	found := make(map[client.PriceItem]client.UnitPrice, len(items))
	unknown := items
	shared := v.Session() == nil
	if shared {
		unknown = p.kept(items, found)
	}
	if len(unknown) == 0 {
		return found
	}
	c, err := v.Buyer(false)
	if err != nil {
		return found
	}
	list, err := c.Prices(v.R.Context(), "", unknown)
	if err != nil {
		return found
	}
	for _, u := range list {
		// The request may have left the sku out.
		for _, item := range []client.PriceItem{{ProductID: u.ProductID, SKU: u.SKU}, {ProductID: u.ProductID}} {
			found[item] = u
		}
	}
	if shared {
		p.keep(unknown, found)
	}
	return found
}

func (p *prices) kept(items []client.PriceItem, into map[client.PriceItem]client.UnitPrice) (unknown []client.PriceItem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for _, item := range items {
		if k, ok := p.all[item]; ok && now.Before(k.until) {
			into[item] = k.price
		} else {
			unknown = append(unknown, item)
		}
	}
	return unknown
}

func (p *prices) keep(items []client.PriceItem, found map[client.PriceItem]client.UnitPrice) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.all)+len(items) > mostPrices {
		clear(p.all)
	}
	until := p.now().Add(priceAge)
	for _, item := range items {
		if u, ok := found[item]; ok {
			p.all[item] = keptPrice{u, until}
		}
	}
}
