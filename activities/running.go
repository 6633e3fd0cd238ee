package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"holdfast/order"
	"holdfast/product"
)

// StillWaiting returns those of the orders, at most some hundreds, whose workflows run and
// wait for a payment, by one question for all of them. The list that answers it may be
// behind, and has been seen to miss the end of a workflow for good: nothing may be decided
// by it that isn't looked at again by other ways.
func (f *Fates) StillWaiting(ctx context.Context, orderIDs []string) (map[string]bool, error) {
	if len(orderIDs) == 0 {
		return nil, nil
	}
	named := make([]string, len(orderIDs))
	orders := make(map[string]string, len(orderIDs))
	for i, id := range orderIDs {
		workflowID := f.WorkflowID(id)
		named[i], orders[workflowID] = "'"+workflowID+"'", id // ids have no quotes
	}
	ask := &workflowservice.ListWorkflowExecutionsRequest{
		Query:    fmt.Sprintf("%s AND WorkflowId IN (%s)", f.Waiting, strings.Join(named, ", ")),
		PageSize: int32(len(orderIDs)), //nolint:gosec // some hundreds
	}
	page, err := f.Temporal.ListWorkflow(ctx, ask)
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

// EndedByForce lists a page of the orders whose workflows were ended by force before the
// given time, and before they were paid or closed; then where the next page begins, nil
// where no more follow. Orders that were closed since stay on the list, for as long as
// Temporal keeps their workflows.
func (f *Fates) EndedByForce(ctx context.Context, before time.Time, behind []byte, limit int) (orderIDs []string, next []byte, err error) {
	page, err := f.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query:    fmt.Sprintf("%s AND CloseTime < '%s'", f.Ended, before.UTC().Format(time.RFC3339Nano)),
		PageSize: int32(limit), NextPageToken: behind, //nolint:gosec // a hundred
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list the orders whose workflows were ended by force: %w", err)
	}
	for _, e := range page.GetExecutions() {
		if id, ok := strings.CutPrefix(e.GetExecution().GetWorkflowId(), f.WorkflowID("")); ok {
			orderIDs = append(orderIDs, id)
		}
	}
	return orderIDs, page.GetNextPageToken(), nil
}

// Runs reports whether an order's workflow runs.
func (f *Fates) Runs(ctx context.Context, orderID string) (bool, error) {
	d, err := f.Temporal.DescribeWorkflowExecution(ctx, f.WorkflowID(orderID), "")
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("describe the workflow of order %s: %w", orderID, err)
	}
	return isRunning(d.GetWorkflowExecutionInfo().GetStatus()), nil
}

// isRunning reports whether a workflow is at work, or another run of it goes on.
func isRunning(s enums.WorkflowExecutionStatus) bool {
	return s == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || s == enums.WORKFLOW_EXECUTION_STATUS_PAUSED ||
		s == enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW || s == enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
}

// IsPaid asks a workflow that runs whether it is the holder's and has sold its units. It
// says so only once it has committed them.
func (f *Fates) IsPaid(ctx context.Context, h product.Holder) (bool, error) {
	var o order.Order
	if err := f.query(ctx, f.WorkflowID(h.OrderID), f.Query, &o); err != nil {
		return false, err
	}
	own := h.PlacedAt.IsZero() || h.PlacedAt.UnixMilli() == o.PlacedAt.UnixMilli()
	return own && o.Status.TookPayment(), nil
}
