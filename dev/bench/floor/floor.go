// Package floor is the minimum that an order can cost on Temporal: a workflow that is
// started by an update, runs one local activity that does nothing, waits for a payment
// message under a timer, and ends. Holdfast is compared with it, on the same server and
// with the same worker options.
package floor

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

const (
	taskQueue = "floor"
	nothing   = "nothing"
	place     = "place"
	payment   = "payment"
)

// Floor places and pays floor workflows.
type Floor struct {
	client client.Client
	worker worker.Worker
	paid   atomic.Int64
}

// Start runs the floor's worker.
func Start(c client.Client, opts worker.Options) (*Floor, error) {
	f := &Floor{client: c, worker: worker.New(c, taskQueue, opts)}
	f.worker.RegisterWorkflowWithOptions(f.order, workflow.RegisterOptions{Name: "Floor"})
	f.worker.RegisterActivityWithOptions(func(context.Context) error { return nil }, activity.RegisterOptions{Name: nothing})
	if err := f.worker.Start(); err != nil {
		return nil, fmt.Errorf("start the floor's worker: %w", err)
	}
	return f, nil
}

// Stop ends the floor's worker.
func (f *Floor) Stop() { f.worker.Stop() }

// Paid counts the workflows that have received their payment.
func (f *Floor) Paid() int64 { return f.paid.Load() }

// Place starts a workflow by its update and waits for the answer.
func (f *Floor) Place(ctx context.Context, id string) error {
	h, err := f.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: f.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: "floor/" + id, TaskQueue: taskQueue,
			WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
			WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		}, "Floor"),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: place, UpdateName: place, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return fmt.Errorf("place %s: %w", id, err)
	}
	return h.Get(ctx, nil)
}

// Pay sends the payment message.
func (f *Floor) Pay(ctx context.Context, id string) error {
	return f.client.SignalWorkflow(ctx, "floor/"+id, "", payment, "paid")
}

func (f *Floor) order(ctx workflow.Context) error {
	held := false
	if err := workflow.SetUpdateHandler(ctx, place, func(ctx workflow.Context) error {
		return workflow.Await(ctx, func() bool { return held })
	}); err != nil {
		return err
	}
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Second})
	if err := workflow.ExecuteLocalActivity(local, nothing).Get(ctx, nil); err != nil {
		return err
	}
	held = true
	timerCtx, stop := workflow.WithCancel(ctx)
	timer := workflow.NewTimer(timerCtx, 15*time.Minute)
	messages := workflow.GetSignalChannel(ctx, payment)
	if err := workflow.Await(ctx, func() bool { return messages.Len() > 0 || timer.IsReady() }); err != nil {
		return err
	}
	stop()
	messages.ReceiveAsync(nil)
	if !workflow.IsReplaying(ctx) {
		f.paid.Add(1)
	}
	return nil
}
