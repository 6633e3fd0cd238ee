package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"holdfast/saga"
)

// progressPoll is how often the progress of a worker's work is asked for.
const progressPoll = 300 * time.Millisecond

// unclaimedFor is how long work may wait for a worker before this is worth a word.
const unclaimedFor = 3 * time.Second

// onWorker is work that a worker does, as a workflow of which there is one at a time,
// and that this command watches.
type onWorker struct {
	workflow, id, summary string
	// what it is about, for the progress bar.
	what   string
	params any
}

// run starts the work, or joins the one that goes on, and waits for its result.
func (w onWorker) run(ctx context.Context, c client.Client, out out, result any) error {
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: w.id, TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            w.summary,
	}, w.workflow, w.params)
	if err != nil {
		return fmt.Errorf("start workflow %s: %w", w.id, err)
	}
	watching, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		w.watch(watching, c, run, out)
	}()
	err = run.Get(ctx, result)
	stop()
	<-watched
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("stopped watching; it goes on as workflow %s", w.id)
	}
	if why, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return errors.New(why.Message())
	}
	return err
}

// watch shows how far the work is, as its worker tells Temporal, and why nothing
// moves, until ctx ends.
func (w onWorker) watch(ctx context.Context, c client.Client, run client.WorkflowRun, out out) {
	progress := &stages{out: out}
	defer progress.end()
	shown := saga.RebuildProgress{}
	trouble := ""
	ticker := time.NewTicker(progressPoll)
	defer ticker.Stop()
	for claimed := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := lookAt(ctx, c, run)
		if !now.unclaimed {
			claimed = time.Now()
		} else if time.Since(claimed) > unclaimedFor {
			now.trouble = "no worker takes it"
		}
		if now.trouble != trouble && now.trouble != "" {
			_, _ = fmt.Fprintf(out.stderr, "%s: %s\n", w.what, now.trouble)
		}
		trouble = now.trouble
		if now.progress == nil {
			continue
		}
		if now.progress.Stage != shown.Stage || now.progress.Done < shown.Done {
			shown = saga.RebuildProgress{Stage: now.progress.Stage}
		}
		progress.stepOf(w.what+", "+now.progress.Stage, int(now.progress.Done-shown.Done), now.progress.Total)
		shown = *now.progress
	}
}

// look is what Temporal says of work that goes on.
type look struct {
	progress  *saga.RebuildProgress // nil where no try has told any
	trouble   string                // why it doesn't go on
	unclaimed bool                  // no worker has it
}

func lookAt(ctx context.Context, c client.Client, run client.WorkflowRun) look {
	d, err := c.DescribeWorkflowExecution(ctx, run.GetID(), run.GetRunID())
	if err != nil {
		return look{} // the next look may tell
	}
	if len(d.GetPendingActivities()) == 0 {
		return look{unclaimed: d.GetPendingWorkflowTask().GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED}
	}
	a := d.GetPendingActivities()[0]
	now := look{unclaimed: a.GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED}
	if why := a.GetLastFailure(); why != nil {
		now.unclaimed = false
		now.trouble = "tried, and tries again: " + why.GetMessage()
	}
	var p saga.RebuildProgress
	if details := a.GetHeartbeatDetails(); details != nil &&
		converter.GetDefaultDataConverter().FromPayloads(details, &p) == nil {
		now.progress = &p
	}
	return now
}
