package temporal_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/dev/temporal"
)

// pollOnce takes a workflow task, as a worker does, and leaves it undone.
func pollOnce(t *testing.T, c client.Client) *workflowservice.PollWorkflowTaskQueueResponse {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	task, err := c.WorkflowService().PollWorkflowTaskQueue(ctx, &workflowservice.PollWorkflowTaskQueueRequest{
		Namespace: "default", TaskQueue: &taskqueuepb.TaskQueue{Name: "q"}, Identity: t.Name(),
	})
	require.NoError(t, err)
	require.NotEmpty(t, task.GetTaskToken(), "there was no task")
	return task
}

func TestAWorkflowTaskOfADeadProcessIsGivenToTheNextOneAtOnce(t *testing.T) {
	opts := temporal.Options{File: filepath.Join(t.TempDir(), "temporal.db"), WithoutUI: true}
	first, err := temporal.Start(t.Context(), opts)
	require.NoError(t, err)
	c := dial(t, first)
	for _, id := range []string{"order/1", "order/2"} {
		_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID: id, TaskQueue: "q",
			WorkflowTaskTimeout: time.Minute, // far beyond the patience of this test
		}, "Order")
		require.NoError(t, err)
		require.EqualValues(t, 1, pollOnce(t, c).GetAttempt())
	}
	c.Close()
	require.NoError(t, first.Stop(t.Context()))

	c = dial(t, start(t, opts))
	for range 2 {
		require.EqualValues(t, 2, pollOnce(t, c).GetAttempt())
	}
}

// onceWorkflow returns how far an activity came that isn't retried.
func onceWorkflow(ctx workflow.Context) (came int, err error) {
	err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 40 * time.Second, // beyond the patience of this test
		RetryPolicy:         &sdk.RetryPolicy{MaximumAttempts: 1},
	}), "Sweep").Get(ctx, nil)
	if died, ok := errors.AsType[*sdk.ApplicationError](err); ok && died.HasDetails() {
		return came, died.Details(&came)
	}
	return 0, err
}

func TestAWorkflowHearsHowFarAnActivityOfADeadProcessCame(t *testing.T) {
	opts := temporal.Options{File: filepath.Join(t.TempDir(), "temporal.db"), WithoutUI: true}
	first, err := temporal.Start(t.Context(), opts)
	require.NoError(t, err)
	c := dial(t, first)
	work := func(c client.Client) worker.Worker {
		w := worker.New(c, "q", worker.Options{LocalActivityWorkerOnly: true, DisableEagerActivities: true})
		w.RegisterWorkflowWithOptions(onceWorkflow, workflow.RegisterOptions{Name: "Sweep"})
		require.NoError(t, w.Start())
		return w
	}
	w := work(c)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "sweep", TaskQueue: "q"}, "Sweep")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	task, err := c.WorkflowService().PollActivityTaskQueue(ctx, &workflowservice.PollActivityTaskQueueRequest{
		Namespace: "default", TaskQueue: &taskqueuepb.TaskQueue{Name: "q"}, Identity: t.Name(),
	})
	require.NoError(t, err)
	require.NotEmpty(t, task.GetTaskToken(), "there was no task")
	require.NoError(t, c.RecordActivityHeartbeat(t.Context(), task.GetTaskToken(), 7))
	w.Stop()
	c.Close()
	require.NoError(t, first.Stop(t.Context()))

	c = dial(t, start(t, opts))
	w = work(c)
	defer w.Stop()
	ctx, cancel = context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	var came int
	require.NoError(t, c.GetWorkflow(ctx, run.GetID(), run.GetRunID()).Get(ctx, &came))
	require.Equal(t, 7, came)
}

// patientWorkflow waits for an activity that is retried until it succeeds.
func patientWorkflow(ctx workflow.Context) error {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 40 * time.Second, // beyond the patience of this test
	}), "Release").Get(ctx, nil)
}

func TestAnActivityOfADeadProcessIsTriedAgainAtOnce(t *testing.T) {
	opts := temporal.Options{File: filepath.Join(t.TempDir(), "temporal.db"), WithoutUI: true}
	first, err := temporal.Start(t.Context(), opts)
	require.NoError(t, err)
	c := dial(t, first)
	work := func(c client.Client, activities bool) worker.Worker {
		w := worker.New(c, "q", worker.Options{LocalActivityWorkerOnly: !activities, DisableEagerActivities: true})
		w.RegisterWorkflowWithOptions(patientWorkflow, workflow.RegisterOptions{Name: "Order"})
		w.RegisterActivityWithOptions(func(context.Context) error { return nil }, activity.RegisterOptions{Name: "Release"})
		require.NoError(t, w.Start())
		return w
	}
	w := work(c, false)
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "order/1", TaskQueue: "q"}, "Order")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	task, err := c.WorkflowService().PollActivityTaskQueue(ctx, &workflowservice.PollActivityTaskQueueRequest{
		Namespace: "default", TaskQueue: &taskqueuepb.TaskQueue{Name: "q"}, Identity: t.Name(),
	})
	require.NoError(t, err)
	require.NotEmpty(t, task.GetTaskToken(), "there was no task")
	w.Stop()
	c.Close()
	require.NoError(t, first.Stop(t.Context()))

	c = dial(t, start(t, opts))
	w = work(c, true)
	defer w.Stop()
	ctx, cancel = context.WithTimeout(t.Context(), 25*time.Second)
	defer cancel()
	require.NoError(t, c.GetWorkflow(ctx, run.GetID(), run.GetRunID()).Get(ctx, nil))
}
