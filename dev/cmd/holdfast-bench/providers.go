package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	sdk "go.temporal.io/sdk/worker"

	"holdfast/dev/stack"
	"holdfast/identity"
	"holdfast/redisdb"
)

// providersBench places and pays orders on two stacks in turn: one without authentication,
// one that requires tokens. On both of them the payments are callbacks signed here; on the
// second one they are also made as buyers do, by a payment that the saga opens.
type providersBench struct {
	Data   string `help:"Folder for the file-backed stacks; without it all is in memory." type:"path"`
	Orders int    `default:"400" help:"Orders of each round."`
	Rounds int    `default:"5" help:"Rounds; the ways take turns."`
	C      []int  `name:"concurrency" default:"8,32" help:"Concurrencies to measure."`
}

// Run measures all three in turn.
func (b *providersBench) Run(ctx context.Context, out report) error {
	open, plain, stopPlain, err := b.start(ctx, "open", "", nil)
	if err != nil {
		return err
	}
	defer stopPlain()
	tokens, err := identity.NewSecret("a secret of this measurement alone", identity.Names{})
	if err != nil {
		return err
	}
	token, err := tokens.Issue(identity.Caller{Subject: "bench", Roles: []identity.Role{identity.RoleOperator}}, time.Hour)
	if err != nil {
		return err
	}
	guarded, withToken, stopGuarded, err := b.start(ctx, "guarded", token, tokens)
	if err != nil {
		return err
	}
	defer stopGuarded()
	for _, s := range []*shop{open, guarded} {
		if err := s.product(ctx, "bench", 1_000_000); err != nil {
			return err
		}
	}
	atProvider := withToken
	atProvider.name, atProvider.pay = "at the provider", guarded.payAtProvider
	out.printf("Stacks: %s.\n\n", where(b.Data))
	out.printf("| c | open, orders/s | with tokens, orders/s | ratio | with tokens, paid at the provider, orders/s | ratio |\n")
	out.printf("|---:|---:|---:|---:|---:|---:|\n")
	ways := []contender{plain, withToken, atProvider}
	for _, way := range ways { // warm
		if _, err := b.saga().round(ctx, way, 8, true); err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
	}
	for _, c := range b.C {
		if err := b.compare(ctx, out, ways, c); err != nil {
			return err
		}
	}
	out.printf("\nOrders undecided after 5 s: %d.\n", open.undecided.Load()+guarded.undecided.Load())
	return nil
}

func (b *providersBench) compare(ctx context.Context, out report, ways []contender, c int) error {
	rates := make([][]float64, len(ways))
	for range b.Rounds {
		for i, way := range ways {
			res, err := b.saga().round(ctx, way, c, true)
			if err != nil {
				return fmt.Errorf("%s, c = %d: %w", way.name, c, err)
			}
			rates[i] = append(rates[i], res.PerSecond())
		}
	}
	out.printf("| %d | %.1f | %.1f | %.2f | %.1f | %.2f |\n", c, median(rates[0]), median(rates[1]), medianRatio(rates[:2]),
		median(rates[2]), medianRatio([][]float64{rates[0], rates[2]}))
	return nil
}

func (b *providersBench) saga() *sagaBench { return &sagaBench{Orders: b.Orders} }

// start starts a stack, and returns its shop and how orders are paid there.
func (b *providersBench) start(ctx context.Context, name, token string, who identity.Verifier) (*shop, contender, func(), error) {
	opts := stack.Options{WithoutUI: true, Worker: &sdk.Options{}, Identity: who}
	if b.Data != "" {
		opts.Data = filepath.Join(b.Data, name)
	}
	st, err := stack.Start(ctx, opts)
	if err != nil {
		return nil, contender{}, nil, err
	}
	rdb, err := redisdb.Open(ctx, st.RedisURL)
	if err != nil {
		return nil, contender{}, nil, errors.Join(err, st.Stop(context.WithoutCancel(ctx)))
	}
	stop := func() {
		_ = rdb.Close()
		_ = st.Stop(context.WithoutCancel(ctx)) // the figures are out
	}
	s, err := newShop(st.URL, token, 64)
	if err != nil {
		stop()
		return nil, contender{}, nil, err
	}
	return s, contender{
		name: name, pay: s.pay,
		place: func(ctx context.Context) (string, error) {
			return s.placeDecided(ctx, "bench")
		},
		paid: func(ctx context.Context) (int64, error) { return sold(ctx, rdb) },
	}, stop, nil
}
