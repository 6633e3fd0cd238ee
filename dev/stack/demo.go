package stack

import (
	"context"
	"fmt"

	"holdfast/dev/demo"
	"holdfast/inventory"
)

// putDemo puts the demo products into the shop before the first request can arrive.
func (s *Stack) putDemo(ctx context.Context) (func(context.Context) error, error) {
	if s.opts.WithoutHoldfast || s.opts.Demo == "" || s.opts.Demo == demo.Off {
		return nothing, nil
	}
	products, err := demo.Load(s.opts.Demo)
	if err != nil {
		return nil, err
	}
	if _, err := demo.Fill(ctx, inventory.New(s.redis), products); err != nil {
		return nil, fmt.Errorf("put the demo products: %w", err)
	}
	s.DemoProducts = len(products)
	return nothing, nil
}
