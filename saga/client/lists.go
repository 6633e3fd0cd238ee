package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/saga"
)

// OpenRefunds lists a page of the unfinished refunds, of one status if given, and returns
// the token of the next page: everything still owed has a running workflow. It returns a
// saga.ErrNoPage for a token that belongs to no page of this list.
func (c *Client) OpenRefunds(
	ctx context.Context, status order.RefundStatus, limit int, token []byte,
) (refunds []order.Refund, next []byte, err error) {
	query := openOf(saga.RefundType)
	if status != "" {
		query += " AND " + saga.RefundStatus.GetName() + " = '" + string(status) + "'"
	}
	found, next, err := c.openPage(ctx, query, limit, token)
	for _, e := range found {
		refunds = append(refunds, listedRefund(e))
	}
	return refunds, next, err
}

// OpenDisputes lists a page of the disputes that no operator has dismissed, as OpenRefunds
// does for refunds.
func (c *Client) OpenDisputes(ctx context.Context, limit int, token []byte) (disputes []order.Dispute, next []byte, err error) {
	found, next, err := c.openPage(ctx, openOf(saga.DisputeType), limit, token)
	for _, e := range found {
		var d order.Dispute
		read(e.GetMemo().GetFields()[saga.DisputeMemo], &d)
		disputes = append(disputes, d)
	}
	return disputes, next, err
}

func openOf(kind string) string {
	return "WorkflowType = '" + kind + "' AND ExecutionStatus = 'Running'"
}

func (c *Client) openPage(
	ctx context.Context, query string, limit int, token []byte,
) (found []*workflowpb.WorkflowExecutionInfo, next []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	list, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: c.namespace, PageSize: int32(limit), Query: query, NextPageToken: token, //nolint:gosec // a hundred at most
	})
	if _, refused := errors.AsType[*serviceerror.InvalidArgument](err); refused && len(token) > 0 {
		return nil, nil, fmt.Errorf("%w: %w", saga.ErrNoPage, err)
	}
	return list.GetExecutions(), list.GetNextPageToken(), typed(err)
}

// listedRefund is a refund as requested from its workflow, with its current status.
func listedRefund(e *workflowpb.WorkflowExecutionInfo) order.Refund {
	var r order.Refund
	read(e.GetMemo().GetFields()[saga.RefundMemo], &r)
	_, ids, _ := strings.Cut(e.GetExecution().GetWorkflowId(), "/")
	r.PaymentID, r.ID, _ = strings.Cut(ids, "/")
	r.DueAt = e.GetStartTime().AsTime()
	r.Status = order.RefundDue
	read(e.GetSearchAttributes().GetIndexedFields()[saga.RefundStatus.GetName()], &r.Status)
	if r.Status == order.RefundCase {
		r.Reason = order.RefundUnknownOrder
	}
	return r
}

// read leaves to unchanged if there is nothing to read.
func read(p *commonpb.Payload, to any) {
	if p != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(p, to)
	}
}
