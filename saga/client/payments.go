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

// A signal is sent again to a Temporal that is away for a moment; when that lasts, the
// provider sends it again.
const (
	signalTries = 5
	signalPause = 50 * time.Millisecond // doubles
)

// AssignPayment hands an order's workflow a payment.
func (c *Client) AssignPayment(ctx context.Context, e order.PaymentEvent) error {
	return c.temporal.SignalWorkflow(ctx, saga.OrderWorkflowID(e.OrderID), "", saga.PaymentSignal, e)
}

// TellPayment sends an order's workflow what a provider says, under an id made of what it
// says. Temporal takes 10,000 signals of one workflow, and drops those whose id it has had
// without counting them: however often a provider repeats itself, or a buyer has the same
// payment fail, the payment that pays the order comes through. The error is a
// saga.ErrNotFound where no such workflow runs, and a saga.ErrNeverTaken where it has had
// too many.
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

// passes reports whether Temporal may take a moment later what it didn't take now.
func passes(err error) bool {
	var (
		away *serviceerror.Unavailable
		busy *serviceerror.ResourceExhausted
	)
	return errors.As(err, &away) || errors.As(err, &busy)
}

// FindRunning returns a saga.ErrNotFound where the order's workflow doesn't run. Temporal
// answers a signal whose id it has had as taken, also one of a workflow that was terminated
// before it read the first: only asking tells them apart.
func (c *Client) FindRunning(ctx context.Context, orderID string) error {
	d, err := c.temporal.DescribeWorkflow(ctx, saga.OrderWorkflowID(orderID), "")
	if err != nil {
		return fmt.Errorf("is order %s open: %w", orderID, typed(err))
	}
	if d.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || d.Status == enums.WORKFLOW_EXECUTION_STATUS_PAUSED {
		return nil
	}
	return fmt.Errorf("%w: the saga of order %s has ended", saga.ErrNotFound, orderID)
}
