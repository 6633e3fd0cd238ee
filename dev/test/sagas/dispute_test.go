package sagas

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// saysOfDispute sends a provider's message to the workflow of a dispute.
func (w *world) saysOfDispute(d order.Dispute) {
	w.Helper()
	w.NoError(sagaclient.New(w.temporal, "").Disputed(w.Context(), order.PaymentEvent{
		Type: order.PaymentDisputed, Provider: d.Provider, PaymentID: d.PaymentID, OrderID: d.OrderID,
		Amount: d.Amount, Currency: d.Currency, OccurredAt: d.OccurredAt, Dispute: &d,
	}))
}

// disputeIs waits until a dispute has the status.
func (w *world) disputeIs(workflowID string, status order.DisputeStatus) {
	w.Helper()
	w.until("the dispute is "+string(status), func() bool {
		v, err := w.temporal.QueryWorkflow(w.Context(), workflowID, "", saga.DisputeQuery)
		w.NoError(err)
		var d order.Dispute
		w.NoError(v.Get(&d))
		return d.Status == status && d.Version > 0
	})
}

// dismisses takes note of a dispute as an operator does, and waits for its workflow's end.
func (w *world) dismisses(workflowID string) (d order.Dispute) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	h, err := w.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateName: saga.DismissUpdate, Args: []any{saga.Dismissal{Actor: "operator"}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	w.NoError(err)
	w.NoError(h.Get(ctx, nil))
	w.NoError(w.temporal.GetWorkflow(ctx, workflowID, "").Get(ctx, &d))
	return d
}

// A dispute outlives its order, finds it by asking the provider, and is reopened by later
// messages of the provider.
func TestHistoriesOfDisputes(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "dispute-"
	}
	w.desk()
	w.work()
	p := w.placement(time.Hour, w.offer(800))
	w.place(p)
	payment := w.opens(p.OrderID)
	w.chooses(payment, "pay")
	w.pay(p.OrderID, payment, 1600)
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	w.deliver(p.OrderID)

	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := order.Dispute{
		ID: w.id("dp"), Provider: "sandbox", PaymentID: payment, Amount: 1600, Currency: "EUR", Reason: "fraudulent",
		Status: order.DisputeNeedsResponse, OccurredAt: at, Funds: order.DisputeFundsWithdrawn, FundsAt: at,
	}
	id := saga.DisputeWorkflowID(d.Provider, d.ID)
	for range 2 { // the provider repeats itself
		w.saysOfDispute(d)
	}
	w.disputeIs(id, order.DisputeNeedsResponse)
	first := w.dismisses(id)
	w.Equal(p.OrderID, first.OrderID)
	w.Equal("operator", first.DismissedBy)
	w.replays("dispute-dismissed", id)

	d.Status, d.OccurredAt, d.Funds, d.FundsAt = order.DisputeLost, at.Add(time.Hour), "", time.Time{}
	w.saysOfDispute(d)
	w.disputeIs(id, order.DisputeLost)
	second := w.dismisses(id)
	w.Greater(second.Version, first.Version)
	w.Equal(order.DisputeFundsWithdrawn, second.Funds)
	w.replays("dispute-opened-again-by-news", id)
}
