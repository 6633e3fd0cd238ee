package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
)

// Sweep settles holds that outlived their order, because a workflow was terminated or Redis
// was restored. A schedule runs it every minute; in a healthy system it finds nothing to
// do. Each run continues where the last one stopped, even if that was interrupted, so that
// holds which can't be settled never block those behind them.
func Sweep(ctx workflow.Context) (activities.SweepResult, error) {
	var last, res activities.SweepResult
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			workflow.GetLogger(ctx).Warn("the last run's position can't be read: starting from the beginning", "error", err)
		}
	}
	err := workflow.ExecuteActivity(activities.OneWalk(ctx, "settle overdue holds"), activities.NameSweepHolds, last.Next).
		Get(ctx, &res)
	if read := progressOf(err); read != nil {
		workflow.GetLogger(ctx).Warn("a run was interrupted", "error", err)
		err = read(&res)
		res.Interrupted = true
	}
	return res, err
}

// progressOf returns a function that reads the last heartbeat of an interrupted activity,
// or nil if there is none. Temporal knows the heartbeat if the worker fell silent. The
// server of make run, which notices that the worker's process died, passes it as the
// error's details.
func progressOf(err error) func(into ...any) error {
	if timeout, ok := errors.AsType[*temporal.TimeoutError](err); ok && timeout.HasLastHeartbeatDetails() {
		return timeout.LastHeartbeatDetails
	}
	if died, ok := errors.AsType[*temporal.ApplicationError](err); ok && died.HasDetails() {
		return died.Details
	}
	return nil
}
