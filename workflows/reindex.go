package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
)

// Reindex builds one search view anew, while the old one answers. It may be started
// at any time: a view is a copy.
func Reindex(ctx workflow.Context, p activities.RebuildParams) (activities.RebuildResult, error) {
	var res activities.RebuildResult
	ctx = activities.WholeWalk(ctx, "build the view of "+p.View+" anew")
	err := workflow.ExecuteActivity(ctx, activities.RebuildView, p).Get(ctx, &res)
	return res, err
}

// AuditViews compares the search views with the entities that they show.
func AuditViews(ctx workflow.Context, p activities.CompareParams) (activities.CompareResult, error) {
	var res activities.CompareResult
	ctx = activities.WholeWalk(ctx, "compare the views with their entities")
	err := workflow.ExecuteActivity(ctx, activities.CompareViews, p).Get(ctx, &res)
	return res, err
}
