package inventory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"holdfast/product"
)

// How patient HoldInTurn is. Its caller's step lasts less than a second.
const (
	asks      = 3
	minPause  = 20 * time.Millisecond
	maxPause  = 100 * time.Millisecond
	allPauses = 500 * time.Millisecond
)

// HoldInTurn holds like Hold, but one product after the other, keeping the
// earlier ones: for orders that refused each other by their holds. A product
// that is short only because of other orders' holds is asked up to three times.
// After the first product that refuses for good the others are only asked, so
// that every failing line is named: one that could be held is then answered as
// refused without refusals. When its patience is used up it waits no more and
// holds the rest in one pipeline.
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

// insist asks one product, again while it is worth waiting.
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

// fill asks the products at the positions in one pipeline and puts their
// answers beside those that are there.
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

// contended tells whether the product refused only because of other orders' holds.
func contended(h product.Hold) bool {
	return h.Outcome == product.HoldRefused && len(h.Refusals) > 0 &&
		!slices.ContainsFunc(h.Refusals, func(r product.Refusal) bool { return !r.Contended() })
}
