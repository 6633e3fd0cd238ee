package main

import (
	"context"
	"time"

	"holdfast/setup"
)

// setupCommand prepares Temporal.
type setupCommand struct {
	startFlags
	Retention time.Duration `env:"HOLDFAST_RETENTION" default:"720h" help:"How long Temporal keeps closed workflows: as long as a repeated Idempotency-Key finds its order (${env})."`
	Timeout   time.Duration `default:"2m" help:"How long all of it may take."`
}

// Run may be repeated as often as one likes.
func (c *setupCommand) Run(ctx context.Context, out out) error {
	log := newLog(out.stderr)
	name, err := namespace(log)
	if err != nil {
		return err
	}
	temporal, err := waitForTemporal(ctx, c.Wait, log)
	if err != nil {
		return err
	}
	defer temporal.Close()
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return setup.Run(ctx, temporal, setup.Options{Namespace: name, Retention: c.Retention, Log: log})
}
