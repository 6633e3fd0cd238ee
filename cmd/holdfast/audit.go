package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/audit"
	"holdfast/audits"
	"holdfast/carrier/tracking"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/pricebooks"
	"holdfast/records"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
	"holdfast/version"
	"holdfast/worker"
)

// auditCommand checks the books.
type auditCommand struct {
	temporalFlags //nolint:unused // found by its type: see connectsToTemporal
	redisFlags
	durabilityFlags
	indexFlags
	providerFlags
	Wait        time.Duration `default:"5s" help:"How long to wait for Temporal and Redis."`
	Views       bool          `help:"Compare the search views with the entities that they show, instead of the books."`
	Money       bool          `help:"Compare the orders' payments and refunds with the payment providers' own records, instead of the books."`
	Since       time.Duration `default:"720h" help:"With --money: maximum age of the payments to compare."`
	Deep        bool          `help:"Ask every order's workflow, not only those whose copies disagree."`
	Repair      bool          `help:"Reapply what workflows recorded and Redis has lost, then audit again."`
	Concurrency int           `short:"c" default:"16" help:"Workflows asked at a time."`
	Looks       int           `help:"How often a discrepancy is checked before it counts as a finding, because it may only be in flight. Default: 4, with --views and --money 7."`
	Store       bool          `help:"Store the report in Redis, where GET /v1/audits/latest reads it."`
	JSON        bool          `name:"json" help:"Print the report as JSON."`
}

// Run prints what does not add up.
func (c *auditCommand) Run(ctx context.Context, out out) error {
	log := newLog(out.stderr)
	if err := c.checkIndex(); err != nil {
		return err
	}
	if c.Money {
		return c.auditMoney(ctx, log, out)
	}
	name, err := namespace(log)
	if err != nil {
		return err
	}
	temporal, err := waitForTemporal(ctx, c.Wait, log)
	if err != nil {
		return err
	}
	defer temporal.Close()
	sagas := sagaclient.New(temporal, name)
	if c.Views {
		return c.auditViews(ctx, sagas, log, out)
	}
	rdb, err := c.connect(ctx, c.Wait, log)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the process ends

	durability, err := c.auditDurability(ctx, rdb, log)
	if err != nil {
		return err
	}
	cold, done, err := c.coldOrders(ctx, log)
	if err != nil {
		return err
	}
	defer done()
	progress, begun := &stages{out: out}, time.Now()
	cfg := audit.Config{
		Books: audit.NewRedisBooks(rdb), Orders: sagas, Cold: cold, Numbers: tracking.New(rdb, time.Now), Adapters: worker.Carriers(),
		PriceBooks: pricebooks.New(rdb, customers.New(rdb)), Coupons: coupons.New(rdb),
		Deep: c.Deep, Looks: c.Looks, Concurrency: c.Concurrency, Progress: progress.step,
	}
	var report audit.Report
	if c.Repair {
		report, err = audit.Repairer{Config: cfg, Stock: inventory.New(rdb), Records: records.New(rdb), CouponStock: coupons.New(rdb), Scans: sagas}.Run(ctx)
	} else {
		report, err = audit.Run(ctx, cfg)
	}
	progress.end()
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	report.Findings = append(report.Findings, durability...)
	if c.JSON {
		if err := printJSON(out, report); err != nil {
			return err
		}
	} else {
		printAudit(out, report)
	}
	if err := c.store(ctx, rdb, begun, report.Stored); err != nil {
		return err
	}
	if len(report.Findings) > 0 {
		return errFindings
	}
	return nil
}

// store stores a report if it was asked to.
func (c *auditCommand) store(ctx context.Context, rdb redis.UniversalClient, begun time.Time, report func(audit.Ran) audit.Stored) error {
	if !c.Store {
		return nil
	}
	ran := audit.Ran{BegunAt: begun.UTC(), EndedAt: time.Now().UTC(), Version: version.String()}
	return audits.New(rdb).Put(ctx, report(ran))
}

// auditDurability reports a Redis that may lose acknowledged writes: books that add up now
// may not do so after its next crash. The audit continues all the same, since it is needed
// most when something is wrong.
func (c *auditCommand) auditDurability(ctx context.Context, rdb redis.UniversalClient, log *slog.Logger) ([]audit.Finding, error) {
	found, err := c.inspect(ctx, rdb, c.Wait, log)
	if err != nil {
		return nil, err
	}
	if !c.required() && len(found.Faults) > 0 {
		log.WarnContext(ctx, "redis may lose acknowledged writes (HOLDFAST_REDIS_DURABILITY=warn)", "faults", found.Faults)
		return nil, nil
	}
	findings := make([]audit.Finding, 0, len(found.Faults))
	for _, fault := range found.Faults {
		findings = append(findings, audit.Finding{Kind: audit.KindRedisNotDurable, Detail: fault})
	}
	return findings, nil
}

// coldOrders opens the orders that have left Redis. It returns nil if no index is given or
// its view of orders is incomplete: an order that such a view lacks may exist all the same.
func (c *auditCommand) coldOrders(ctx context.Context, log *slog.Logger) (cold audit.ColdOrders, done func(), err error) {
	index, err := c.readIndex(ctx)
	if err != nil || index == nil {
		return nil, func() {}, err
	}
	done = func() { _ = index.Close() } // the process is ending
	stale, err := index.Stale(ctx)
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("check the search index (ELASTICSEARCH_URL): %w", search.WithCause(err))
	}
	if slices.Contains(stale, search.ViewOrders) {
		log.WarnContext(ctx, "the orders view is incomplete: the audit continues without it")
		return nil, done, nil
	}
	return index, done, nil
}

func printAudit(out out, r audit.Report) {
	for _, done := range r.Repaired {
		_, _ = fmt.Fprintf(out.stdout, "repaired: %s; %s\n", done.Finding, done.Done)
	}
	for _, left := range r.NotRepaired {
		_, _ = fmt.Fprintf(out.stdout, "not repaired: %s; %s\n", left.Finding, left.Done)
	}
	for _, f := range r.Findings {
		_, _ = fmt.Fprintln(out.stdout, f)
	}
	if r.Cold > 0 {
		_, _ = fmt.Fprintf(out.stdout, "%d of the orders are only in the orders view\n", r.Cold)
	}
	if r.Coupons > 0 {
		_, _ = fmt.Fprintf(out.stdout, "%d coupons, %d claims on them\n", r.Coupons, r.Claims)
	}
	verdict := "everything adds up"
	if n := len(r.Findings); n > 0 {
		verdict = fmt.Sprintf("%d findings", n)
	}
	_, _ = fmt.Fprintf(out.stdout, "%d products, %d holds, %d orders, %d workflows in %.1f s: %s\n",
		r.Products, r.Holds, r.Orders, r.Workflows, r.Seconds, verdict)
}
