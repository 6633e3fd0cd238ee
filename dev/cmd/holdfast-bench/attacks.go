package main

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"holdfast/client"
	"holdfast/dev/bench/load"
	"holdfast/dev/stack"
)

// attacksBench places orders beside quotes whose script never ends by itself, against the same orders
// without them.
type attacksBench struct {
	Data   string `help:"Folder for the file-backed stack; without it all is in memory." type:"path"`
	Orders int    `help:"Orders of each round." default:"400"`
	Rounds int    `help:"Rounds; with and without take turns." default:"5"`
	C      int    `help:"Orders at a time." default:"1"`
}

// Run measures both in turn, on one server.
func (b *attacksBench) Run(ctx context.Context, out report) error {
	st, err := stack.Start(ctx, stack.Options{Data: b.Data, WithoutUI: true})
	if err != nil {
		return err
	}
	defer st.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // the figures are out
	s, err := newShop(st.URL, "", 64)
	if err != nil {
		return err
	}
	if err := s.product(ctx, "bench", 10_000_000); err != nil {
		return err
	}
	if err := publishAttack(ctx, s); err != nil {
		return err
	}
	var results [2]load.Result
	var attacks atomic.Int64
	for round := range b.Rounds {
		for attacked := range results {
			r, err := b.round(ctx, s, attacked == 1, &attacks)
			if err != nil {
				return err
			}
			if round == 0 {
				results[attacked] = r
				continue
			}
			results[attacked].Latency.Merge(r.Latency)
		}
	}
	out.printf("Stack: %s.\n\n| placing, c = %d | p50 | p99 |\n|---|---:|---:|\n", where(b.Data), b.C)
	for i, name := range []string{"alone", "beside endless scripts"} {
		out.printf("| %s | %.1f ms | %.1f ms |\n", name, float64(results[i].P(50).Microseconds())/1000, float64(results[i].P(99).Microseconds())/1000)
	}
	out.printf("\n%d scripts were stopped meanwhile.\n", attacks.Load())
	return nil
}

// round places orders, beside one caller who asks for one quote with an endless script after the other.
func (b *attacksBench) round(ctx context.Context, s *shop, attacked bool, attacks *atomic.Int64) (load.Result, error) {
	actx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		for attacked && actx.Err() == nil {
			_, err := s.Quote(actx, client.OrderRequest{CustomerID: "attacker", Lines: []client.LineRequest{{ProductID: "bench", Quantity: 1}}})
			p, refused := errors.AsType[*client.Problem](err) // 503 where the machine has no time left for scripts
			if actx.Err() == nil && (!refused || (p.Status != http.StatusConflict && p.Status != http.StatusServiceUnavailable)) {
				done <- errors.Join(errors.New("the endless script was not refused"), err)
				return
			}
			attacks.Add(1)
		}
		done <- nil
	}()
	r, err := load.Run(ctx, b.Orders, b.C, func(ctx context.Context, _ int) (time.Duration, error) {
		begun := time.Now()
		_, err := s.placeAny(ctx, "bench")
		return time.Since(begun), err
	}, nil)
	stop()
	return r, errors.Join(err, <-done)
}

// publishAttack gives the shop a chain with a script that never ends, for the orders of one customer.
func publishAttack(ctx context.Context, s *shop) error {
	version, _, err := s.CreateCommand(ctx, client.CommandSpec{
		ID: "endless", Target: "order", Source: `export function execute() { for (;;); }`,
	})
	if err != nil {
		return err
	}
	tag, err := s.SaveDraft(ctx, "submit", "", []client.ChainStep{{Command: "endless", Version: version, When: `customerId == "attacker"`}})
	if err != nil {
		return err
	}
	_, _, err = s.PublishChain(ctx, "submit", tag)
	return err
}
