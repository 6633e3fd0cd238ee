package api_test

import (
	"context"

	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
)

// plenty are entities of which the gateway read, a moment ago, that there is plenty of everything.
type plenty struct{ *inventory.Store }

func (p plenty) Look(ctx context.Context, buyer product.Buyer, wants []product.Want) ([]product.Availability, order.OpenOrders, error) {
	looks, _, err := p.Store.Look(ctx, buyer, wants)
	for i := range looks {
		looks[i].CustomerHeld, looks[i].MaxPerOrder = 0, 0
		for j := range looks[i].SKUs {
			looks[i].SKUs[j].Stock = product.Stock{OnHand: product.MaxStock}
		}
	}
	return looks, order.OpenOrders{}, err
}
