package setup

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"holdfast/saga"
)

// resumeRefunds wakes refunds that a version without providers left as due: they wait for a
// signal before they are paid out. It doesn't affect others.
func resumeRefunds(ctx context.Context, c client.Client, opts Options) error {
	list := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: opts.Namespace,
		Query: "WorkflowType = '" + saga.RefundType + "' AND ExecutionStatus = 'Running' AND " +
			saga.RefundStatus.GetName() + " IS NULL",
	}
	for {
		page, err := c.ListWorkflow(ctx, list)
		if err != nil {
			return err
		}
		for _, e := range page.GetExecutions() {
			err := c.SignalWorkflow(ctx, e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId(), saga.ResumeSignal, nil)
			if _, ended := errors.AsType[*serviceerror.NotFound](err); err != nil && !ended {
				return err
			}
		}
		if list.NextPageToken = page.GetNextPageToken(); len(list.NextPageToken) == 0 {
			return nil
		}
	}
}
