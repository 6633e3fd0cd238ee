package worker

import (
	"context"
	"time"

	"holdfast/coupons"
	"holdfast/inventory"
	"holdfast/product"
)

// overdue is the sweeper's list of what may have outlived its order: the buckets of holds
// first, then those of claims on coupons.
type overdue struct {
	holds  *inventory.Store
	claims *coupons.Store
}

func (o overdue) Buckets() int { return o.holds.Buckets() + o.claims.Buckets() }

func (o overdue) Overdue(ctx context.Context, before time.Time, behind map[int]string, limit int) (map[int]product.HoldPage, error) {
	first := o.holds.Buckets()
	holds, claims := map[int]string{}, map[int]string{}
	for b, cursor := range behind {
		if b < first {
			holds[b] = cursor
		} else {
			claims[b-first] = cursor
		}
	}
	pages, err := o.holds.Overdue(ctx, before, holds, limit)
	if err != nil {
		return nil, err
	}
	more, err := o.claims.Overdue(ctx, before, claims, limit)
	if err != nil {
		return nil, err
	}
	for b, page := range more {
		pages[first+b] = page
	}
	return pages, nil
}
