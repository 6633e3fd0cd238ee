package client

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"

	"holdfast/order"
	"holdfast/saga"
)

// AssignPayment passes a payment to an order's workflow.
func (c *Client) AssignPayment(ctx context.Context, e order.PaymentEvent) error {
	return c.temporal.SignalWorkflow(ctx, saga.OrderWorkflowID(e.OrderID), "", saga.PaymentSignal, e)
}

// TellPayment sends a provider's message to an order's workflow, under an id made of its
// content. Temporal accepts 10,000 signals per workflow, and drops repeated ids without
// counting them. So however often a provider repeats itself, or a buyer's payment fails,
// the message that pays the order comes through. The error is a saga.ErrNotFound if no such
// workflow is running, and a saga.ErrNeverTaken if it has received too many.
func (c *Client) TellPayment(ctx context.Context, e order.PaymentEvent, said string) error {
	return c.signalTo(ctx, saga.OrderWorkflowID(e.OrderID), saga.PaymentSignal, said, e)
}

// FindRunning returns a saga.ErrNotFound if the order's workflow isn't running. Temporal
// accepts a signal with a known id even if the workflow was terminated before it read the
// first one: only describing the workflow tells the two cases apart.
func (c *Client) FindRunning(ctx context.Context, orderID string) error {
	d, err := c.temporal.DescribeWorkflow(ctx, saga.OrderWorkflowID(orderID), "")
	if err != nil {
		return fmt.Errorf("check whether order %s is open: %w", orderID, typed(err))
	}
	if d.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || d.Status == enums.WORKFLOW_EXECUTION_STATUS_PAUSED {
		return nil
	}
	return fmt.Errorf("%w: the saga of order %s has ended", saga.ErrNotFound, orderID)
}
