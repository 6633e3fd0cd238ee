package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"holdfast/dev/bench/load"
)

// turnTaker is a stack that takes turns, with its costs so far.
type turnTaker struct {
	name         string
	stack        *child
	shop         *shop
	elapsed, cpu time.Duration
	orders       int64
}

// printTurns lets the stack that has many orders and one that has none take orders by
// turns. If the machine's speed changes meanwhile, it changes for both, unlike in a
// comparison of the first minute with the last.
func (b *growthBench) printTurns(ctx context.Context, out report, grown *child, s *shop) error {
	stack, err := newChild(b.Program, filepath.Join(b.Data, "fresh"))
	if err != nil {
		return err
	}
	if _, err := stack.start(ctx); err != nil {
		return err
	}
	defer stack.kill()
	empty, err := newShop(stack.url(), "", 2*b.C)
	if err != nil {
		return err
	}
	if err := empty.product(ctx, "bench", 10_000_000); err != nil {
		return err
	}
	old := &turnTaker{name: fmt.Sprintf("after %d orders", b.Warm+b.Orders), stack: grown, shop: s}
	fresh := &turnTaker{name: "fresh", stack: stack, shop: empty}
	if err := (&turnTaker{stack: stack, shop: empty}).take(ctx, b.Warm, b.C); err != nil {
		return err
	}
	for turn := range b.Turns {
		order := []*turnTaker{old, fresh}
		if turn%2 == 1 { // neither is always the first
			order = []*turnTaker{fresh, old}
		}
		for _, c := range order {
			if err := c.take(ctx, b.Turn, b.C); err != nil {
				return fmt.Errorf("turn %d, %s: %w", turn+1, c.name, err)
			}
		}
	}
	out.printf("\n| by %d turns of %d orders | orders/s | CPU an order |\n|---|---:|---:|\n", b.Turns, b.Turn)
	for _, c := range []*turnTaker{old, fresh} {
		out.printf("| %s | %.1f | %.1f ms |\n", c.name, c.perSecond(), ms(c.cpu/time.Duration(c.orders)))
	}
	out.printf("| ratio, to reach 0.95 | %.2f | %.2f |\n", old.perSecond()/fresh.perSecond(), float64(old.cpu)/float64(fresh.cpu))
	return nil
}

// take places and pays n orders, c at a time.
func (c *turnTaker) take(ctx context.Context, n, concurrency int) error {
	before, err := c.stack.usage()
	if err != nil {
		return err
	}
	res, err := load.Run(ctx, n, concurrency, func(ctx context.Context, _ int) (time.Duration, error) {
		start := time.Now()
		err := untilDone(ctx, c.shop, uuid.NewString(), func() {})
		return time.Since(start), err
	}, nil)
	if err != nil {
		return err
	}
	after, err := c.stack.usage()
	if err != nil {
		return err
	}
	c.elapsed, c.cpu, c.orders = c.elapsed+res.Elapsed, c.cpu+after.cpu-before.cpu, c.orders+int64(n)
	return nil
}

func (c *turnTaker) perSecond() float64 { return float64(c.orders) / c.elapsed.Seconds() }
