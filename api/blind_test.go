package api_test

import (
	"context"
	"errors"

	"holdfast/inventory"
	"holdfast/product"
)

// unseen are entities whose availability can't be read in time.
type unseen struct{ *inventory.Store }

func (unseen) Look(context.Context, string, []product.Want) ([]product.Look, error) {
	return nil, errors.New("too slow")
}
