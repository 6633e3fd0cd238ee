package setup

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/saga"
)

// The schedules' ids, which are also those of their workflows, followed by a time.
const (
	SweepID  = "sweep"
	ForgetID = "forget"
)

const (
	// sweepEvery is how often the sweeper looks for holds that outlived their order.
	sweepEvery = time.Minute
	// forgetEvery is how often closed orders are moved out of Redis.
	forgetEvery = time.Hour
)

// EnsureSweep creates the sweeper's schedule, or updates the existing one; if an operator
// has paused it, it stays paused.
func EnsureSweep(ctx context.Context, c client.Client) error {
	return ensureSchedule(ctx, c, SweepID, saga.SweepType, sweepEvery)
}

// EnsureForget does the same for the schedule that moves closed orders out of Redis. A
// worker takes part in it only if it has an index.
func EnsureForget(ctx context.Context, c client.Client) error {
	return ensureSchedule(ctx, c, ForgetID, saga.ForgetType, forgetEvery)
}

func ensureSchedule(ctx context.Context, c client.Client, id, workflow string, every time.Duration) error {
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: every}}}
	action := &client.ScheduleWorkflowAction{ID: id, Workflow: workflow, TaskQueue: saga.TaskQueue}
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: id, Spec: spec, Action: action,
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		// The next run finds what a missed one would have found.
		CatchupWindow: every,
	})
	if err == nil {
		return nil
	}
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("create schedule %s: %w", id, err)
	}
	err = c.ScheduleClient().GetHandle(ctx, id).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			s := in.Description.Schedule
			s.Spec, s.Action = &spec, action
			if s.Policy == nil {
				s.Policy = &client.SchedulePolicies{}
			}
			s.Policy.Overlap, s.Policy.CatchupWindow = enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, every
			return &client.ScheduleUpdate{Schedule: &s}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("update schedule %s: %w", id, err)
	}
	return nil
}
