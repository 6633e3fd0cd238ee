package views

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

	"holdfast/saga"
	"holdfast/search"
	"holdfast/search/reindex"
)

// errNoIndex ends requests to a worker that has no views.
var errNoIndex = temporal.NewNonRetryableApplicationError(
	"this worker has no search index: start it with ELASTICSEARCH_URL", "no_index", nil)

// Rebuild rebuilds a view, for activities.Rebuild.
func (k *Keeper) Rebuild(ctx context.Context, p saga.RebuildParams, progress func(saga.RebuildProgress)) (saga.RebuildResult, error) {
	if k.config.Index == nil {
		return saga.RebuildResult{}, errNoIndex
	}
	view := search.View(p.View)
	if p.Unasked { // checked again: the index may have come back empty since it was started
		if err := coldOrdersLost(ctx, k.config, view); err != nil {
			return saga.RebuildResult{}, final(err)
		}
	}
	r := reindex.Rebuilder{
		Index: k.config.Index, Entities: sources{NewEntities(k.config.Redis)}, Changes: NewChanges(k.config.Redis),
		Lost: lostOrders{k.config.Sagas}, Log: k.config.Log, Passing: passing,
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

// The types of the errors after which a rebuild isn't retried.
const (
	refusedType = saga.RebuildRefusedError
	lostType    = "cold_orders_lost"
)

// final ends the workflow if a retry can't help before an operator has acted.
func final(err error) error {
	if refused, ok := errors.AsType[*reindex.RefusedError](err); ok {
		return temporal.NewNonRetryableApplicationError(refused.Error(), refusedType, err)
	}
	if lost, ok := errors.AsType[*coldLostError](err); ok {
		return temporal.NewNonRetryableApplicationError(lost.Error(), lostType, err)
	}
	return err
}
