package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"holdfast/activities"
	"holdfast/search"
	"holdfast/workflows"
)

// reindexCommand builds search views anew. A worker does the work; this starts it
// and watches.
type reindexCommand struct {
	Views []string      `arg:"" optional:"" enum:"products,orders" help:"Which views: products, orders; all of them where none is named."`
	Wait  time.Duration `default:"5s" help:"How long to wait for Temporal."`
}

// reindexPoll is how often a rebuild's progress is asked for.
const reindexPoll = 300 * time.Millisecond

// Run waits until the views are swapped in.
func (c *reindexCommand) Run(ctx context.Context, out out) error {
	temporal, err := waitForTemporal(ctx, c.Wait, newLog(out.stderr))
	if err != nil {
		return err
	}
	defer temporal.Close()
	for _, v := range search.Views() {
		if len(c.Views) > 0 && !slices.Contains(c.Views, string(v)) {
			continue
		}
		if err := reindex(ctx, temporal, out, string(v)); err != nil {
			return err
		}
	}
	return nil
}

// reindex starts the rebuild of one view, or joins the one that goes on.
func reindex(ctx context.Context, temporal client.Client, out out, view string) error {
	run, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: workflows.ReindexWorkflowID(view), TaskQueue: workflows.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "Build the view of " + view + " anew",
	}, workflows.ReindexType, activities.RebuildParams{View: view})
	if err != nil {
		return fmt.Errorf("start the rebuild of %s: %w", view, err)
	}
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchRebuild(watching, temporal, run, out, view)
	}()
	var res activities.RebuildResult
	err = run.Get(ctx, &res)
	stop()
	<-watched
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return fmt.Errorf("stopped watching; the rebuild of %s goes on as workflow %s", view, run.GetID())
	}
	if err != nil {
		return fmt.Errorf("rebuild %s: %w", view, err)
	}
	printRebuild(out, res)
	return nil
}

func printRebuild(out out, r activities.RebuildResult) {
	_, _ = fmt.Fprintf(out.stdout, "%s: %d documents in %.1f s", r.View, r.FromHomes+r.FromOldView+r.FromWorkflows, r.Seconds)
	for what, n := range map[string]int64{"from the old view": r.FromOldView, "from workflows": r.FromWorkflows, "changed meanwhile": r.Changed} {
		if n > 0 {
			_, _ = fmt.Fprintf(out.stdout, ", %d %s", n, what)
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

// watchRebuild shows how far a rebuild is, as its worker tells Temporal, until ctx
// ends.
func watchRebuild(ctx context.Context, temporal client.Client, run client.WorkflowRun, out out, view string) {
	progress := &stages{out: out}
	defer progress.end()
	shown := activities.RebuildProgress{}
	ticker := time.NewTicker(reindexPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, ok := rebuildProgress(ctx, temporal, run)
		if !ok {
			continue
		}
		if now.Stage != shown.Stage || now.Done < shown.Done {
			shown = activities.RebuildProgress{Stage: now.Stage}
		}
		progress.stepOf(view+", "+now.Stage, int(now.Done-shown.Done), now.Total)
		shown = now
	}
}

// rebuildProgress is what the rebuild's last heartbeat said.
func rebuildProgress(ctx context.Context, temporal client.Client, run client.WorkflowRun) (p activities.RebuildProgress, ok bool) {
	d, err := temporal.DescribeWorkflowExecution(ctx, run.GetID(), run.GetRunID())
	if err != nil {
		return p, false // the next look may tell
	}
	for _, a := range d.GetPendingActivities() {
		if details := a.GetHeartbeatDetails(); details != nil {
			err := converter.GetDefaultDataConverter().FromPayloads(details, &p)
			return p, err == nil
		}
	}
	return p, false
}
