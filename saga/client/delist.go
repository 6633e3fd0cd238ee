package client

import (
	"context"
	"fmt"

	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"holdfast/saga"
)

// Delist starts the workflow that ends a listing, or finds the one that runs, and returns
// its id.
func (c *Client) Delist(ctx context.Context, d saga.Delisting) (workflowID string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	workflowID = saga.DelistWorkflowID(d.ProductID, d.Listing)
	_, err = c.temporal.ExecuteWorkflow(ctx, sdk.StartWorkflowOptions{
		ID: workflowID, TaskQueue: saga.TaskQueue,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            "end the sale of " + d.ProductID,
	}, saga.DelistType, d)
	return workflowID, typed(err)
}

// TellDelisting tells an order's workflow that a product of it is delisted. The request
// has the delisting's own id, by which Temporal knows a signal that it has taken: told
// again, by another attempt or another worker, the order hears of it once.
func (c *Client) TellDelisting(ctx context.Context, orderID string, d saga.Delisting) error {
	input, err := converter.GetDefaultDataConverter().ToPayloads(d)
	if err != nil {
		return fmt.Errorf("encode the delisting of product %s: %w", d.ProductID, err)
	}
	_, err = c.temporal.WorkflowService().SignalWorkflowExecution(ctx, &workflowservice.SignalWorkflowExecutionRequest{
		Namespace:         c.namespace,
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: saga.OrderWorkflowID(orderID)},
		SignalName:        saga.DelistedSignal,
		Input:             input,
		RequestId:         saga.DelistWorkflowID(d.ProductID, d.Listing),
	})
	return err
}
