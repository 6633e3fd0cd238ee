package api_test

import (
	"context"

	"holdfast/api"
	"holdfast/order"
	"holdfast/product"
	"holdfast/quoting"
)

// plenty is a read, a moment ago, that saw plenty of everything.
type plenty struct{ api.Quoting }

func (p plenty) Look(ctx context.Context, a quoting.Ask) (quoting.Seen, error) {
	seen, err := p.Quoting.Look(ctx, a)
	for i := range seen.Products {
		l := &seen.Products[i]
		l.CustomerHeld, l.MaxPerOrder = 0, 0
		for j := range l.SKUs {
			l.SKUs[j].Stock = product.Stock{OnHand: product.MaxStock}
		}
	}
	seen.Open = order.OpenOrders{}
	return seen, err
}
