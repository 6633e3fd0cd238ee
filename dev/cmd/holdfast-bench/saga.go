package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	sdk "go.temporal.io/sdk/worker"

	"holdfast/dev/await"
	"holdfast/dev/bench/floor"
	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
	"holdfast/inventory"
	"holdfast/redisdb"
	"holdfast/worker"
)

// sagaBench places and pays orders.
type sagaBench struct {
	Data         string `help:"Folder for the file-backed stack; without it all is in memory." type:"path"`
	Orders       int    `default:"400" help:"Orders of each round."`
	Rounds       int    `default:"5" help:"Rounds; floor and Holdfast take turns."`
	WithoutViews bool   `help:"Leave out the views: the floor has none, and the index inside the process shares its processors."`
	C            []int  `name:"concurrency" default:"1,8,32" help:"Concurrencies to measure."`
}

// contender is one way to place and pay.
type contender struct {
	name  string
	place func(ctx context.Context) (id string, err error)
	pay   func(ctx context.Context, id string) error
	paid  func(ctx context.Context) (int64, error)
	// prepare is called before each of its rounds; it may be nil.
	prepare func(ctx context.Context) error
}

// Run measures both in turn, on one server.
func (b *sagaBench) Run(ctx context.Context, out report) error {
	st, err := stack.Start(ctx, stack.Options{Data: b.Data, WithoutUI: true, WithoutSearch: b.WithoutViews, Worker: &sdk.Options{}})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	contenders, stop, err := b.contenders(ctx, st)
	if err != nil {
		return err
	}
	defer stop()
	out.printf("Stack: %s, Redis: %s.\n\n", where(b.Data), st.RedisKind)
	out.printf("| c | | floor, orders/s | Holdfast, orders/s | ratio | floor, place p50 | Holdfast, place p50 | ratio |\n")
	out.printf("|---:|---|---:|---:|---:|---:|---:|---:|\n")
	if err := b.compare(ctx, out, contenders, 1, false); err != nil {
		return err
	}
	for _, c := range b.C {
		if err := b.compare(ctx, out, contenders, c, true); err != nil {
			return err
		}
	}
	return nil
}

// compare lets floor and Holdfast take turns and prints one row.
func (b *sagaBench) compare(ctx context.Context, out report, contenders []contender, c int, pay bool) error {
	rates, p50s := make([][]float64, 2), make([][]float64, 2)
	for range b.Rounds {
		for i, who := range contenders {
			if who.prepare != nil {
				if err := who.prepare(ctx); err != nil {
					return fmt.Errorf("prepare %s: %w", who.name, err)
				}
			}
			res, err := b.round(ctx, who, c, pay)
			if err != nil {
				return fmt.Errorf("%s, c = %d: %w", who.name, c, err)
			}
			rates[i] = append(rates[i], res.PerSecond())
			p50s[i] = append(p50s[i], float64(res.P(50).Microseconds())/1000)
		}
	}
	what := "placed"
	if pay {
		what = "placed and paid"
	}
	out.printf("| %d | %s | %.1f | %.1f | %.2f | %.1f ms | %.1f ms | %.2f |\n", c, what, median(rates[0]), median(rates[1]),
		medianRatio(rates), median(p50s[0]), median(p50s[1]), medianRatio(p50s))
	return nil
}

func (b *sagaBench) contenders(ctx context.Context, st *stack.Stack) ([]contender, func(), error) {
	fl, err := floor.Start(st.Temporal, worker.WithPollers(sdk.Options{}))
	if err != nil {
		return nil, nil, err
	}
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return nil, nil, err
	}
	s, err := newShop(st.URL, "", 64)
	if err != nil {
		return nil, nil, err
	}
	if err := s.product(ctx, "bench", 1_000_000); err != nil {
		return nil, nil, err
	}
	return []contender{
		{
			name: "floor", pay: fl.Pay,
			place: func(ctx context.Context) (string, error) { id := uuid.NewString(); return id, fl.Place(ctx, id) },
			paid:  func(context.Context) (int64, error) { return fl.Paid(), nil },
		},
		{
			name: "Holdfast", pay: s.pay,
			place: func(ctx context.Context) (string, error) {
				return s.placeDecided(ctx, "bench")
			},
			paid: func(ctx context.Context) (int64, error) { return sold(ctx, rdb) },
		},
	}, func() { fl.Stop(); _ = rdb.Close() }, nil
}

// round places, and pays if it should; it ends when everything that was paid has been
// processed.
func (b *sagaBench) round(ctx context.Context, who contender, c int, pay bool) (load.Result, error) {
	before, err := who.paid(ctx)
	if err != nil {
		return load.Result{}, err
	}
	return load.Run(ctx, b.Orders, c, func(ctx context.Context, _ int) (time.Duration, error) {
		start := time.Now()
		id, err := who.place(ctx)
		took := time.Since(start)
		if err == nil && pay {
			err = who.pay(ctx, id)
		}
		return took, err
	}, func(ctx context.Context) error {
		if !pay {
			return nil
		}
		return await.Success(ctx, func(ctx context.Context) error {
			now, err := who.paid(ctx)
			if err == nil && now < before+int64(b.Orders) {
				err = errNotYet
			}
			return err
		})
	})
}

var errNotYet = errors.New("not all are paid yet")

// sold reads how many units of the benchmark's product have been sold.
func sold(ctx context.Context, rdb redis.UniversalClient) (int64, error) {
	p, err := inventory.New(rdb).Get(ctx, "bench")
	if err != nil {
		return 0, err
	}
	return p.Variants[0].Stock.Committed, nil
}

func where(data string) string {
	if data == "" {
		return "in memory"
	}
	return "on files"
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// medianRatio compares round by round, since a machine's speed drifts.
func medianRatio(v [][]float64) float64 {
	ratios := make([]float64, len(v[0]))
	for i := range ratios {
		ratios[i] = v[1][i] / v[0][i]
	}
	return median(ratios)
}
