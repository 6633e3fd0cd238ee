package main

import (
	"context"
	"fmt"
	"time"

	sagaclient "holdfast/saga/client"
)

// orderResumeCommand continues an order whose workflow was terminated. It needs Temporal and a worker, and
// no gateway.
type orderResumeCommand struct {
	temporalFlags               //nolint:unused // found by its type: see connectsToTemporal
	Order         string        `arg:"" help:"The order's id."`
	Wait          time.Duration `default:"5s" help:"How long to wait for Temporal."`
}

// Run starts a new run of the order's workflow.
func (c *orderResumeCommand) Run(ctx context.Context, out out) error {
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
	o, err := sagaclient.New(temporal, name).Resume(ctx, c.Order)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out.stdout, "%s is %s and continues\n", o.ID, o.Status)
	return nil
}
