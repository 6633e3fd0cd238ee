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
	"holdfast/saga"
)

// Starter is the part of Temporal's client that starts workflows.
type Starter interface {
	ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
}

// Options are how the workflow of a refund is started: one of an id, ever.
func Options(r order.Refund) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: saga.RefundWorkflowID(r.PaymentID, r.ID), TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		Memo:                     map[string]any{saga.RefundMemo: r},
		StaticSummary:            saga.RefundSummary(r),
	}
}

// Signaller is the part of Temporal's client that signals workflows and starts those that
// don't run.
type Signaller interface {
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
}

// CameBack tells the workflow of a refund that the money did not arrive. One that has
// ended is started again: the provider may say so days after it said that it had paid.
func CameBack(ctx context.Context, c Signaller, e order.PaymentEvent) error {
	r := order.Refund{
		ID: e.Refund.ID, PaymentID: e.PaymentID, OrderID: e.OrderID, Provider: e.Provider, Amount: e.Amount,
		Currency: e.Currency, Reason: order.ReasonOf(e.Refund.ID), Status: order.RefundFailed,
		ProviderID: e.Refund.ProviderID, Detail: e.Refund.Detail,
	}
	options := Options(r)
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED // a signal goes to the run that is there
	options.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	_, err := c.SignalWithStartWorkflow(ctx, options.ID, saga.RefundFailedSignal,
		saga.RefundFailure{ProviderID: e.Refund.ProviderID, Detail: e.Refund.Detail}, options, saga.RefundType, r)
	return err
}

// Start starts the workflow of a refund. Where one of its id was started before,
// this money goes back already, or went: that is no error.
func Start(ctx context.Context, c Starter, r order.Refund) error {
	_, err := c.ExecuteWorkflow(ctx, Options(r), saga.RefundType, r)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return nil
	}
	return err
}
