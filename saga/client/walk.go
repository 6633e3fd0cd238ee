package client

import (
	"context"
	"fmt"
	"iter"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"holdfast/saga"
)

// listPage is how many workflows are listed in one call.
const listPage = 1000

// problemsAttribute is set by Temporal on a workflow whose task failed several times in a
// row, and removed when one succeeds.
const problemsAttribute = "TemporalReportedProblems"

// Walk lists all orders' workflows, as operators see them.
func (c *Client) Walk(ctx context.Context) iter.Seq2[saga.Listed, error] {
	return func(yield func(saga.Listed, error) bool) {
		for e, err := range c.list(ctx, "WorkflowType = '"+saga.OrderType+"'") {
			if err != nil {
				yield(saga.Listed{}, fmt.Errorf("list the orders' workflows: %w", err))
				return
			}
			id, ok := strings.CutPrefix(e.GetExecution().GetWorkflowId(), saga.OrderWorkflowID(""))
			if !ok {
				continue
			}
			l := saga.Listed{OrderID: id, Running: e.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING}
			_, l.Stuck = e.GetSearchAttributes().GetIndexedFields()[problemsAttribute]
			// One that can't be read stays empty, and is then queried.
			_ = converter.GetDefaultDataConverter().FromPayload(
				e.GetSearchAttributes().GetIndexedFields()[saga.OrderStatus.GetName()], &l.Status)
			if !yield(l, nil) {
				return
			}
		}
	}
}

// WalkRefunds lists the refunds' workflows.
func (c *Client) WalkRefunds(ctx context.Context) iter.Seq2[saga.RefundID, error] {
	return func(yield func(saga.RefundID, error) bool) {
		query := "WorkflowType = '" + saga.RefundType + "'"
		for e, err := range c.list(ctx, query) {
			if err != nil {
				yield(saga.RefundID{}, fmt.Errorf("list the refunds' workflows: %w", err))
				return
			}
			_, ids, _ := strings.Cut(e.GetExecution().GetWorkflowId(), "/")
			payment, refund, ok := strings.Cut(ids, "/")
			if ok && !yield(saga.RefundID{PaymentID: payment, RefundID: refund}, nil) {
				return
			}
		}
	}
}

// WalkDisputes lists the disputes' workflows.
func (c *Client) WalkDisputes(ctx context.Context) iter.Seq2[saga.DisputeID, error] {
	return func(yield func(saga.DisputeID, error) bool) {
		for e, err := range c.list(ctx, "WorkflowType = '"+saga.DisputeType+"'") {
			if err != nil {
				yield(saga.DisputeID{}, fmt.Errorf("list the disputes' workflows: %w", err))
				return
			}
			_, ids, _ := strings.Cut(e.GetExecution().GetWorkflowId(), "/")
			provider, dispute, ok := strings.Cut(ids, "/")
			if ok && !yield(saga.DisputeID{Provider: provider, DisputeID: dispute}, nil) {
				return
			}
		}
	}
}

// list iterates over the workflows that a query finds, page by page.
func (c *Client) list(ctx context.Context, query string) iter.Seq2[*workflowpb.WorkflowExecutionInfo, error] {
	return func(yield func(*workflowpb.WorkflowExecutionInfo, error) bool) {
		req := &workflowservice.ListWorkflowExecutionsRequest{Namespace: c.namespace, PageSize: listPage, Query: query}
		for {
			page, err := c.temporal.ListWorkflow(ctx, req)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range page.GetExecutions() {
				if !yield(e, nil) {
					return
				}
			}
			if req.NextPageToken = page.GetNextPageToken(); len(req.NextPageToken) == 0 {
				return
			}
		}
	}
}
