package main

import (
	"context"
	"fmt"
	"time"

	"holdfast/dev/await"
	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
	"holdfast/inventory"
	"holdfast/redisdb"
	"holdfast/saga"
)

// delistBench delists a product that many unpaid orders hold.
type delistBench struct {
	Orders []int `default:"500,5000" help:"Numbers of unpaid orders to measure."`
	Rounds int   `default:"2" help:"Rounds; every other one begins with the delisting."`
}

// Run measures, for each number, a delisting and the same signals sent by 32 goroutines
// that do nothing else. Both end when all stock is back.
func (b *delistBench) Run(ctx context.Context, out report) error {
	signals := &signalCounter{}
	st, err := stack.Start(ctx, stack.Options{WithoutUI: true, Interceptors: signals.interceptors()})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	s, err := newShop(st.URL, "", 32)
	if err != nil {
		return err
	}
	out.printf("| unpaid orders | only signalling, signals/s | delisting, signals/s | ratio | all stock back: only signalling | delisting |\n")
	out.printf("|---:|---:|---:|---:|---:|---:|\n")
	for _, n := range b.Orders {
		rates, backs := make([][]float64, 2), make([][]float64, 2)
		for round := range b.Rounds {
			for turn := range 2 {
				which := (round + turn) % 2 // the later run finds a fuller server
				id := fmt.Sprintf("delist-%d-%d-%d", n, round, which)
				measure := b.onlySignal
				if which == 1 {
					measure = b.delist
				}
				rate, back, err := measure(ctx, st, s, signals, id, n)
				if err != nil {
					return err
				}
				rates[which], backs[which] = append(rates[which], rate), append(backs[which], back.Seconds())
			}
		}
		out.printf("| %d | %.0f | %.0f | %.2f | %.1f s | %.1f s |\n", n, median(rates[0]), median(rates[1]), medianRatio(rates),
			median(backs[0]), median(backs[1]))
	}
	return nil
}

// orders places n unpaid orders of a product of its own and waits until all of
// them hold it.
func (b *delistBench) orders(ctx context.Context, st *stack.Stack, s *shop, id string, n int) ([]string, error) {
	if err := s.product(ctx, id, int64(n)); err != nil {
		return nil, err
	}
	ids := make([]string, n)
	if _, err := load.Run(ctx, n, 8, func(ctx context.Context, i int) (time.Duration, error) {
		var err error
		ids[i], err = s.placeAny(ctx, id)
		return 0, err
	}, nil); err != nil {
		return nil, err
	}
	return ids, b.untilHeld(ctx, st, id, int64(n))
}

func (b *delistBench) onlySignal(ctx context.Context, st *stack.Stack, s *shop, signals *signalCounter, id string, n int) (float64, time.Duration, error) {
	ids, err := b.orders(ctx, st, s, id, n)
	if err != nil {
		return 0, 0, err
	}
	signals.expect(n)
	start := time.Now()
	if _, err := load.Run(ctx, n, 32, func(ctx context.Context, i int) (time.Duration, error) {
		return 0, st.Temporal.SignalWorkflow(ctx, saga.OrderWorkflowID(ids[i]), "", saga.DelistedSignal,
			saga.Delisting{ProductID: id, Listing: 1, Actor: "bench"})
	}, nil); err != nil {
		return 0, 0, err
	}
	rate := signals.rate()
	all, err := b.untilBack(ctx, st, id, start)
	return rate, all, err
}

func (b *delistBench) delist(ctx context.Context, st *stack.Stack, s *shop, signals *signalCounter, id string, n int) (float64, time.Duration, error) {
	if _, err := b.orders(ctx, st, s, id, n); err != nil {
		return 0, 0, err
	}
	signals.expect(n)
	start := time.Now()
	if _, err := s.Delist(ctx, id); err != nil {
		return 0, 0, err
	}
	var res saga.DelistResult
	if err := st.Temporal.GetWorkflow(ctx, saga.DelistWorkflowID(id, 1), "").Get(ctx, &res); err != nil {
		return 0, 0, err
	}
	if res.Signalled != n {
		return 0, 0, fmt.Errorf("the delisting signalled %d orders of %d", res.Signalled, n)
	}
	all, err := b.untilBack(ctx, st, id, start)
	return signals.rate(), all, err
}

// untilBack waits until nothing of the product is held and returns how long that took.
func (b *delistBench) untilBack(ctx context.Context, st *stack.Stack, id string, start time.Time) (time.Duration, error) {
	err := b.untilHeld(ctx, st, id, 0)
	return time.Since(start), err
}

// untilHeld waits until this many units of the product are held.
func (b *delistBench) untilHeld(ctx context.Context, st *stack.Stack, id string, want int64) error {
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the figures are out
	return await.Success(ctx, func(ctx context.Context) error {
		p, err := inventory.New(rdb).Get(ctx, id)
		if err == nil && p.Variants[0].Stock.Held != want {
			err = fmt.Errorf("%d units of %s are held, not %d", p.Variants[0].Stock.Held, id, want)
		}
		return err
	})
}
