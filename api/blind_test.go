package api_test

import (
	"context"
	"errors"

	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
)

// unseen are entities whose availability can't be read in time.
type unseen struct{ *inventory.Store }

func (unseen) Look(context.Context, product.Buyer, []product.Want) ([]product.Availability, order.OpenOrders, error) {
	return nil, order.OpenOrders{}, errors.New("too slow")
}
