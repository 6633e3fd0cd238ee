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

// Delist starts the workflow that ends a listing, or finds the running one, and returns its
// id.
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

// TellDelisting signals an order's workflow that one of its products is delisted. The
// request id is made of the delisting, so Temporal recognises a repeated signal, whichever
// attempt or worker sends it, and the order receives it once.
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
