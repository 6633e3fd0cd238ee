package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// startRefund starts the workflow that returns a payment or a part of it. Its id is made of
// the payment's and the refund's, so that any other code that finds the payment starts the
// same one. A refund of a part that costs nothing is not started. If the refund of a part was started before,
// it must be of the same amount: anything else is a bug.
func startRefund(ctx workflow.Context, r order.Refund) error {
	if r.Amount == 0 && r.Reason.OfPart() {
		return nil
	}
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            saga.RefundWorkflowID(r.PaymentID, r.ID),
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		ParentClosePolicy:     enums.PARENT_CLOSE_POLICY_ABANDON,
		Memo:                  map[string]any{saga.RefundMemo: r},
		StaticSummary:         saga.RefundSummary(r),
	}), saga.RefundType, r)
	err := child.GetChildWorkflowExecution().Get(ctx, nil)
	var there *temporal.ChildWorkflowExecutionAlreadyStartedError
	switch {
	case errors.As(err, &there) && r.Reason.OfPart():
		return sameRefund(ctx, r)
	case errors.As(err, &there):
		return nil
	}
	return err
}

// sameRefund fails if the refund is recorded with another amount. One that isn't recorded
// yet compares its amount itself if it is started again.
func sameRefund(ctx workflow.Context, r order.Refund) error {
	var on activities.RefundFound
	if err := workflow.ExecuteActivity(activities.Patient(ctx, "is it the same refund?"),
		activities.NameFindRefund, r).Get(ctx, &on); err != nil {
		return err
	}
	if on.Found && on.Refund.Owed() != r.Amount {
		return fmt.Errorf("refund %s of payment %s is recorded with %d owed, not %d", r.ID, r.PaymentID, on.Refund.Owed(), r.Amount)
	}
	return nil
}
