// Package setup prepares a Temporal service for Holdfast: its namespace, the search
// attributes that orders carry, and the schedules of the sweepers. Every step checks first
// and may be repeated. The package never touches stock or orders.
package setup

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
)

// Retention is how long Temporal must keep closed workflows: as long as a repeated request
// with the same Idempotency-Key finds its order. Redis remembers ended holds for as long
// (inventory.Remember), and Temporal must not forget an order earlier.
const Retention = 30 * 24 * time.Hour

// Options of Run.
type Options struct {
	Namespace string
	// Retention of closed workflows. Defaults to the constant of that name.
	Retention time.Duration
	// Views means that workers have an index. Only then are closed orders moved out of
	// Redis.
	Views bool
	Log   *slog.Logger
}

// Run makes sure that namespace, search attributes and schedules exist and can be used. It
// waits as long as ctx allows: a service learns of a new namespace or attribute only after
// some seconds.
func Run(ctx context.Context, c client.Client, opts Options) error {
	if opts.Retention == 0 {
		opts.Retention = Retention
	}
	if opts.Retention < Retention {
		return fmt.Errorf("a retention of %s is too short: Redis remembers ended holds for %s, and Temporal must keep closed workflows at least as long",
			opts.Retention, Retention)
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if err := ensureNamespace(ctx, c, opts); err != nil {
		return fmt.Errorf("prepare namespace %s: %w", opts.Namespace, err)
	}
	if err := ensureAttributes(ctx, c, opts); err != nil {
		return fmt.Errorf("prepare the search attributes of namespace %s: %w", opts.Namespace, err)
	}
	if err := EnsureSweep(ctx, c); err != nil {
		return fmt.Errorf("prepare the schedule of the sweeper: %w", err)
	}
	opts.Log.InfoContext(ctx, "schedule exists", "schedule_id", SweepID)
	if err := resumeRefunds(ctx, c, opts); err != nil {
		return fmt.Errorf("resume refunds that are due: %w", err)
	}
	if !opts.Views {
		return nil
	}
	if err := EnsureForget(ctx, c); err != nil {
		return fmt.Errorf("prepare the schedule that moves closed orders: %w", err)
	}
	opts.Log.InfoContext(ctx, "schedule exists", "schedule_id", ForgetID)
	return nil
}
