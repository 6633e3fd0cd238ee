// Package moneymode keeps real and pretend money apart among all processes of one
// installation. A process can check its own settings, but not that another one on the same
// Redis takes payments through the sandbox while its own orders are paid by card.
package moneymode

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/redisdb"
)

// Mode is the kind of money that a process takes. Stripe's test keys pretend, as the
// sandbox does. A process without payment providers has no mode.
type Mode = order.Money

// Modes of money.
const (
	ModePretend = order.MoneyPretend
	ModeReal    = order.MoneyReal
)

// A claim is valid for a while and renewed long before it ends, so that a claim which no
// process holds any more expires within the time that a restart takes.
const (
	claimFor   = 30 * time.Second
	renewEvery = 3 * time.Second
	askFor     = 2 * time.Second
)

//go:embed lua
var files embed.FS

var claimScript = redisdb.Embedded(files, "claim")

// ConflictError reports that a process of the other mode is running on the same Redis.
type ConflictError struct{ Wanted Mode }

// Error says what would be right.
func (e *ConflictError) Error() string {
	if e.Wanted == ModePretend {
		return "HOLDFAST_SANDBOX is on here, or STRIPE_API_KEY is a test key, and another process on this Redis (REDIS_URL) runs with a " +
			"live STRIPE_API_KEY: customers could pay without money. Use a Redis of your own for trying things out, or the live key " +
			"and HOLDFAST_SANDBOX=false for every gateway and worker"
	}
	return "STRIPE_API_KEY is a live key here, and another process on this Redis (REDIS_URL) runs with HOLDFAST_SANDBOX on, or with a " +
		"test key: customers could pay without money. Set the live key and HOLDFAST_SANDBOX=false for every gateway and worker"
}

// Claim is a process's claim on a mode.
type Claim struct {
	rdb  redis.UniversalClient
	mode Mode
	log  *slog.Logger
	tag  string // of both keys, so that they are in one slot of a cluster
	span time.Duration
	tick time.Duration
}

// New prepares a claim.
func New(rdb redis.UniversalClient, mode Mode, log *slog.Logger) *Claim {
	return &Claim{rdb: rdb, mode: mode, log: log, tag: "{money-mode}", span: claimFor, tick: renewEvery}
}

// Take claims the mode, and fails with a *ConflictError if the other one is held. A claim
// of processes that have just been stopped isn't renewed: Take waits for its end.
func (c *Claim) Take(ctx context.Context) error {
	left, err := c.ask(ctx)
	if err != nil || left == 0 {
		return err
	}
	c.log.WarnContext(ctx, "a process with the other kind of money is running, or was a moment ago", "mode", c.mode, "waiting", left)
	for {
		before := left
		if err := sleep(ctx, min(left+time.Millisecond, c.tick)); err != nil {
			return err
		}
		left, err = c.ask(ctx)
		switch {
		case err != nil || left == 0:
			return err
		case left > before-c.tick/2: // it was renewed
			return &ConflictError{Wanted: c.mode}
		}
	}
}

// Hold renews the claim until ctx ends. It fails with a *ConflictError if the other mode
// was claimed while this process could not reach Redis.
func (c *Claim) Hold(ctx context.Context) error {
	for sleep(ctx, c.tick) == nil {
		left, err := c.ask(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			c.log.WarnContext(ctx, "the claim on the mode of money can't be renewed", "mode", c.mode, "error", err)
		case left > 0:
			return &ConflictError{Wanted: c.mode}
		}
	}
	return nil
}

// ask claims or renews, and returns for how long the other mode is still claimed.
func (c *Claim) ask(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	left, err := redisdb.Run(ctx, c.rdb, redisdb.Call{
		Script: claimScript, Keys: []string{c.key(c.mode), c.key(c.other())}, Args: []any{c.span.Milliseconds()},
	})[0].Int64()
	if err != nil {
		return 0, fmt.Errorf("claim the mode of money %q: %w", c.mode, err)
	}
	return time.Duration(left) * time.Millisecond, nil
}

func (c *Claim) other() Mode {
	if c.mode == ModeReal {
		return ModePretend
	}
	return ModeReal
}

func (c *Claim) key(m Mode) string { return c.tag + ":" + string(m) }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
