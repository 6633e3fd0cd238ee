package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/saga"
)

// askFor bounds one question to Temporal. A workflow that is asked may have to
// be replayed by a worker first.
const askFor = 30 * time.Second

// listPage is how many workflows are listed in one call.
const listPage = 1000

// problemsAttribute is what Temporal sets on a workflow whose task failed several
// times in a row, and takes away when one succeeds.
const problemsAttribute = "TemporalReportedProblems"

// TemporalOrders asks the orders' workflows.
type TemporalOrders struct {
	client    client.Client
	namespace string
}

// NewTemporalOrders asks the workflows in namespace. The caller closes c.
func NewTemporalOrders(c client.Client, namespace string) *TemporalOrders {
	return &TemporalOrders{client: c, namespace: namespace}
}

var _ Orders = (*TemporalOrders)(nil)

// Walk lists all orders' workflows, as operators see them.
func (t *TemporalOrders) Walk(ctx context.Context) iter.Seq2[Listed, error] {
	return func(yield func(Listed, error) bool) {
		for e, err := range t.list(ctx, "WorkflowType = '"+saga.OrderType+"'") {
			if err != nil {
				yield(Listed{}, fmt.Errorf("list the orders' workflows: %w", err))
				return
			}
			id, ok := strings.CutPrefix(e.GetExecution().GetWorkflowId(), saga.OrderWorkflowID(""))
			if !ok {
				continue
			}
			l := Listed{OrderID: id, Running: e.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING}
			_, l.Stuck = e.GetSearchAttributes().GetIndexedFields()[problemsAttribute]
			// One that can't be read stays empty, and so is asked.
			_ = converter.GetDefaultDataConverter().FromPayload(
				e.GetSearchAttributes().GetIndexedFields()[saga.OrderStatus.GetName()], &l.Status)
			if !yield(l, nil) {
				return
			}
		}
	}
}

// WalkRefunds lists the refunds' workflows.
func (t *TemporalOrders) WalkRefunds(ctx context.Context) iter.Seq2[RefundID, error] {
	return func(yield func(RefundID, error) bool) {
		query := "WorkflowType = '" + saga.RefundType + "'"
		for e, err := range t.list(ctx, query) {
			if err != nil {
				yield(RefundID{}, fmt.Errorf("list the refunds' workflows: %w", err))
				return
			}
			_, ids, _ := strings.Cut(e.GetExecution().GetWorkflowId(), "/")
			payment, refund, ok := strings.Cut(ids, "/")
			if ok && !yield(RefundID{payment, refund}, nil) {
				return
			}
		}
	}
}

// WalkDisputes lists the disputes' workflows.
func (t *TemporalOrders) WalkDisputes(ctx context.Context) iter.Seq2[DisputeID, error] {
	return func(yield func(DisputeID, error) bool) {
		for e, err := range t.list(ctx, "WorkflowType = '"+saga.DisputeType+"'") {
			if err != nil {
				yield(DisputeID{}, fmt.Errorf("list the disputes' workflows: %w", err))
				return
			}
			_, ids, _ := strings.Cut(e.GetExecution().GetWorkflowId(), "/")
			provider, dispute, ok := strings.Cut(ids, "/")
			if ok && !yield(DisputeID{provider, dispute}, nil) {
				return
			}
		}
	}
}

// list answers the workflows that a query finds, page by page.
func (t *TemporalOrders) list(ctx context.Context, query string) iter.Seq2[*workflowpb.WorkflowExecutionInfo, error] {
	return func(yield func(*workflowpb.WorkflowExecutionInfo, error) bool) {
		req := &workflowservice.ListWorkflowExecutionsRequest{Namespace: t.namespace, PageSize: listPage, Query: query}
		for {
			page, err := t.client.ListWorkflow(ctx, req)
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

// Recorded reads the result of a workflow that is done, and asks any other one.
func (t *TemporalOrders) Recorded(ctx context.Context, orderID string) (Recorded, error) {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	id := saga.OrderWorkflowID(orderID)
	d, err := t.client.DescribeWorkflowExecution(ctx, id, "")
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return Recorded{}, nil
	}
	if err != nil {
		return Recorded{}, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	status := d.GetWorkflowExecutionInfo().GetStatus()
	if status == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		var res order.Result
		if err := t.client.GetWorkflow(ctx, id, "").Get(ctx, &res); err != nil {
			return Recorded{}, fmt.Errorf("read the result of workflow %s: %w", id, err)
		}
		return Recorded{Known: true, Status: res.Status, Version: res.Version}, nil
	}
	o, err := t.Order(ctx, orderID)
	if err != nil {
		return Recorded{}, err
	}
	// One that was terminated looks after nothing, however far it came.
	running := status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING || status == enumspb.WORKFLOW_EXECUTION_STATUS_PAUSED
	return Recorded{Known: true, Running: running, ByForce: !running, Status: o.Status, Version: o.Version}, nil
}

// Order asks the workflow by query, which works for a closed one too as long as
// Temporal keeps it and a worker runs.
func (t *TemporalOrders) Order(ctx context.Context, orderID string) (order.Order, error) {
	var o order.Order
	err := t.ask(ctx, saga.OrderWorkflowID(orderID), saga.OrderQuery, &o, ErrUnknownOrder)
	return o, err
}

// Payments asks the workflow by query.
func (t *TemporalOrders) Payments(ctx context.Context, orderID string) (map[string]order.Attempt, error) {
	var all map[string]order.Attempt
	err := t.ask(ctx, saga.OrderWorkflowID(orderID), saga.PaymentsQuery, &all, ErrUnknownOrder)
	return all, err
}

// Refund asks the refund's workflow by query.
func (t *TemporalOrders) Refund(ctx context.Context, id RefundID) (order.Refund, error) {
	var r order.Refund
	err := t.ask(ctx, saga.RefundWorkflowID(id.PaymentID, id.RefundID), saga.RefundQuery, &r, ErrUnknownRefund)
	return r, err
}

// Dispute asks the dispute's workflow by query.
func (t *TemporalOrders) Dispute(ctx context.Context, id DisputeID) (order.Dispute, error) {
	var d order.Dispute
	err := t.ask(ctx, saga.DisputeWorkflowID(id.Provider, id.DisputeID), saga.DisputeQuery, &d, ErrUnknownDispute)
	return d, err
}

// ask puts a query to a workflow; unknown is the error where there is none.
func (t *TemporalOrders) ask(ctx context.Context, id, query string, into any, unknown error) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	answer, err := t.client.QueryWorkflow(ctx, id, "", query)
	var (
		gone     *serviceerror.NotFound
		notReady *serviceerror.WorkflowNotReady
		failed   *serviceerror.QueryFailed
	)
	switch {
	case errors.As(err, &notReady), errors.As(err, &failed):
		return fmt.Errorf("%w: workflow %s: %w", ErrStuck, id, err)
	case errors.As(err, &gone):
		return fmt.Errorf("%w: %s", unknown, id)
	case err != nil:
		return fmt.Errorf("ask workflow %s for its %s (does a worker run?): %w", id, query, err)
	}
	if err := answer.Get(into); err != nil {
		return fmt.Errorf("read what workflow %s answers: %w", id, err)
	}
	return nil
}
