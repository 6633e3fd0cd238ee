package setup

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/workflows"
)

// SweepID names the schedule of the sweeper and, with a time behind it, its
// workflows.
const SweepID = "sweep"

// sweepEvery is how often the sweeper looks for holds that nobody ends.
const sweepEvery = time.Minute

// EnsureSweep makes the sweeper's schedule, or brings the one that is there up
// to date; whether an operator has paused it stays as it is.
func EnsureSweep(ctx context.Context, c client.Client) error {
	spec := client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: sweepEvery}}}
	action := &client.ScheduleWorkflowAction{ID: SweepID, Workflow: workflows.SweepType, TaskQueue: workflows.TaskQueue}
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: SweepID, Spec: spec, Action: action,
		Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		// The next sweep finds what a missed one would have found.
		CatchupWindow: sweepEvery,
	})
	if err == nil {
		return nil
	}
	if !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("create schedule %s: %w", SweepID, err)
	}
	err = c.ScheduleClient().GetHandle(ctx, SweepID).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			s := in.Description.Schedule
			s.Spec, s.Action = &spec, action
			if s.Policy == nil {
				s.Policy = &client.SchedulePolicies{}
			}
			s.Policy.Overlap, s.Policy.CatchupWindow = enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, sweepEvery
			return &client.ScheduleUpdate{Schedule: &s}, nil
		},
	})
	if err != nil {
		return fmt.Errorf("update schedule %s: %w", SweepID, err)
	}
	return nil
}
