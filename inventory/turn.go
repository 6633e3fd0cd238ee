package inventory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/product"
)

// How patient HoldInTurn is. Its caller's step takes less than a second.
const (
	asks      = 3
	minPause  = 20 * time.Millisecond
	maxPause  = 100 * time.Millisecond
	allPauses = 500 * time.Millisecond
)

// HoldInTurn is Hold for orders that blocked each other by their holds: it asks one product
// after the other, keeping the earlier holds. A product that is short only because of other
// orders' holds is asked up to three times. After the first final refusal the remaining
// products are only asked, so that every failing line is named: a product that could hold
// then answers as refused without refusals. When its patience is used up it stops waiting
// and holds the rest in one pipeline.
func (s *Store) HoldInTurn(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error) {
	order, err := inProductOrder(reqs)
	if err != nil {
		return nil, fmt.Errorf("hold in turn: %w", err)
	}
	patience := time.Now().Add(allPauses)
	holds := make([]product.Hold, len(reqs))
	for i, at := range order {
		if time.Now().After(patience) {
			return s.fill(ctx, reqs, holds, order[i:], false)
		}
		hold, err := s.insist(ctx, reqs[at], patience)
		if err != nil {
			return nil, fmt.Errorf("hold in turn: %w", err)
		}
		holds[at] = hold
		if hold.Outcome != product.HoldMade {
			return s.fill(ctx, reqs, holds, order[i+1:], true)
		}
	}
	return holds, nil
}

// insist asks one product, and again while waiting may help.
func (s *Store) insist(ctx context.Context, req product.HoldRequest, patience time.Time) (product.Hold, error) {
	for ask := 1; ; ask++ {
		holds, err := s.reserve(ctx, []product.HoldRequest{req}, []int{0}, false)
		if err != nil {
			return product.Hold{}, err
		}
		pause := minPause + rand.N(maxPause-minPause) //nolint:gosec // jitter
		if !contended(holds[0]) || ask == asks || time.Now().Add(pause).After(patience) {
			return holds[0], nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return product.Hold{}, fmt.Errorf("wait for the other orders of product %s: %w", req.ProductID, ctx.Err())
		case <-timer.C:
		}
	}
}

// fill asks the products at the positions in one pipeline and adds their answers to holds.
func (s *Store) fill(ctx context.Context, reqs []product.HoldRequest, holds []product.Hold, positions []int, askOnly bool) ([]product.Hold, error) {
	rest, err := s.reserve(ctx, reqs, positions, askOnly)
	if err != nil {
		return nil, fmt.Errorf("hold in turn: %w", err)
	}
	for _, at := range positions {
		holds[at] = rest[at]
	}
	return holds, nil
}

// contended reports whether the product refused only because of other orders' holds.
func contended(h product.Hold) bool {
	return h.Outcome == product.HoldRefused && len(h.Refusals) > 0 &&
		!slices.ContainsFunc(h.Refusals, func(r product.Refusal) bool { return !r.Contended() })
}
