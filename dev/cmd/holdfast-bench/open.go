package main

import (
	"context"
	"slices"
	"time"

	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
	"holdfast/settings"
)

// openBench places orders while others await their payment.
type openBench struct {
	Data string `help:"Folder for the file-backed stack; without it all is in memory." type:"path"`
	Open []int  `default:"1000,100000" help:"Numbers of open orders to measure at, rising."`
	C    int    `name:"concurrency" default:"32" help:"Concurrency of filling up; measurements use one."`
	N    int    `default:"500" help:"Orders measured at each number."`
}

// Run fills up and measures at each number.
func (b *openBench) Run(ctx context.Context, out report) error {
	slices.Sort(b.Open)
	st, err := stack.Start(ctx, stack.Options{Data: b.Data, WithoutUI: true, Shop: settings.Shop{PaymentWindow: 24 * time.Hour}})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	s, err := newShop(st.URL, "", b.C)
	if err != nil {
		return err
	}
	if err := s.product(ctx, "bench", 10_000_000); err != nil {
		return err
	}
	place := func(ctx context.Context, _ int) (time.Duration, error) {
		start := time.Now()
		_, err := s.placeAny(ctx, "bench")
		return time.Since(start), err
	}
	out.printf("Stack: %s.\n\n| open orders | place p50, c = 1 | p99 |\n|---:|---:|---:|\n", where(b.Data))
	open := 0
	for _, n := range b.Open {
		if _, err := load.Run(ctx, n-open, b.C, place, nil); err != nil {
			return err
		}
		res, err := load.Run(ctx, b.N, 1, place, nil)
		if err != nil {
			return err
		}
		open = n + b.N
		out.printf("| %d | %.1f ms | %.1f ms |\n", n, float64(res.P(50).Microseconds())/1000, float64(res.P(99).Microseconds())/1000)
	}
	return nil
}
