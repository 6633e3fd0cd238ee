package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/saga"
)

// A signal is retried while Temporal is briefly unavailable; if that lasts, the provider
// sends the message again.
const (
	signalTries = 5
	signalPause = 50 * time.Millisecond // doubles
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
	input, err := converter.GetDefaultDataConverter().ToPayloads(e)
	if err != nil {
		return fmt.Errorf("encode the message of payment %s: %w", e.PaymentID, err)
	}
	request := &workflowservice.SignalWorkflowExecutionRequest{
		Namespace:         c.namespace,
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: saga.OrderWorkflowID(e.OrderID)},
		SignalName:        saga.PaymentSignal, Input: input, Identity: "gateway", RequestId: said,
	}
	for try := range signalTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return typed(err)
			case <-time.After(signalPause << try):
			}
		}
		if _, err = c.temporal.WorkflowService().SignalWorkflowExecution(ctx, request); !passes(err) {
			return typed(err)
		}
	}
	return typed(err)
}

// passes reports whether Temporal may accept later what it didn't accept now.
func passes(err error) bool {
	var (
		away *serviceerror.Unavailable
		busy *serviceerror.ResourceExhausted
	)
	return errors.As(err, &away) || errors.As(err, &busy)
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
