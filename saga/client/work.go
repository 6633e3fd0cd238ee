package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"holdfast/saga"
)

// Work is a task of a worker in a workflow that exists once at a time.
type Work struct {
	// ID is the workflow's.
	ID  string
	c   *Client
	run sdk.WorkflowRun
}

// Rebuild starts the rebuild of a search view, or joins the running one.
func (c *Client) Rebuild(ctx context.Context, p saga.RebuildParams) (*Work, error) {
	return c.work(ctx, saga.ReindexWorkflowID(p.View), saga.ReindexType, "Rebuild the view of "+p.View, p)
}

// CompareViews starts a comparison of the views with their entities, or joins the running
// one.
func (c *Client) CompareViews(ctx context.Context, p saga.CompareParams) (*Work, error) {
	return c.work(ctx, saga.AuditViewsWorkflowID, saga.AuditViewsType, "Compare the views with their entities", p)
}

func (c *Client) work(ctx context.Context, id, kind, summary string, params any) (*Work, error) {
	run, err := c.temporal.ExecuteWorkflow(ctx, sdk.StartWorkflowOptions{
		ID: id, TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            summary,
	}, kind, params)
	if err != nil {
		return nil, fmt.Errorf("start workflow %s: %w", id, err)
	}
	return &Work{id, c, run}, nil
}

// Result waits until the work is done. If it failed, the error is the worker's.
func (w *Work) Result(ctx context.Context, into any) error {
	err := w.run.Get(ctx, into)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("stopped watching; the work continues as workflow %s", w.ID)
	}
	if why, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return errors.New(why.Message())
	}
	return err
}

// Progress is what Temporal reports about work in progress.
type Progress struct {
	Done      *saga.RebuildProgress // nil until a try has reported any
	Trouble   string                // why it doesn't continue
	Unclaimed bool                  // no worker has it
}

// Progress reads the work's progress. If Temporal can't be reached nothing is known; the
// next call may succeed.
func (w *Work) Progress(ctx context.Context) Progress {
	d, err := w.c.temporal.DescribeWorkflowExecution(ctx, w.run.GetID(), w.run.GetRunID())
	if err != nil {
		return Progress{}
	}
	if len(d.GetPendingActivities()) == 0 {
		return Progress{Unclaimed: d.GetPendingWorkflowTask().GetState() == enumspb.PENDING_WORKFLOW_TASK_STATE_SCHEDULED}
	}
	a := d.GetPendingActivities()[0]
	now := Progress{Unclaimed: a.GetState() == enumspb.PENDING_ACTIVITY_STATE_SCHEDULED}
	if why := a.GetLastFailure(); why != nil {
		now.Unclaimed = false
		now.Trouble = "failed, and will be retried: " + why.GetMessage()
	}
	var p saga.RebuildProgress
	if details := a.GetHeartbeatDetails(); details != nil &&
		converter.GetDefaultDataConverter().FromPayloads(details, &p) == nil {
		now.Done = &p
	}
	return now
}

// RebuildStale starts the rebuild of a view that needs one, on the given task queue. If
// one is running, it does nothing.
func (c *Client) RebuildStale(ctx context.Context, view, taskQueue string) error {
	_, err := c.temporal.ExecuteWorkflow(ctx, sdk.StartWorkflowOptions{
		ID: saga.ReindexWorkflowID(view), TaskQueue: taskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            fmt.Sprintf("Rebuild the view of %s: it was empty, lost, or of an older shape", view),
	}, saga.ReindexType, saga.RebuildParams{View: view, Unasked: true})
	if _, running := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); err != nil && !running {
		return fmt.Errorf("start the rebuild of %s: %w", view, err)
	}
	return nil
}

// RebuildRefused returns when and why the last rebuild of a view ended, whatever started
// it, if that was within the given time and because the new view refused a document.
// Otherwise the reason is empty.
func (c *Client) RebuildRefused(ctx context.Context, view string, within time.Duration) (at time.Time, reason string, err error) {
	id := saga.ReindexWorkflowID(view)
	d, err := c.temporal.DescribeWorkflowExecution(ctx, id, "")
	if isNotFound(err) {
		return at, "", nil
	}
	if err != nil {
		return at, "", fmt.Errorf("describe workflow %s: %w", id, err)
	}
	info := d.GetWorkflowExecutionInfo()
	at = info.GetCloseTime().AsTime()
	if info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_FAILED || time.Now().After(at.Add(within)) {
		return at, "", nil
	}
	err = c.temporal.GetWorkflow(ctx, id, info.GetExecution().GetRunId()).Get(ctx, nil)
	if why, ok := errors.AsType[*temporal.ApplicationError](err); ok && why.Type() == saga.RebuildRefusedError {
		return at, why.Message(), nil
	}
	return at, "", nil
}
