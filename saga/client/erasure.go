package client

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"

	"holdfast/saga"
)

// StartErasure starts the workflow that erases a customer, or tells the running one that there is more
// to erase.
func (c *Client) StartErasure(ctx context.Context, e saga.Erasure) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	id := saga.ErasureWorkflowID(e.CustomerID)
	_, err := c.temporal.SignalWithStartWorkflow(ctx, id, saga.EraseSignal, e.Before, sdk.StartWorkflowOptions{
		ID: id, TaskQueue: saga.TaskQueue,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         "Erase customer " + e.CustomerID,
	}, saga.ErasureType, e)
	if err != nil {
		return fmt.Errorf("start the erasure of customer %s: %w", e.CustomerID, typed(err))
	}
	return nil
}

// OrderRuns lists all runs of a customer's orders that Temporal knows and that were started up to a time, if
// one is given. The list lags by a moment.
func (c *Client) OrderRuns(ctx context.Context, customerID string, before time.Time) iter.Seq2[saga.OrderRun, error] {
	return func(yield func(saga.OrderRun, error) bool) {
		query := fmt.Sprintf("WorkflowType = '%s' AND %s = '%s'", saga.OrderType, saga.CustomerID.GetName(), customerID) // ids contain no quotes
		if !before.IsZero() {
			query += " AND StartTime <= '" + before.UTC().Format(time.RFC3339Nano) + "'"
		}
		for e, err := range c.list(ctx, query) {
			if err != nil {
				yield(saga.OrderRun{}, fmt.Errorf("list the workflows of customer %s: %w", customerID, err))
				return
			}
			id, ok := strings.CutPrefix(e.GetExecution().GetWorkflowId(), saga.OrderWorkflowID(""))
			if ok && !yield(saga.OrderRun{OrderID: id, RunID: e.GetExecution().GetRunId()}, nil) {
				return
			}
		}
	}
}

// DeleteOrderRun deletes a run of an order's workflow with its history, unless it is still running: it
// may have money or stock to give back. gone means that Temporal has none any more.
func (c *Client) DeleteOrderRun(ctx context.Context, r saga.OrderRun) (gone bool, err error) {
	_, running, err := c.runOf(ctx, saga.OrderWorkflowID(r.OrderID), r.RunID)
	if isNotFound(err) {
		return true, nil
	}
	if err != nil || running {
		return false, err
	}
	return false, c.deleteRun(ctx, saga.OrderWorkflowID(r.OrderID), r.RunID)
}

// DeleteRefund deletes all runs of a refund's workflow with their histories. It deletes none, and returns
// false, if one of them is still running.
func (c *Client) DeleteRefund(ctx context.Context, id saga.RefundID) (bool, error) {
	workflowID := saga.RefundWorkflowID(id.PaymentID, id.RefundID)
	latest, running, err := c.runOf(ctx, workflowID, "") // the list may not have it yet
	switch {
	case isNotFound(err):
		return true, nil
	case err != nil || running:
		return false, err
	}
	for e, err := range c.list(ctx, fmt.Sprintf("WorkflowType = '%s' AND WorkflowId = %s", saga.RefundType, quoted(workflowID))) {
		if err != nil {
			return false, fmt.Errorf("list the runs of workflow %s: %w", workflowID, err)
		}
		runID := e.GetExecution().GetRunId()
		_, running, err := c.runOf(ctx, workflowID, runID)
		switch {
		case isNotFound(err) || runID == latest:
			continue
		case err != nil || running:
			return false, err
		}
		if err := c.deleteRun(ctx, workflowID, runID); err != nil {
			return false, err
		}
	}
	return true, c.deleteRun(ctx, workflowID, latest)
}

// runOf returns the id of a run, or of the latest one, and whether it is still running. The list of
// workflows may be late.
func (c *Client) runOf(ctx context.Context, workflowID, runID string) (id string, running bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	d, err := c.temporal.DescribeWorkflowExecution(ctx, workflowID, runID)
	if err != nil {
		return "", false, fmt.Errorf("describe workflow %s: %w", workflowID, err)
	}
	info := d.GetWorkflowExecutionInfo()
	return info.GetExecution().GetRunId(), isRunning(info.GetStatus()), nil
}

func (c *Client) deleteRun(ctx context.Context, workflowID, runID string) error {
	_, err := c.temporal.WorkflowService().DeleteWorkflowExecution(ctx, &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: c.namespace, WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID, RunId: runID},
	})
	if err != nil && !isNotFound(err) {
		return fmt.Errorf("delete run %s of workflow %s: %w", runID, workflowID, err)
	}
	return nil
}

// quoted is a value in a query: a provider's payment id may have a quote.
func quoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
