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

// refundOptions are how the workflow of a refund is started: one of an id, ever.
func refundOptions(r order.Refund) sdk.StartWorkflowOptions {
	return sdk.StartWorkflowOptions{
		ID: saga.RefundWorkflowID(r.PaymentID, r.ID), TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		Memo:                     map[string]any{saga.RefundMemo: r},
		StaticSummary:            saga.RefundSummary(r),
	}
}

// StartRefund starts the workflow of a refund. Where one of its id was started before,
// this money goes back already, or went: that is no error.
func (c *Client) StartRefund(ctx context.Context, r order.Refund) error {
	_, err := c.temporal.ExecuteWorkflow(ctx, refundOptions(r), saga.RefundType, r)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return nil
	}
	return typed(err)
}

// RefundFailed tells the workflow of a refund that the money did not arrive. One that has
// ended is started again: the provider may say so days after it said that it had paid.
func (c *Client) RefundFailed(ctx context.Context, e order.PaymentEvent) error {
	r := order.Refund{
		ID: e.Refund.ID, PaymentID: e.PaymentID, OrderID: e.OrderID, Provider: e.Provider, Amount: e.Amount,
		Currency: e.Currency, Reason: order.ReasonOf(e.Refund.ID), Status: order.RefundFailed,
		ProviderID: e.Refund.ProviderID, Detail: e.Refund.Detail,
	}
	options := refundOptions(r)
	options.WorkflowIDConflictPolicy = enums.WORKFLOW_ID_CONFLICT_POLICY_UNSPECIFIED // a signal goes to the run that is there
	options.WorkflowIDReusePolicy = enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE
	_, err := c.temporal.SignalWithStartWorkflow(ctx, options.ID, saga.RefundFailedSignal,
		saga.RefundFailure{ProviderID: e.Refund.ProviderID, Detail: e.Refund.Detail}, options, saga.RefundType, r)
	return typed(err)
}

// AskRefund starts the refund's workflow, or finds the one of an earlier call, waits until
// it is on record, and returns how it stands. It returns a saga.ErrUndecided where that
// takes too long.
func (c *Client) AskRefund(ctx context.Context, r order.Refund) (stands order.Refund, err error) {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	options := refundOptions(r)
	err = c.startAndUpdate(ctx, options, saga.RefundType, r, saga.RecordedUpdate, &stands)
	if isFinished(err) { // it is all over: its result says how
		err = c.temporal.GetWorkflow(ctx, options.ID, "").Get(ctx, &stands)
	}
	return stands, typed(err)
}

// DecideRefund hands the refund's workflow a decision, and returns how the refund stands
// then. Temporal answers one that is sent again under its key as it did the first time.
// The error is a saga.ErrNotWaiting where the refund waits for no such decision.
func (c *Client) DecideRefund(ctx context.Context, id saga.RefundID, d saga.Decision) (stands order.Refund, err error) {
	workflowID := saga.RefundWorkflowID(id.PaymentID, id.RefundID)
	err = c.decideRefund(ctx, workflowID, d, &stands)
	failed, refused := errors.AsType[*temporal.ApplicationError](err)
	switch {
	case isUndecided(err):
		return stands, typed(err)
	case refused && failed.Type() == saga.NotDecidableError:
		err = failed.Details(&stands)
	case isNotFound(err): // it is over, and no decision was made under this key while it wasn't
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
