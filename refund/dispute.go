package refund

import (
	"context"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/saga"
)

// Disputed tells the workflow of a dispute what its provider says. The first message
// starts it, and one that comes after an operator has dismissed it starts it again.
func Disputed(ctx context.Context, c Signaller, e order.PaymentEvent) error {
	d := order.Dispute{ID: e.Dispute.ID, Provider: e.Provider, PaymentID: e.PaymentID, OrderID: e.OrderID}
	said := *e.Dispute
	said.Provider, said.PaymentID, said.OrderID = d.Provider, d.PaymentID, d.OrderID
	_, err := c.SignalWithStartWorkflow(ctx, saga.DisputeWorkflowID(d.Provider, d.ID), saga.DisputedSignal, said,
		client.StartWorkflowOptions{
			TaskQueue:             saga.TaskQueue,
			WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
			Memo:                  map[string]any{saga.DisputeMemo: said},
			StaticSummary:         "dispute of payment " + d.PaymentID,
		}, saga.DisputeType, d)
	return err
}
