package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"holdfast/cmd/holdfast/replay"
	"holdfast/payment/sandbox"
)

// replayCommands play orders, and check what was acknowledged.
type replayCommands struct {
	Run    replayCommand `cmd:"" default:"withargs" help:"Place the orders of a file, then pay, refuse, cancel, abandon, pack, deliver or return them."`
	Verify verifyCommand `cmd:"" help:"Check that everything that a gateway acknowledged, according to a journal, is still true."`
}

type replayCommand struct {
	gatewayFlags
	sandboxFlags
	File        string  `arg:"" help:"One order request per line, its Idempotency-Key beside it under \"key\"."`
	Concurrency int     `short:"c" default:"16" help:"Orders in progress at a time."`
	Limit       int     `help:"Play only the first N lines."`
	Paid        float64 `default:"0.85" help:"Share of the orders that are paid."`
	Delivered   float64 `default:"0.5" help:"Share of the paid orders that are delivered."`
	Refused     float64 `default:"0.05" help:"Share whose payment is refused."`
	Abandoned   float64 `default:"0.10" help:"Share that is never paid."`
	Cancelled   float64 `default:"0" help:"Share that the customer cancels."`
	Through     string  `enum:",sandbox" default:"" placeholder:"sandbox" help:"Pay on this provider's page, with payments that the gateway opens; otherwise the tool signs the callbacks."`
	Late        float64 `default:"0" help:"With --through: share that is paid after the customer cancels or the payment window ends."`
	Twice       float64 `default:"0" help:"With --through: share that is paid twice, or whose callback is repeated."`
	Wrong       float64 `default:"0" help:"With --through: share that is paid with a wrong amount."`
	Adjusted    float64 `default:"0" help:"Share after which one unit of the order's first product is added to the stock."`

	Packaged        float64 `default:"0" help:"Share of the delivered orders that are packed as one to three packages, which scans follow until they are delivered."`
	Readdressed     float64 `default:"0" help:"Share of the packaged orders whose address changes."`
	CancelledInPart float64 `default:"0" help:"With --through: share of the packaged orders of which some units are cancelled before they are packed."`
	Returned        float64 `default:"0" help:"With --through: share of the packaged orders of which some units are returned."`
	LateScans       float64 `default:"0" help:"Share of the scans that arrive after all others of their order."`
	RepeatedScans   float64 `default:"0" help:"Share of the scans that are sent twice."`
	OutOfOrderScans float64 `default:"0" help:"Share of the scans that change places with the next one of their package."`

	Members  float64 `default:"0" help:"Share of the customers who get a member level before their first order; with --levels."`
	Levels   int     `default:"0" help:"How many member levels the shop's price book has."`
	Couponed float64 `default:"0" help:"Share of the orders that use a coupon; with --coupon."`
	Coupon   string  `help:"Code of the coupon; the shop must have it."`

	Seed      uint64        `default:"1" help:"The same seed gives the same outcomes."`
	KeyPrefix string        `help:"Prefix of each key; a new one creates new orders from the same file."`
	Patience  time.Duration `default:"2m" help:"How long a call is repeated before its line counts as failed."`
	Journal   string        `help:"Append each acknowledged call to this file; see replay verify."`
	JSON      bool          `name:"json" help:"Print the result as JSON."`
}

// Run plays the file and prints the results.
func (c *replayCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(c.Concurrency)
	if err != nil {
		return err
	}
	sign, err := c.signer()
	if err != nil {
		return err
	}
	total, err := countLines(ctx, c.File)
	if err != nil {
		return err
	}
	if c.Limit > 0 {
		total = min(total, int64(c.Limit))
	}
	in, err := os.Open(c.File)
	if err != nil {
		return usagef("%v", err)
	}
	defer in.Close() //nolint:errcheck // it was read only
	journal, closeJournal, err := c.journal()
	if err != nil {
		return err
	}
	step, done := newProgress(out.stderr, total, "orders")
	report, err := replay.Run(ctx, replay.Config{
		Gateway: gateway, Provider: sandbox.Name, Sign: sign, Through: c.Through != "", Seed: c.Seed, KeyPrefix: c.KeyPrefix,
		Levels: c.Levels, Coupon: c.Coupon,
		Shares: replay.Shares{
			Paid: c.Paid, Delivered: c.Delivered, Refused: c.Refused, Abandoned: c.Abandoned,
			Cancelled: c.Cancelled, Late: c.Late, Twice: c.Twice, Wrong: c.Wrong, Adjusted: c.Adjusted,
			Packaged: c.Packaged, Readdressed: c.Readdressed, CancelledInPart: c.CancelledInPart, Returned: c.Returned,
			Members: c.Members, Couponed: c.Couponed,
			LateScans: c.LateScans, RepeatedScans: c.RepeatedScans, OutOfOrderScans: c.OutOfOrderScans,
		},
		Concurrency: c.Concurrency, Limit: c.Limit, Patience: c.Patience, Journal: journal, Progress: step,
	}, in)
	done()
	err = errors.Join(err, closeJournal())
	if report.Orders > 0 || err == nil {
		if c.JSON {
			err = errors.Join(err, printJSON(out, report))
		} else {
			report.Print(out.stdout)
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("replay %s: %w", c.File, err)
	case report.Failed > 0:
		return errFindings
	}
	return nil
}

func (c *replayCommand) journal() (*replay.Journal, func() error, error) {
	if c.Journal == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := os.OpenFile(c.Journal, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // others may read it
	if err != nil {
		return nil, nil, usagef("--journal: %v", err)
	}
	return replay.NewJournal(f), f.Close, nil
}
