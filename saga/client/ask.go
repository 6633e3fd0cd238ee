package client

import (
	"context"
	"errors"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"holdfast/order"
	"holdfast/saga"
)

// Recorded reads the result of a finished workflow, and queries any other.
func (c *Client) Recorded(ctx context.Context, orderID string) (saga.Recorded, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	id := saga.OrderWorkflowID(orderID)
	d, err := c.temporal.DescribeWorkflowExecution(ctx, id, "")
	if isNotFound(err) {
		return saga.Recorded{}, nil
	}
	if err != nil {
		return saga.Recorded{}, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	status := d.GetWorkflowExecutionInfo().GetStatus()
	if status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		var res order.Result
		if err := c.temporal.GetWorkflow(ctx, id, "").Get(ctx, &res); err != nil {
			return saga.Recorded{}, fmt.Errorf("read the result of workflow %s: %w", id, err)
		}
		return saga.Recorded{Known: true, Closed: true, Status: res.Status, Version: res.Version}, nil
	}
	// A terminated workflow takes care of nothing, however far it came.
	running := status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || status == enums.WORKFLOW_EXECUTION_STATUS_PAUSED
	if !running && d.GetWorkflowExecutionInfo().GetHistoryLength() <= neverBegan {
		return saga.Recorded{}, nil
	}
	o, err := c.Order(ctx, orderID)
	if err != nil {
		return saga.Recorded{}, err
	}
	return saga.Recorded{Known: true, Running: running, ByForce: !running, Closed: o.Closed(), Status: o.Status, Version: o.Version}, nil
}

// neverBegan is the length of the history of a workflow that was terminated before a worker
// took its first task: started, task scheduled, terminated. It can't be queried, and never
// knew more than its placement.
const neverBegan = 3

// Order queries the workflow. That works for a closed one too, as long as Temporal keeps it
// and a worker is running.
func (c *Client) Order(ctx context.Context, orderID string) (order.Order, error) {
	var o order.Order
	err := c.ask(ctx, saga.OrderWorkflowID(orderID), saga.OrderQuery, &o, saga.ErrUnknownOrder)
	return o, err
}

// Payments queries the workflow.
func (c *Client) Payments(ctx context.Context, orderID string) (map[string]order.Attempt, error) {
	var all map[string]order.Attempt
	err := c.ask(ctx, saga.OrderWorkflowID(orderID), saga.PaymentsQuery, &all, saga.ErrUnknownOrder)
	return all, err
}

// Refund queries the refund's workflow.
func (c *Client) Refund(ctx context.Context, id saga.RefundID) (order.Refund, error) {
	var r order.Refund
	err := c.ask(ctx, saga.RefundWorkflowID(id.PaymentID, id.RefundID), saga.RefundQuery, &r, saga.ErrUnknownRefund)
	return r, err
}

// Dispute queries the dispute's workflow.
func (c *Client) Dispute(ctx context.Context, id saga.DisputeID) (order.Dispute, error) {
	var d order.Dispute
	err := c.ask(ctx, saga.DisputeWorkflowID(id.Provider, id.DisputeID), saga.DisputeQuery, &d, saga.ErrUnknownDispute)
	return d, err
}

// ask sends a query to a workflow; unknown is the error to return if there is none.
func (c *Client) ask(ctx context.Context, id, query string, into any, unknown error) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := c.temporal.QueryWorkflow(ctx, id, "", query)
	var (
		notReady *serviceerror.WorkflowNotReady
		failed   *serviceerror.QueryFailed
	)
	switch {
	case errors.As(err, &notReady), errors.As(err, &failed):
		return fmt.Errorf("%w: workflow %s: %w", saga.ErrStuck, id, err)
	case isNotFound(err):
		return fmt.Errorf("%w: %s", unknown, id)
	case err != nil:
		return fmt.Errorf("ask workflow %s for its %s (is a worker running?): %w", id, query, typed(err))
	}
	if err := answer.Get(into); err != nil {
		return fmt.Errorf("read the answer of workflow %s: %w", id, err)
	}
	return nil
}
