package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"holdfast/audit"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// auditViews compares the search views with their entities. A worker does it, since an
// embedded index belongs to its process.
func (c *auditCommand) auditViews(ctx context.Context, sagas *sagaclient.Client, log *slog.Logger, out out) error {
	var res saga.CompareResult
	begun := time.Now()
	work, err := sagas.CompareViews(ctx, saga.CompareParams{Looks: c.Looks})
	if err == nil {
		err = watchWork(ctx, work, "views", out, &res)
	}
	if err != nil {
		return fmt.Errorf("audit the views: %w", err)
	}
	if c.JSON {
		if err := printJSON(out, res); err != nil {
			return err
		}
	} else {
		printCompared(out, res)
	}
	if err := c.storeComparison(ctx, begun, res, log); err != nil {
		return err
	}
	if res.Found > 0 {
		return errFindings
	}
	return nil
}

// storeComparison stores the result if it was asked to. Comparing the views needs no Redis here.
func (c *auditCommand) storeComparison(ctx context.Context, begun time.Time, res saga.CompareResult, log *slog.Logger) error {
	if !c.Store {
		return nil
	}
	rdb, err := c.connect(ctx, c.Wait, log)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the process ends
	return c.store(ctx, rdb, begun, func(ran audit.Ran) audit.Stored { return audit.StoredComparison(res, ran) })
}

func printCompared(out out, r saga.CompareResult) {
	for _, f := range r.Findings {
		_, _ = fmt.Fprintf(out.stdout, "%s %s %s: %s\n", f.Kind, f.View, f.ID, f.Detail)
	}
	verdict := "the views match the entities"
	if r.Found > 0 {
		verdict = fmt.Sprintf("%d findings", r.Found)
	}
	cold := ""
	if r.Cold > 0 {
		cold = fmt.Sprintf(" (and %d that have left Redis)", r.Cold)
	}
	_, _ = fmt.Fprintf(out.stdout, "%d products, %d orders%s in %.1f s: %s\n", r.Products, r.Orders, cold, r.Seconds, verdict)
}
