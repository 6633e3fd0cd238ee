package activities

import (
	"context"
	"errors"
	"fmt"

	"holdfast/product"
	"holdfast/saga"
)

// DelistedResult reports whether the product was listed again in the meantime.
type DelistedResult struct {
	Relisted bool `json:"relisted,omitempty"`
}

// Delist makes the product refuse every new hold.
type Delist struct {
	Products interface {
		Delist(ctx context.Context, id string, listing int64) error
	}
}

// Execute delists the product, unless it has been listed again since.
func (a *Delist) Execute(ctx context.Context, p saga.Delisting) (DelistedResult, error) {
	err := a.Products.Delist(ctx, p.ProductID, p.Listing)
	switch {
	case errors.Is(err, product.ErrRelisted):
		return DelistedResult{Relisted: true}, nil
	case err != nil:
		return DelistedResult{}, fmt.Errorf("delist product %s: %w", p.ProductID, err)
	}
	return DelistedResult{}, nil
}
