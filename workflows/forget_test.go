package workflows_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"

	"holdfast/activities"
	"holdfast/workflows"
)

// A run that fails is not retried: the next one starts within the hour.
func TestForgetRunsOnce(t *testing.T) {
	for name, fails := range map[string]error{"fine": nil, "the view is away": errors.New("away")} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env, runs := suite.NewTestWorkflowEnvironment(), 0
			env.RegisterActivityWithOptions(func(context.Context) (activities.ForgetResult, error) {
				runs++
				return activities.ForgetResult{Moved: 3}, fails
			}, activity.RegisterOptions{Name: activities.NameForgetOrders})
			env.ExecuteWorkflow(workflows.Forget)
			require.True(t, env.IsWorkflowCompleted())
			require.Equal(t, 1, runs)
			if fails != nil {
				require.ErrorContains(t, env.GetWorkflowError(), "away")
				return
			}
			var res activities.ForgetResult
			require.NoError(t, env.GetWorkflowResult(&res))
			require.Equal(t, 3, res.Moved)
		})
	}
}
