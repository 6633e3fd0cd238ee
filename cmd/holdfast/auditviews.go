package main

import (
	"context"
	"fmt"

	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// auditViews compares the search views with their entities. A worker does it, since an
// embedded index belongs to its process.
func (c *auditCommand) auditViews(ctx context.Context, sagas *sagaclient.Client, out out) error {
	var res saga.CompareResult
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
	if res.Found > 0 {
		return errFindings
	}
	return nil
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
