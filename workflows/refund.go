package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
)

// Refund is one payment's way back to the buyer. It records the refund as due
// and stays open until it is paid out. Its id is the payment's and the refund's,
// so that the same money can't go back twice.
//
// It never refunds the payment that its order took: whoever opened it may have
// seen the repeated message of a payment long since taken.
func Refund(ctx workflow.Context, r order.Refund) (order.Refund, error) {
	own, _ := workflow.NewDisconnectedContext(ctx)
	r.DueAt = workflow.GetInfo(ctx).WorkflowStartTime.UTC()
	showRefund(ctx, r)
	stands := r
	stands.Status = "" // not before it is known
	if err := workflow.SetQueryHandler(ctx, RefundQuery, func() (order.Refund, error) { return stands, nil }); err != nil {
		return r, fmt.Errorf("listen to queries: %w", err)
	}

	if workflow.GetInfo(ctx).ParentWorkflowExecution == nil { // opened by who doesn't know the order
		var found activities.PaymentFound
		err := workflow.ExecuteActivity(activities.Patient(own, "did the order take this payment?"),
			activities.LookUpPayment, activities.LookUpParams{OrderID: r.OrderID, PaymentID: r.PaymentID}).Get(own, &found)
		if err != nil {
			return r, err
		}
		switch {
		case found.Taken:
			r.Status = order.RefundNotOwed
			stands = r
			showRefund(ctx, r)
			return r, nil
		case !found.Known:
			r.Status, r.Reason = order.RefundCase, order.RefundUnknownOrder
		}
	}
	stands = r
	if err := workflow.ExecuteActivity(activities.Patient(own, "record the refund as "+string(r.Status)),
		activities.RecordRefund, r).Get(own, nil); err != nil {
		return r, err
	}
	showRefund(ctx, r)
	// Open until the money is out: an operator sees every refund that is owed.
	return r, workflow.Await(ctx, func() bool { return false })
}

func showRefund(ctx workflow.Context, r order.Refund) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf("**%s** · %s · %s\n\npayment %s of order %s, by %s", r.Status, r.Reason,
		Money(r.Amount, r.Currency), r.PaymentID, r.OrderID, r.Provider))
}
