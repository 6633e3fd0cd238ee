package inventory

import (
	"context"
	"fmt"

	"holdfast/product"
	"holdfast/redisdb"
)

// Commit sells what the order holds of each product, in one pipeline, and returns the state
// of each hold: committed now or before, released (too late), or none.
func (s *Store) Commit(ctx context.Context, h product.Holder, productIDs []string) ([]product.HoldState, error) {
	states, err := s.settle(ctx, h, productIDs, commitScript)
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return states, nil
}

// Release gives back what the order holds of each product and ends all its tries up to try,
// including those still in flight: if there is no hold, it leaves a mark. It returns the
// state of each hold: released, committed (too late), or held if a newer try holds.
func (s *Store) Release(ctx context.Context, h product.Holder, try int, productIDs []string, reason string) ([]product.HoldState, error) {
	if try < 1 {
		return nil, fmt.Errorf("release order %s: try %d is below 1", h.OrderID, try)
	}
	states, err := s.settle(ctx, h, productIDs, releaseScript, try, reason, rememberSeconds)
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	return states, nil
}

// settle runs a script that ends the order's hold of each product.
func (s *Store) settle(ctx context.Context, h product.Holder, productIDs []string, script *redisdb.Script, args ...any) ([]product.HoldState, error) {
	if err := validIDs(append([]string{h.OrderID}, productIDs...)...); err != nil {
		return nil, err
	}
	if len(productIDs) == 0 {
		return nil, nil
	}
	calls := make([]redisdb.Call, len(productIDs))
	for i, id := range productIDs {
		calls[i] = redisdb.Call{
			Script: script, Keys: holdKeys(id, h.OrderID),
			Args: append([]any{id, h.OrderID, placed(h.PlacedAt)}, args...),
		}
	}
	states := make([]product.HoldState, len(productIDs))
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		state, err := answer.Text()
		if err != nil {
			return nil, fmt.Errorf("product %s of order %s: %w", productIDs[i], h.OrderID, err)
		}
		states[i] = product.HoldState(state)
	}
	return states, nil
}
