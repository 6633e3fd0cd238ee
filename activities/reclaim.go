package activities

import (
	"context"
	"fmt"

	"holdfast/product"
)

// Reclaim holds and sells again what a paid order lost, whatever the current listing and
// price.
type Reclaim struct {
	Stock Stock
}

// ReclaimParams contains forced requests of one try.
type ReclaimParams struct {
	OrderID  string
	Requests []product.HoldRequest
}

// Execute returns the products that can't be had any more.
func (a *Reclaim) Execute(ctx context.Context, p ReclaimParams) (CommitResult, error) {
	answers, err := a.Stock.Hold(ctx, p.Requests)
	if err != nil {
		return CommitResult{}, fmt.Errorf("hold again for paid order %s: %w", p.OrderID, err)
	}
	var held, lost []string
	var holder product.Holder
	for i, h := range answers {
		if h.Outcome == product.HoldMade {
			held, holder = append(held, p.Requests[i].ProductID), p.Requests[i].Holder()
		} else {
			lost = append(lost, p.Requests[i].ProductID)
		}
	}
	if len(held) > 0 {
		states, err := a.Stock.Commit(ctx, holder, held)
		if err != nil {
			return CommitResult{}, fmt.Errorf("commit again for paid order %s: %w", p.OrderID, err)
		}
		lost = append(lost, notCommitted(held, states)...)
	}
	return CommitResult{Lost: lost}, nil
}
