package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
)

// Sweep settles holds that outlived their order: those of terminated workflows
// and of a restored Redis. A schedule runs it each minute; a healthy system
// gives it nothing to do. Each run goes on behind the last one, also where that was
// interrupted: so no hold is out of reach behind those that can't be settled.
func Sweep(ctx workflow.Context) (activities.SweepResult, error) {
	var last, res activities.SweepResult
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			workflow.GetLogger(ctx).Warn("where the last run ended can't be read: this one begins anew", "error", err)
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

// progressOf returns how to read the last heartbeat of an activity that was interrupted,
// nil where it says none: Temporal knows it where its worker fell silent, and the server
// of make run, which knows that the worker's process died, says it as the error's details.
func progressOf(err error) func(into ...any) error {
	if timeout, ok := errors.AsType[*temporal.TimeoutError](err); ok && timeout.HasLastHeartbeatDetails() {
		return timeout.LastHeartbeatDetails
	}
	if died, ok := errors.AsType[*temporal.ApplicationError](err); ok && died.HasDetails() {
		return died.Details
	}
	return nil
}
