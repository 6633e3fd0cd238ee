package client

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	sdk "go.temporal.io/sdk/client"

	"holdfast/saga"
	"holdfast/webhook"
)

// DeliverWebhook starts the workflow that delivers an event to an endpoint, once ever. If
// it was started before, the event is being delivered or has been: that is no error.
func (c *Client) DeliverWebhook(ctx context.Context, d webhook.Delivery) error {
	return c.beginDelivery(ctx, d, sdk.StartWorkflowOptions{
		ID:                       saga.WebhookWorkflowID(d.EndpointID, d.Event.ID),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
	})
}

// ReplayWebhook sends an event once more, under its old id: once for each key and, without
// a key, whenever no such replay is running.
func (c *Client) ReplayWebhook(ctx context.Context, d webhook.Delivery, key string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	o := sdk.StartWorkflowOptions{
		ID:                       saga.ReplayWorkflowID(d.EndpointID, d.Event.ID),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}
	if key != "" {
		o.ID += "/" + key
		o.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE
	}
	return c.beginDelivery(ctx, d, o)
}

func (c *Client) beginDelivery(ctx context.Context, d webhook.Delivery, o sdk.StartWorkflowOptions) error {
	o.TaskQueue, o.StaticSummary = saga.WebhookQueue, saga.WebhookSummary(d)
	_, err := c.temporal.ExecuteWorkflow(ctx, o, saga.WebhookType, d)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return nil
	}
	if _, refused := errors.AsType[*serviceerror.InvalidArgument](err); refused {
		return fmt.Errorf("%w: %w", webhook.ErrNeverTaken, err)
	}
	if err != nil {
		return fmt.Errorf("start the delivery of event %s to webhook %s: %w", d.Event.ID, d.EndpointID, typed(err))
	}
	return nil
}
