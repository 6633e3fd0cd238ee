package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
)

// Forget moves finished orders out of Redis: those that were closed long ago and that the
// orders view has stored. A schedule runs it every hour.
func Forget(ctx workflow.Context) (activities.ForgetResult, error) {
	var res activities.ForgetResult
	err := workflow.ExecuteActivity(activities.OneLongWalk(ctx, "move closed orders out of Redis"), activities.NameForgetOrders).Get(ctx, &res)
	return res, err
}
