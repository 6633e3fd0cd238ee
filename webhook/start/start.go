// Package start opens the workflows that deliver webhooks.
package start

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"holdfast/saga"
	"holdfast/webhook"
)

// Starter is the part of Temporal's client that starts workflows.
type Starter interface {
	ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
}

// Delivery starts the workflow of an event and an endpoint: one of them, ever. Where it
// was started before, the event is on its way or there: that is no error.
func Delivery(ctx context.Context, c Starter, d webhook.Delivery) error {
	return begin(ctx, c, d, client.StartWorkflowOptions{
		ID:                       saga.WebhookWorkflowID(d.EndpointID, d.Event.ID),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
	})
}

// Replay sends an event once more, under its old id: once for each key, and without one
// whenever no such replay of it runs.
func Replay(ctx context.Context, c Starter, d webhook.Delivery, key string) error {
	o := client.StartWorkflowOptions{
		ID:                       saga.ReplayWorkflowID(d.EndpointID, d.Event.ID),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}
	if key != "" {
		o.ID += "/" + key
		o.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	}
	return begin(ctx, c, d, o)
}

func begin(ctx context.Context, c Starter, d webhook.Delivery, o client.StartWorkflowOptions) error {
	o.TaskQueue, o.StaticSummary = saga.WebhookQueue, saga.WebhookSummary(d)
	_, err := c.ExecuteWorkflow(ctx, o, saga.WebhookType, d)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return nil
	}
	if _, refused := errors.AsType[*serviceerror.InvalidArgument](err); refused {
		return fmt.Errorf("%w: %w", webhook.ErrNeverTaken, err)
	}
	if err != nil {
		return fmt.Errorf("start the delivery of event %s to webhook %s: %w", d.Event.ID, d.EndpointID, err)
	}
	return nil
}
