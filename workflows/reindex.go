package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/saga"
)

// Reindex rebuilds one search view while the old one keeps answering. It may be started at
// any time: a view is a copy.
func Reindex(ctx workflow.Context, p saga.RebuildParams) (saga.RebuildResult, error) {
	var res saga.RebuildResult
	ctx = activities.WholeWalk(ctx, "rebuild the view of "+p.View)
	err := workflow.ExecuteActivity(ctx, activities.NameRebuildView, p).Get(ctx, &res)
	return res, err
}

// AuditViews compares the search views with the entities that they copy.
func AuditViews(ctx workflow.Context, p saga.CompareParams) (saga.CompareResult, error) {
	var res saga.CompareResult
	ctx = activities.WholeWalk(ctx, "compare the views with their entities")
	err := workflow.ExecuteActivity(ctx, activities.NameCompareViews, p).Get(ctx, &res)
	return res, err
}
