package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/saga"
)

// pay opens one payment, and answers it again.
func (f *fakeTemporal) pay(s *fakeSaga, r saga.PayRequest) saga.Answer {
	a := saga.Answer{Verdict: saga.VerdictDone, Status: s.order.Status, Version: s.order.Version}
	if s.pays != nil {
		a = *s.pays
		s.pays = nil
		return a
	}
	if s.order.Status == order.StatusPaid {
		a.Verdict = saga.VerdictTooLatePaid
		return a
	}
	a.Payment = &saga.OpenPayment{
		Provider: r.Provider, ID: "pay-1", Attempt: 1, Amount: s.order.Amounts[order.AmountTotal], Currency: s.order.Currency,
		New: s.order.Payment.ID == "",
	}
	s.order.Payment.Provider, s.order.Payment.ID = r.Provider, "pay-1"
	return a
}

// startRefund is a refund's workflow until it is on record: 1000 were paid.
func (f *fakeTemporal) startRefund(start fakeStart) (client.WorkflowUpdateHandle, error) {
	if r, there := f.refunds[start.options.ID]; there {
		return fakeHandle{answer: *r}, nil
	}
	r := start.arg.(order.Refund)
	f.starts = append(f.starts, start)
	left := int64(1000)
	for _, other := range f.refunds {
		if other.PaymentID == r.PaymentID && other.Status.Counts() {
			left -= other.Amount
		}
	}
	if r.Amount == 0 {
		r.Amount = left
	}
	if r.Amount > left || left == 0 {
		r.Status, r.Detail = order.RefundTooLarge, fmt.Sprintf("%d of 1000 are left", left)
	}
	f.refunds[start.options.ID] = &r
	if f.lost > 0 {
		f.lost--
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)
	}
	return fakeHandle{answer: r}, nil
}

// decideRefund answers a decision that is sent again under its update id as it did the
// first time, as Temporal does.
func (f *fakeTemporal) decideRefund(o client.UpdateWorkflowOptions, d saga.Decision) (client.WorkflowUpdateHandle, error) {
	f.updateIDs[o.UpdateID] = true
	if known, there := f.decided[o.WorkflowID+" "+o.UpdateID]; there {
		return fakeHandle{answer: known}, nil
	}
	r, ok := f.refunds[o.WorkflowID]
	switch {
	case !ok || r.Status.Over():
		return nil, serviceerror.NewNotFound("workflow not found")
	case f.stuck:
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)
	case d.About != "" && d.About != r.Status, d.About == "" && !r.Status.Waits():
		return fakeHandle{err: temporal.NewApplicationError("no", saga.NotDecidableError, *r)}, nil
	case d.Choice == saga.ChoiceAssign && d.OrderID == "closed":
		r.Detail = "order closed is not open"
	case d.Choice == saga.ChoiceAssign:
		r.Status = order.RefundAssigned
	case d.Choice == saga.ChoiceSettled:
		r.Status = order.RefundSettled
	default:
		r.Status = order.RefundDue
	}
	r.Actor = d.Actor
	r.Decide(order.RefundDecision{Choice: string(d.Choice), OrderID: d.OrderID, Actor: d.Actor, Key: d.Key})
	f.decided[o.WorkflowID+" "+o.UpdateID] = *r
	return fakeHandle{answer: *r}, nil
}

// dismiss records that somebody took note of a dispute.
func (f *fakeTemporal) dismiss(ctx context.Context, d *order.Dispute, by saga.Dismissal) (client.WorkflowUpdateHandle, error) {
	d.DismissedAt, d.DismissedBy, d.Version = time.Now(), by.Actor, d.Version+1
	doc, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	return fakeHandle{answer: *d}, f.docs.PutDispute(ctx, d.OrderID, d.Provider, d.ID, doc)
}

func (f *fakeTemporal) ListWorkflow(
	_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest,
) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := 0
	if token := r.GetNextPageToken(); len(token) > 0 {
		if _, err := fmt.Sscanf(string(token), "from %d", &from); err != nil {
			return nil, serviceerror.NewInvalidArgument("bad token")
		}
	}
	if f.down {
		return nil, errDown
	}
	to := min(from+int(r.GetPageSize()), len(f.listed))
	page := &workflowservice.ListWorkflowExecutionsResponse{Executions: f.listed[from:to]}
	if to < len(f.listed) {
		page.NextPageToken = fmt.Appendf(nil, "from %d", to)
	}
	return page, nil
}
