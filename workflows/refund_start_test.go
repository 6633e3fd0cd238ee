package workflows

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

func ofPart(amount int64) order.Refund {
	return order.RefundOfPart(order.PaymentEvent{Provider: "sandbox", PaymentID: "p", OrderID: "o", Amount: 1000, Currency: "EUR"},
		order.RefundLost, "m", amount)
}

func TestARefundOfNothingIsNotStarted(t *testing.T) {
	for amount, want := range map[int64]int{0: 0, 1: 1} {
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestWorkflowEnvironment()
		started := 0
		env.RegisterWorkflowWithOptions(func(workflow.Context, order.Refund) error { started++; return nil },
			workflow.RegisterOptions{Name: saga.RefundType})
		env.ExecuteWorkflow(func(ctx workflow.Context) error { return startRefund(ctx, ofPart(amount)) })
		require.NoError(t, env.GetWorkflowError())
		require.Equal(t, want, started)
	}
}

// The test environment doesn't report a child that was started before as a server does, so
// this begins where startRefund has learned of it.
func TestTheSameRefundWithAnotherAmountIsABug(t *testing.T) {
	for name, c := range map[string]struct {
		on    activities.RefundFound
		fails bool
	}{
		"paid":            {activities.RefundFound{Found: true, Refund: order.Refund{Amount: 300}}, false},
		"with a rest":     {activities.RefundFound{Found: true, Refund: order.Refund{Amount: 100, Shortfall: 200}}, false},
		"not yet":         {activities.RefundFound{}, false},
		"another amount":  {activities.RefundFound{Found: true, Refund: order.Refund{Amount: 200}}, true},
		"another to rest": {activities.RefundFound{Found: true, Refund: order.Refund{Amount: 300, Shortfall: 1}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.RegisterActivityWithOptions(func(context.Context, order.Refund) (activities.RefundFound, error) { return c.on, nil },
				activity.RegisterOptions{Name: activities.NameFindRefund})
			env.ExecuteWorkflow(func(ctx workflow.Context) error { return sameRefund(ctx, ofPart(300)) })
			require.Equal(t, c.fails, env.GetWorkflowError() != nil, "%v", env.GetWorkflowError())
		})
	}
}
