package api_test

import (
	"context"
	"errors"

	"holdfast/inventory"
	"holdfast/product"
)

// unseen are entities whose availability can't be read in time.
type unseen struct{ *inventory.Store }

func (unseen) Look(context.Context, product.Buyer, []product.Want) ([]product.Look, product.Open, error) {
	return nil, product.Open{}, errors.New("too slow")
}
