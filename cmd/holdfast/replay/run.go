package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/client"
	"holdfast/order"
)

// Signer encodes and signs a payment provider's message about a payment.
type Signer func(order.PaymentEvent) (http.Header, []byte, error)

// Config of a replay.
type Config struct {
	Gateway *client.Client
	// Provider whose callbacks Sign writes, by its name in the gateway's path.
	Provider string
	Sign     Signer
	// Through has orders paid by payments that the gateway opens at Provider, on the
	// provider's page; otherwise the callbacks are signed here.
	Through bool
	Shares  Shares
	// Seed of the fates: the same seed gives the same fates.
	Seed uint64
	// Levels is how many member levels the price book has, for Shares.Members, and Coupon the
	// code for Shares.Couponed. The shop must have both.
	Levels int
	Coupon string
	// KeyPrefix precedes each line's key: another prefix creates other orders.
	KeyPrefix string
	// Concurrency is how many orders are in progress at a time.
	Concurrency int
	// Limit on the number of lines; 0 plays all.
	Limit int
	// Patience with one call, including repetitions.
	Patience time.Duration
	// Journal may be nil.
	Journal *Journal
	// Progress is called for each finished order; it may be nil.
	Progress func()
}

func (c Config) validate() error {
	switch {
	case c.Gateway == nil || c.Sign == nil:
		return errors.New("a replay needs a gateway and a signer")
	case c.Concurrency < 1:
		return fmt.Errorf("concurrency is %d and must be at least 1", c.Concurrency)
	case c.Patience <= 0:
		return errors.New("patience must be above 0")
	case c.Limit < 0:
		return fmt.Errorf("limit is %d and must not be below 0", c.Limit)
	}
	if err := c.Shares.Validate(); err != nil {
		return err
	}
	if !c.Through && c.Shares.atProvider() > 0 {
		return errors.New("orders can be paid late, twice or wrong only through a provider")
	}
	if !c.Through && c.Shares.CancelledInPart+c.Shares.Returned > 0 {
		return errors.New("orders can be cancelled in part and returned only through a provider, which refunds them")
	}
	return c.checkTerms()
}

// replay is one run.
type replay struct {
	Config
	tally   *tally
	repeats atomic.Int64
	// promoted are the customers who have their level.
	promoted sync.Map
}

// Run plays all lines of r. It returns an error if it could not continue, with the report
// up to then; an order that the gateway refuses is an outcome, not an error.
func Run(ctx context.Context, cfg Config, r io.Reader) (Report, error) {
	if err := cfg.validate(); err != nil {
		return Report{}, err
	}
	run := &replay{Config: cfg, tally: newTally()}
	if run.Progress == nil {
		run.Progress = func() {}
	}
	lines := make(chan Line)
	started := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(lines)
		return readLines(ctx, r, cfg.Limit, lines)
	})
	for range cfg.Concurrency {
		group.Go(func() error { return run.play(ctx, lines) })
	}
	err := group.Wait()
	report := run.tally.report(time.Since(started))
	report.Concurrency, report.Repeats = cfg.Concurrency, run.repeats.Load()
	return report, err
}

// play takes lines until there are none left.
func (r *replay) play(ctx context.Context, lines <-chan Line) error {
	for line := range lines {
		j := &journey{replay: r, line: line, fate: r.Shares.fateOf(r.Seed, line.Number)}
		outcome, err := j.follow(ctx)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, errJournal):
			return err
		case err != nil:
			r.tally.fail(line.Number, err)
		default:
			r.tally.ended(outcome)
		}
		r.Progress()
	}
	return nil
}
