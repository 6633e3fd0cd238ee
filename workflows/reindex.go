package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/saga"
)

// Reindex builds one search view anew, while the old one answers. It may be started
// at any time: a view is a copy.
func Reindex(ctx workflow.Context, p saga.RebuildParams) (saga.RebuildResult, error) {
	var res saga.RebuildResult
	ctx = activities.WholeWalk(ctx, "build the view of "+p.View+" anew")
	err := workflow.ExecuteActivity(ctx, activities.NameRebuildView, p).Get(ctx, &res)
	return res, err
}

// AuditViews compares the search views with the entities that they show.
func AuditViews(ctx workflow.Context, p saga.CompareParams) (saga.CompareResult, error) {
	var res saga.CompareResult
	ctx = activities.WholeWalk(ctx, "compare the views with their entities")
	err := workflow.ExecuteActivity(ctx, activities.NameCompareViews, p).Get(ctx, &res)
	return res, err
}
