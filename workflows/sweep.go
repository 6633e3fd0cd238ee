package workflows

import (
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
)

// Sweep settles holds that outlived their order: those of terminated workflows
// and of a restored Redis. A schedule runs it each minute; a healthy system
// gives it nothing to do.
func Sweep(ctx workflow.Context) (activities.SweepResult, error) {
	var res activities.SweepResult
	err := workflow.ExecuteActivity(activities.OneWalk(ctx, "settle overdue holds"), activities.SweepHolds).Get(ctx, &res)
	return res, err
}
