package worker

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/saga"
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
	w.RegisterWorkflowWithOptions(workflows.Reindex, workflow.RegisterOptions{Name: saga.ReindexType})
	w.RegisterWorkflowWithOptions(workflows.AuditViews, workflow.RegisterOptions{Name: saga.AuditViewsType})
	register(w, activities.RebuildView, (&activities.Rebuild{Run: rebuildView(c)}).Execute)
	register(w, activities.CompareViews, (&activities.Compare{Run: compareViews(c)}).Execute)
}

// rebuildView builds a view anew, for the activity of that name.
func rebuildView(c Config) func(context.Context, saga.RebuildParams, func(saga.RebuildProgress)) (saga.RebuildResult, error) {
	return func(ctx context.Context, p saga.RebuildParams, progress func(saga.RebuildProgress)) (saga.RebuildResult, error) {
		if c.Index == nil {
			return saga.RebuildResult{}, errNoIndex
		}
		view := search.View(p.View)
		if p.Unasked { // looked at again: since it was started, the index may have come back empty
			if err := coldOrdersLost(ctx, c, view); err != nil {
				return saga.RebuildResult{}, final(err)
			}
		}
		r := reindex.Rebuilder{
			Index: c.Index, Homes: sources{NewHomes(c.Redis)}, Changes: NewChanges(c.Redis),
			Lost: lostOrders{c.sagas}, Log: c.Log, Passing: passing,
			Progress: func(p reindex.Progress) {
				progress(saga.RebuildProgress{Stage: string(p.Stage), Done: p.Done, Total: p.Total})
			},
		}
		report, err := r.Run(ctx, view)
		if err != nil {
			return saga.RebuildResult{}, final(search.WithCause(err)) // an operator reads it
		}
		res := saga.RebuildResult{
			View: p.View, FromHomes: report.FromHomes, FromOldView: report.FromOldView, FromWorkflows: report.FromWorkflows,
			Changed: report.Changed, Poisoned: report.Poisoned, Seconds: report.Seconds,
		}
		for _, bad := range report.PoisonedFirst {
			res.PoisonedFirst = append(res.PoisonedFirst, bad.ID+": "+bad.Reason)
		}
		return res, nil
	}
}

// The types of the errors after which a rebuild isn't tried again.
const (
	refusedType = saga.RebuildRefusedError
	lostType    = "cold_orders_lost"
)

// final ends the workflow where trying again is in vain until somebody has done
// something.
func final(err error) error {
	if refused, ok := errors.AsType[*reindex.RefusedError](err); ok {
		return temporal.NewNonRetryableApplicationError(refused.Error(), refusedType, err)
	}
	if lost, ok := errors.AsType[*coldLostError](err); ok {
		return temporal.NewNonRetryableApplicationError(lost.Error(), lostType, err)
	}
	return err
}
