package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/saga"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
)

// reindexCommand rebuilds search views. A worker does the work; this starts it and watches.
type reindexCommand struct {
	temporalFlags               //nolint:unused // found by its type: see connectsToTemporal
	Views         []string      `arg:"" optional:"" enum:"products,orders" help:"Which views: products, orders; all of them if none is named."`
	Wait          time.Duration `default:"5s" help:"How long to wait for Temporal."`
}

// Run waits until the views are swapped in.
func (c *reindexCommand) Run(ctx context.Context, out out) error {
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
	for _, v := range search.Views() {
		if len(c.Views) > 0 && !slices.Contains(c.Views, string(v)) {
			continue
		}
		if err := reindex(ctx, sagaclient.New(temporal, name), out, string(v)); err != nil {
			return err
		}
	}
	return nil
}

// reindex starts the rebuild of one view, or joins the running one.
func reindex(ctx context.Context, sagas *sagaclient.Client, out out, view string) error {
	var res saga.RebuildResult
	work, err := sagas.Rebuild(ctx, saga.RebuildParams{View: view})
	if err == nil {
		err = watchWork(ctx, work, view, out, &res)
	}
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", view, err)
	}
	printRebuild(out, res)
	return nil
}

func printRebuild(out out, r saga.RebuildResult) {
	_, _ = fmt.Fprintf(out.stdout, "%s: %d documents in %.1f s", r.View, r.FromHomes+r.FromOldView+r.FromWorkflows, r.Seconds)
	for _, some := range []struct {
		n    int64
		what string
	}{{r.FromOldView, "from the old view"}, {r.FromWorkflows, "from workflows"}, {r.Changed, "changed during the rebuild"}} {
		if some.n > 0 {
			_, _ = fmt.Fprintf(out.stdout, ", %d %s", some.n, some.what)
		}
	}
	_, _ = fmt.Fprintln(out.stdout)
	for _, reason := range r.PoisonedFirst {
		_, _ = fmt.Fprintln(out.stdout, "left out:", reason)
	}
	if rest := r.Poisoned - int64(len(r.PoisonedFirst)); rest > 0 {
		_, _ = fmt.Fprintf(out.stdout, "left out: %d more\n", rest)
	}
}
