package client

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	sdk "go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/saga"
)

// Disputed passes a provider's message to the workflow of a dispute. The first message
// starts the workflow, and one that arrives after an operator has dismissed the dispute
// starts it again.
func (c *Client) Disputed(ctx context.Context, e order.PaymentEvent) error {
	d := order.Dispute{ID: e.Dispute.ID, Provider: e.Provider, PaymentID: e.PaymentID, OrderID: e.OrderID}
	said := *e.Dispute
	said.Provider, said.PaymentID, said.OrderID = d.Provider, d.PaymentID, d.OrderID
	_, err := c.temporal.SignalWithStartWorkflow(ctx, saga.DisputeWorkflowID(d.Provider, d.ID), saga.DisputedSignal, said,
		sdk.StartWorkflowOptions{
			TaskQueue:             saga.TaskQueue,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			Memo:                  map[string]any{saga.DisputeMemo: said},
			StaticSummary:         "dispute of payment " + d.PaymentID,
		}, saga.DisputeType, d)
	return typed(err)
}

// DismissDispute asks the dispute's workflow; one that has ended was dismissed before. It
// returns a saga.ErrUnknownDispute if the dispute isn't ours.
func (c *Client) DismissDispute(ctx context.Context, id saga.DisputeID, by saga.Dismissal) (d order.Dispute, err error) {
	workflowID := saga.DisputeWorkflowID(id.Provider, id.DisputeID)
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	err = c.update(ctx, workflowID, saga.DismissUpdate, updateID(saga.DismissUpdate, nil), by, &d)
	if isFinished(err) {
		err = c.result(ctx, workflowID, &d)
	}
	switch {
	case errors.Is(err, saga.ErrEndedByForce) || isNotFound(err):
		return d, saga.ErrUnknownDispute
	case err == nil && d.Status == "": // of a payment that isn't ours
		return d, saga.ErrUnknownDispute
	}
	return d, typed(err)
}
