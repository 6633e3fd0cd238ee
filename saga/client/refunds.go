package client

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/saga"
)

// refundOptions are the options for starting a refund's workflow: one per id, ever.
func refundOptions(r order.Refund) sdk.StartWorkflowOptions {
	return sdk.StartWorkflowOptions{
		ID: saga.RefundWorkflowID(r.PaymentID, r.ID), TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		Memo:                     map[string]any{saga.RefundMemo: r},
		StaticSummary:            saga.RefundSummary(r),
	}
}

// StartRefund starts the workflow of a refund. If it was started before, this money is
// being refunded already, or has been: that is no error.
func (c *Client) StartRefund(ctx context.Context, r order.Refund) error {
	_, err := c.temporal.ExecuteWorkflow(ctx, refundOptions(r), saga.RefundType, r)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return nil
	}
	return typed(err)
}

// RefundFailed tells the workflow of a refund that the money did not arrive. One that has
// ended is started again: the provider may report the failure days after it reported
// success.
func (c *Client) RefundFailed(ctx context.Context, e order.PaymentEvent) error {
	r := order.Refund{
		ID: e.Refund.ID, PaymentID: e.PaymentID, OrderID: e.OrderID, Provider: e.Provider, Amount: e.Amount,
		Currency: e.Currency, Reason: order.ReasonOf(e.Refund.ID), Status: order.RefundFailed,
		ProviderID: e.Refund.ProviderID, Detail: e.Refund.Detail,
	}
	options := refundOptions(r)
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED // a signal goes to the existing run
	options.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	_, err := c.temporal.SignalWithStartWorkflow(ctx, options.ID, saga.RefundFailedSignal,
		saga.RefundFailure{ProviderID: e.Refund.ProviderID, Detail: e.Refund.Detail}, options, saga.RefundType, r)
	return typed(err)
}

// AskRefund starts the refund's workflow, or finds the one of an earlier call, waits until
// it is recorded, and returns its state. It returns a saga.ErrUndecided if that takes too
// long.
func (c *Client) AskRefund(ctx context.Context, r order.Refund) (stands order.Refund, err error) {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	options := refundOptions(r)
	err = c.startAndUpdate(ctx, options, saga.RefundType, r, saga.RecordedUpdate, &stands)
	if isFinished(err) { // it has ended: its result is the state
		err = c.temporal.GetWorkflow(ctx, options.ID, "").Get(ctx, &stands)
	}
	return stands, typed(err)
}

// DecideRefund sends a decision to the refund's workflow, and returns the refund's state
// afterwards. A decision repeated under its key gets the first answer again. The error is a
// saga.ErrNotWaiting if the refund waits for no such decision.
func (c *Client) DecideRefund(ctx context.Context, id saga.RefundID, d saga.Decision) (stands order.Refund, err error) {
	workflowID := saga.RefundWorkflowID(id.PaymentID, id.RefundID)
	err = c.decideRefund(ctx, workflowID, d, &stands)
	failed, refused := errors.AsType[*temporal.ApplicationError](err)
	switch {
	case isUndecided(err):
		return stands, typed(err)
	case refused && failed.Type() == saga.NotDecidableError:
		err = failed.Details(&stands)
	case isNotFound(err): // it has ended, without a decision under this key
		err = c.result(ctx, workflowID, &stands)
		if errors.Is(err, saga.ErrEndedByForce) || isNotFound(err) {
			return stands, saga.ErrUnknownRefund
		}
	default:
		return stands, typed(err)
	}
	if err != nil {
		return stands, typed(err)
	}
	return stands, saga.ErrNotWaiting
}

func (c *Client) decideRefund(ctx context.Context, workflowID string, d saga.Decision, stands *order.Refund) error {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	return c.update(ctx, workflowID, saga.DecideUpdate, updateID(saga.DecideUpdate, &d.Key), d, stands)
}
