package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"holdfast/audit"
	"holdfast/payment/sandbox"
	"holdfast/saga"
)

// auditMoney compares the orders with the payment providers. It queries no workflow, and
// needs no Temporal.
func (c *auditCommand) auditMoney(ctx context.Context, log *slog.Logger, out out) error {
	switch {
	case c.Views, c.Deep, c.Repair:
		return usagef("--money can't be combined with --views, --deep or --repair: its findings can't be repaired automatically")
	case c.Since <= 0:
		return usagef("--since: %s must be above 0", c.Since)
	}
	if err := c.checkProviders(); err != nil {
		return err
	}
	rdb, err := c.connect(ctx, c.Wait, log)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the process ends
	providers, err := c.open(rdb, "", "", log)
	if err != nil {
		return err
	}
	books := providers.forAudit()
	if !c.hasSandbox() && (c.Sandbox || !c.hasStripe()) { // its books are read without its secret
		books[sandbox.Name] = sandbox.NewProvider(nil, sandbox.NewBooks(rdb), sandbox.Options{Fails: c.SandboxFails})
	}
	cold, done, err := c.coldOrders(ctx, log)
	if err != nil {
		return err
	}
	defer done()
	progress, begun := &stages{out: out}, time.Now()
	report, err := audit.Money(ctx, audit.MoneyConfig{
		Providers: books, Records: audit.NewRedisBooks(rdb), Cold: cold, Since: time.Now().Add(-c.Since),
		Looks: c.Looks, Concurrency: c.Concurrency, Progress: progress.step,
	})
	progress.end()
	if err != nil {
		return fmt.Errorf("audit the money: %w", err)
	}
	if c.JSON {
		if err := printJSON(out, report); err != nil {
			return err
		}
	} else {
		printMoney(out, report)
	}
	if err := c.store(ctx, rdb, begun, report.Stored); err != nil {
		return err
	}
	if len(report.Findings) > 0 {
		return errFindings
	}
	return nil
}

func printMoney(out out, r audit.MoneyReport) {
	for _, f := range r.Findings {
		_, _ = fmt.Fprintln(out.stdout, f)
	}
	for _, n := range r.Notes {
		_, _ = fmt.Fprintln(out.stdout, "note:", n)
	}
	for _, currency := range slices.Sorted(maps.Keys(r.Sums)) {
		s := r.Sums[currency]
		_, _ = fmt.Fprintf(out.stdout, "paid %s at the providers, %s as recorded; refunded %s at the providers, %s as recorded\n",
			saga.Money(s.PaidThere, currency), saga.Money(s.PaidHere, currency),
			saga.Money(s.RefundedThere, currency), saga.Money(s.RefundedHere, currency))
	}
	if r.Cold > 0 {
		_, _ = fmt.Fprintf(out.stdout, "%d of the orders are only in the orders view\n", r.Cold)
	}
	verdict := "the money adds up"
	if n := len(r.Findings); n > 0 {
		verdict = fmt.Sprintf("%d findings", n)
	}
	_, _ = fmt.Fprintf(out.stdout, "%d payments since %s, %d orders with payments in %.1f s: %s\n",
		r.Payments, r.Since.UTC().Format(time.RFC3339), r.Orders, r.Seconds, verdict)
}
