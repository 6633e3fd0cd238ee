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

	"holdfast/activities"
	"holdfast/workflows"
)

// progressPoll is how often the progress of a worker's work is asked for.
const progressPoll = 300 * time.Millisecond

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
		ID: w.id, TaskQueue: workflows.TaskQueue,
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

// watch shows how far the work is, as its worker tells Temporal, until ctx ends.
func (w onWorker) watch(ctx context.Context, c client.Client, run client.WorkflowRun, out out) {
	progress := &stages{out: out}
	defer progress.end()
	shown := activities.RebuildProgress{}
	ticker := time.NewTicker(progressPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, ok := lastHeartbeat(ctx, c, run)
		if !ok {
			continue
		}
		if now.Stage != shown.Stage || now.Done < shown.Done {
			shown = activities.RebuildProgress{Stage: now.Stage}
		}
		progress.stepOf(w.what+", "+now.Stage, int(now.Done-shown.Done), now.Total)
		shown = now
	}
}

// lastHeartbeat is what the work's last heartbeat said.
func lastHeartbeat(ctx context.Context, c client.Client, run client.WorkflowRun) (p activities.RebuildProgress, ok bool) {
	d, err := c.DescribeWorkflowExecution(ctx, run.GetID(), run.GetRunID())
	if err != nil {
		return p, false // the next look may tell
	}
	for _, a := range d.GetPendingActivities() {
		if details := a.GetHeartbeatDetails(); details != nil {
			err := converter.GetDefaultDataConverter().FromPayloads(details, &p)
			return p, err == nil
		}
	}
	return p, false
}
