package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"holdfast/cmd/holdfast/replay"
)

type verifyCommand struct {
	gatewayFlags
	Journal     string        `arg:"" help:"The file that replay --journal wrote."`
	Concurrency int           `short:"c" default:"16" help:"Orders checked at a time."`
	Patience    time.Duration `default:"30s" help:"How long an order may take to show what was acknowledged."`
	JSON        bool          `name:"json" help:"Print the result as JSON."`
}

// Run names every acknowledged call that is no longer true.
func (c *verifyCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(c.Concurrency)
	if err != nil {
		return err
	}
	f, err := os.Open(c.Journal)
	if err != nil {
		return usagef("%v", err)
	}
	defer f.Close() //nolint:errcheck // it was read only
	acks, err := replay.ReadJournal(f)
	if err != nil {
		return err
	}
	step, done := newProgress(out.stderr, -1, "orders")
	result, err := replay.Verify(ctx, replay.VerifyConfig{
		Gateway: gateway, Concurrency: c.Concurrency, Patience: c.Patience, Progress: step,
	}, acks)
	done()
	if err != nil {
		return fmt.Errorf("verify %s: %w", c.Journal, err)
	}
	if c.JSON {
		err = printJSON(out, result)
	} else {
		_, _ = fmt.Fprintf(out.stdout, "%d acknowledged calls of %d orders, %d no longer true\n",
			result.Acks, result.Orders, len(result.Violations))
		for _, v := range result.Violations {
			_, _ = fmt.Fprintf(out.stdout, "  %s %s%s at %s: %s\n", v.Ack.Call, v.Ack.OrderID, v.Ack.ProductID,
				v.Ack.At.Format(time.RFC3339Nano), v.Detail)
		}
	}
	if err == nil && len(result.Violations) > 0 {
		return errFindings
	}
	return err
}
