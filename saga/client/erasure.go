package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"
	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"

	"holdfast/saga"
)

// erasedNamespace keeps the ids of messages about erased persons distinct from all other ids.
var erasedNamespace = uuid.MustParse("6c0d3c55-7a0e-4b57-9d2c-0c5f2f6be1a4")

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

// RunningErasures returns the customers whose erasures have a running workflow. The list lags by a moment.
func (c *Client) RunningErasures(ctx context.Context) (map[string]bool, error) {
	running := map[string]bool{}
	for e, err := range c.list(ctx, openOf(saga.ErasureType)) {
		if err != nil {
			return nil, fmt.Errorf("list the running erasures: %w", err)
		}
		if id, ok := strings.CutPrefix(e.GetExecution().GetWorkflowId(), saga.ErasureWorkflowID("")); ok {
			running[id] = true
		}
	}
	return running, nil
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

// EraseOrder has the running workflow of an order, whose person was erased at this time, go on as a run that
// never knew them. It reports whether no running workflow knows them, and none is needed of those that
// do: Temporal may delete them. An open order whose workflow was terminated is resumed for that.
func (c *Client) EraseOrder(ctx context.Context, orderID string, isOpen bool, at time.Time) (bool, error) {
	run, err := c.runOf(ctx, saga.OrderWorkflowID(orderID), "")
	switch {
	case isNotFound(err) || (err == nil && !run.running && !isOpen):
		return true, nil
	case err != nil:
		return false, err
	case run.running && !run.erased:
		return false, c.tellErased(ctx, saga.OrderWorkflowID(orderID), at)
	case run.running:
		return true, nil
	case run.completed: // the document lags
		return false, nil
	}
	_, err = c.Resume(ctx, orderID)
	return false, err
}

// tellErased tells a running workflow once that its order's person was erased, however often it is called:
// Temporal drops signals whose id it has had.
func (c *Client) tellErased(ctx context.Context, workflowID string, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	id := uuid.NewSHA1(erasedNamespace, []byte(workflowID+"\x00"+at.UTC().Format(time.RFC3339Nano))).String()
	err := c.signalTo(ctx, workflowID, saga.ErasedSignal, id, at)
	if errors.Is(err, saga.ErrNotFound) { // it has ended
		return nil
	}
	return err
}

// DeleteOrderRun deletes a run of an order's workflow with its history, unless it is still running: it
// may have money or stock to give back. gone means that Temporal has none any more that knows the person.
func (c *Client) DeleteOrderRun(ctx context.Context, r saga.OrderRun) (gone bool, err error) {
	run, err := c.runOf(ctx, saga.OrderWorkflowID(r.OrderID), r.RunID)
	if isNotFound(err) {
		return true, nil
	}
	if err != nil || run.running {
		return run.erased, err
	}
	return false, c.deleteRun(ctx, saga.OrderWorkflowID(r.OrderID), r.RunID)
}

// EraseRefund deletes all runs of a refund's workflow with their histories. One that is still running is
// first told that the person was erased at this time, and goes on as a run that never knew them. It
// reports whether Temporal has none any more that does.
func (c *Client) EraseRefund(ctx context.Context, id saga.RefundID, at time.Time) (bool, error) {
	workflowID := saga.RefundWorkflowID(id.PaymentID, id.RefundID)
	latest, err := c.runOf(ctx, workflowID, "") // the list may not have it yet
	switch {
	case isNotFound(err):
		return true, nil
	case err != nil:
		return false, err
	case latest.running && !latest.erased:
		return false, c.tellErased(ctx, workflowID, at)
	}
	for e, err := range c.list(ctx, fmt.Sprintf("WorkflowType = '%s' AND WorkflowId = %s", saga.RefundType, quoted(workflowID))) {
		if err != nil {
			return false, fmt.Errorf("list the runs of workflow %s: %w", workflowID, err)
		}
		runID := e.GetExecution().GetRunId()
		run, err := c.runOf(ctx, workflowID, runID)
		switch {
		case isNotFound(err) || runID == latest.id:
			continue
		case err != nil || run.running:
			return false, err
		}
		if err := c.deleteRun(ctx, workflowID, runID); err != nil {
			return false, err
		}
	}
	if latest.running {
		return true, nil
	}
	return true, c.deleteRun(ctx, workflowID, latest.id)
}

// run is what Temporal says about one run of a workflow.
type run struct {
	id                 string
	running, completed bool
	// erased means that it never knew its order's person.
	erased bool
}

// runOf describes a run, or the latest one. The list of workflows may be late.
func (c *Client) runOf(ctx context.Context, workflowID, runID string) (run, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	d, err := c.temporal.DescribeWorkflowExecution(ctx, workflowID, runID)
	if err != nil {
		return run{}, fmt.Errorf("describe workflow %s: %w", workflowID, err)
	}
	info := d.GetWorkflowExecutionInfo()
	_, erased := info.GetMemo().GetFields()[saga.ErasedMemo]
	status := info.GetStatus()
	return run{
		id: info.GetExecution().GetRunId(), erased: erased,
		running:   isRunning(status) && status != enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW,
		completed: status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED,
	}, nil
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
