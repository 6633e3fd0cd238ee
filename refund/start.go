// Package refund opens the workflows that send payments back, for those who find
// one that an order can't take outside of the order's own workflow.
package refund

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/workflows"
)

// Starter is the part of Temporal's client that starts workflows.
type Starter interface {
	ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
}

// Options are how the workflow of a refund is started: one of an id, ever.
func Options(r order.Refund) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: workflows.RefundWorkflowID(r.PaymentID, r.ID), TaskQueue: workflows.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		Memo:                     map[string]any{workflows.RefundMemo: r},
		StaticSummary:            workflows.RefundSummary(r),
	}
}

// Start starts the workflow of a refund. Where one of its id was started before,
// this money goes back already, or went: that is no error.
func Start(ctx context.Context, c Starter, r order.Refund) error {
	_, err := c.ExecuteWorkflow(ctx, Options(r), workflows.RefundType, r)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return nil
	}
	return err
}
