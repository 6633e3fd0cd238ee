package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"holdfast/order"
	"holdfast/saga"
)

// Fate asks the workflow for its order's outcome, which is unknown if Temporal has
// forgotten it.
func (c *Client) Fate(ctx context.Context, orderID string) (saga.Fate, error) {
	id := saga.OrderWorkflowID(orderID)
	d, err := c.temporal.DescribeWorkflowExecution(ctx, id, "")
	switch {
	case isNotFound(err):
		return saga.Fate{}, nil
	case err != nil:
		return saga.Fate{}, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	var placedAt time.Time // also for a workflow that was reset
	if at := d.GetWorkflowExtendedInfo().GetOriginalStartTime(); at != nil {
		placedAt = at.AsTime()
	}
	switch d.GetWorkflowExecutionInfo().GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		var res order.Result
		if err := c.temporal.GetWorkflow(ctx, id, "").Get(ctx, &res); err != nil {
			return saga.Fate{}, fmt.Errorf("read the result of workflow %s: %w", id, err)
		}
		if !res.PlacedAt.IsZero() { // a resumed order: this run started later
			placedAt = res.PlacedAt
		}
		return saga.Fate{Known: true, Status: res.Status, Closed: true, PlacedAt: placedAt, Provider: res.Provider, PaymentID: res.PaymentID}, nil
	case enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_FAILED,
		enums.WORKFLOW_EXECUTION_STATUS_CANCELED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return c.asFarAsItCame(ctx, id, placedAt) // terminated: its history still shows how far it came
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING, enums.WORKFLOW_EXECUTION_STATUS_PAUSED,
		enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED:
		return saga.Fate{Known: true, Running: true}, nil
	}
	return saga.Fate{}, fmt.Errorf("workflow %s has a status that this version doesn't know", id)
}

// asFarAsItCame reads the history of a terminated workflow.
func (c *Client) asFarAsItCame(ctx context.Context, id string, placedAt time.Time) (saga.Fate, error) {
	var o order.Order
	err := c.query(ctx, id, saga.OrderQuery, &o)
	if _, nothing := errors.AsType[*serviceerror.WorkflowNotReady](err); nothing {
		// None of its tasks was ever completed: it has decided nothing.
		return saga.Fate{Known: true, Status: order.StatusReserving, PlacedAt: placedAt}, nil
	}
	if err != nil {
		return saga.Fate{}, err
	}
	fate := saga.FateOf(o)
	fate.Ended = &o
	return fate, c.query(ctx, id, saga.PaymentsQuery, &fate.Payments)
}

func (c *Client) query(ctx context.Context, id, query string, into any) error {
	v, err := c.temporal.QueryWorkflow(ctx, id, "", query)
	if err != nil {
		return fmt.Errorf("query workflow %s: %w", id, err)
	}
	if err := v.Get(into); err != nil {
		return fmt.Errorf("read the answer of workflow %s: %w", id, err)
	}
	return nil
}
