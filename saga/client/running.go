package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"holdfast/saga"
)

// StillWaiting returns which of the orders, at most a few hundred, have running workflows
// that wait for a payment, in one query for all of them. The list behind it may lag, and
// has been seen to miss the end of a workflow permanently: no decision may rest on it
// without a check by other means.
func (c *Client) StillWaiting(ctx context.Context, orderIDs []string) (map[string]bool, error) {
	if len(orderIDs) == 0 {
		return nil, nil
	}
	named := make([]string, len(orderIDs))
	orders := make(map[string]string, len(orderIDs))
	for i, id := range orderIDs {
		workflowID := saga.OrderWorkflowID(id)
		named[i], orders[workflowID] = "'"+workflowID+"'", id // ids contain no quotes
	}
	ask := &workflowservice.ListWorkflowExecutionsRequest{
		Query:    fmt.Sprintf("%s AND WorkflowId IN (%s)", saga.WaitingOrders, strings.Join(named, ", ")),
		PageSize: int32(len(orderIDs)), //nolint:gosec // a few hundred
	}
	page, err := c.temporal.ListWorkflow(ctx, ask)
	if err != nil {
		return nil, fmt.Errorf("ask which of %d orders wait for a payment: %w", len(orderIDs), err)
	}
	waiting := make(map[string]bool, len(orderIDs))
	for _, e := range page.GetExecutions() {
		if id, asked := orders[e.GetExecution().GetWorkflowId()]; asked {
			waiting[id] = true
		}
	}
	return waiting, nil
}

// EndedByForce lists a page of the orders whose workflows were terminated before the given
// time, and before they were paid or closed. It also returns the token of the next page,
// nil if there is none. Orders that were closed since stay on the list for as long as
// Temporal keeps their workflows.
func (c *Client) EndedByForce(ctx context.Context, before time.Time, behind []byte, limit int) (orderIDs []string, next []byte, err error) {
	page, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query:    fmt.Sprintf("%s AND CloseTime < '%s'", saga.EndedOrders, before.UTC().Format(time.RFC3339Nano)),
		PageSize: int32(limit), NextPageToken: behind, //nolint:gosec // a hundred
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list the orders whose workflows were terminated: %w", err)
	}
	for _, e := range page.GetExecutions() {
		if id, ok := strings.CutPrefix(e.GetExecution().GetWorkflowId(), saga.OrderWorkflowID("")); ok {
			orderIDs = append(orderIDs, id)
		}
	}
	return orderIDs, page.GetNextPageToken(), nil
}

// Runs reports whether an order's workflow is running.
func (c *Client) Runs(ctx context.Context, orderID string) (bool, error) {
	d, err := c.temporal.DescribeWorkflowExecution(ctx, saga.OrderWorkflowID(orderID), "")
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe the workflow of order %s: %w", orderID, err)
	}
	return isRunning(d.GetWorkflowExecutionInfo().GetStatus()), nil
}
