package activities

import (
	"context"
	"fmt"

	"holdfast/order"
	"holdfast/product"
)

// Commit sells what an order holds and records the order as paid.
type Commit struct {
	Stock   Stock
	Records Records
}

// CommitParams carries the order as it will be once its units are sold.
type CommitParams struct {
	Order    order.Order
	Payments map[string]order.Attempt
}

// CommitResult names the products that no longer held anything for the order, because Redis
// lost the hold or it was released. In that case nothing was recorded.
type CommitResult struct {
	Lost []string `json:"lost,omitempty"`
}

// Execute commits every product.
func (a *Commit) Execute(ctx context.Context, p CommitParams) (CommitResult, error) {
	ids := p.Order.ProductIDs()
	states, err := a.Stock.Commit(ctx, p.Order.Holder(), ids)
	if err != nil {
		return CommitResult{}, fmt.Errorf("commit stock of order %s: %w", p.Order.ID, err)
	}
	if lost := notCommitted(ids, states); len(lost) > 0 {
		return CommitResult{Lost: lost}, nil
	}
	if err := record(ctx, a.Records, &p.Order, p.Payments); err != nil {
		return CommitResult{}, fmt.Errorf("record order %s as paid: %w", p.Order.ID, err)
	}
	return CommitResult{}, nil
}

func notCommitted(ids []string, states []product.HoldState) []string {
	var lost []string
	for i, s := range states {
		if s != product.HoldStateCommitted {
			lost = append(lost, ids[i])
		}
	}
	return lost
}
