package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/audit"
	"holdfast/search"
	"holdfast/search/reindex"
	"holdfast/workflows"
)

// errNoIndex ends what is asked of a worker that has no views.
var errNoIndex = temporal.NewNonRetryableApplicationError(
	"this worker has no search index: start it with ELASTICSEARCH_URL", "no_index", nil)

// registerViews registers what is done to whole views. Without an index it says so,
// rather than leaving who asked to wait.
func registerViews(w sdk.Registry, c Config) {
	w.RegisterWorkflowWithOptions(workflows.Reindex, workflow.RegisterOptions{Name: workflows.ReindexType})
	w.RegisterWorkflowWithOptions(workflows.AuditViews, workflow.RegisterOptions{Name: workflows.AuditViewsType})
	register(w, activities.RebuildView, (&activities.Rebuild{Run: rebuildView(c)}).Execute)
	register(w, activities.CompareViews, (&activities.Compare{Run: compareViews(c)}).Execute)
}

// rebuildView builds a view anew, for the activity of that name.
func rebuildView(c Config) func(context.Context, string, func(activities.RebuildProgress)) (activities.RebuildResult, error) {
	return func(ctx context.Context, view string, progress func(activities.RebuildProgress)) (activities.RebuildResult, error) {
		if c.Index == nil {
			return activities.RebuildResult{}, errNoIndex
		}
		r := reindex.Rebuilder{
			Index: c.Index, Homes: sources{NewHomes(c.Redis)}, Changes: NewChanges(c.Redis),
			Lost: lostOrders{audit.NewTemporalOrders(c.Temporal, c.Namespace)}, Log: c.Log,
			Progress: func(p reindex.Progress) {
				progress(activities.RebuildProgress{Stage: string(p.Stage), Done: p.Done, Total: p.Total})
			},
		}
		report, err := r.Run(ctx, search.View(view))
		if err != nil {
			return activities.RebuildResult{}, search.WithCause(err) // an operator started it
		}
		res := activities.RebuildResult{
			View: view, FromHomes: report.FromHomes, FromOldView: report.FromOldView, FromWorkflows: report.FromWorkflows,
			Changed: report.Changed, Poisoned: report.Poisoned, Seconds: report.Seconds,
		}
		for _, bad := range report.PoisonedFirst {
			res.PoisonedFirst = append(res.PoisonedFirst, bad.ID+": "+bad.Reason)
		}
		return res, nil
	}
}

// Looking after the views: how long the look at a worker's start may take, and how
// often it looks again.
const (
	firstLook  = 2 * time.Second
	lookPause  = 15 * time.Second
	retryPause = 5 * time.Second
)

// lookFirst looks at the views before the worker's first change, and answers whether
// it could. A new system has nothing to build its views from.
func lookFirst(ctx context.Context, c Config) bool {
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	empty, err := NewHomes(c.Redis).Empty(ctx)
	if err == nil && empty {
		return true
	}
	return startRebuilds(ctx, c) == nil
}

// watchViews starts the rebuild of views that are stale, now and then, until ctx ends:
// a view may be lost at any time, and in a rollout an older program may have rebuilt it.
func watchViews(ctx context.Context, c Config, looked bool) {
	for {
		pause := lookPause
		if !looked {
			pause = retryPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		err := startRebuilds(ctx, c)
		if looked = err == nil; !looked && ctx.Err() == nil {
			c.Log.WarnContext(ctx, "can't see to the views", "error", err)
		}
	}
}

// startRebuilds starts the rebuild of each view that is stale: made empty, lost, or of
// an older shape. One that goes on is left to it.
func startRebuilds(ctx context.Context, c Config) error {
	stale, err := c.Index.Stale(ctx)
	if err != nil {
		return fmt.Errorf("look at the views: %w", err)
	}
	for _, v := range stale {
		_, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID: workflows.ReindexWorkflowID(string(v)), TaskQueue: c.TaskQueue,
			WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
			StaticSummary:            fmt.Sprintf("Build the view of %s anew: it was empty, lost, or of an older shape", v),
		}, workflows.ReindexType, activities.RebuildParams{View: string(v)})
		if _, running := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); err != nil && !running {
			return fmt.Errorf("start the rebuild of %s: %w", v, err)
		}
	}
	return nil
}
