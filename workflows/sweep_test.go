package workflows_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"holdfast/activities"
	"holdfast/workflows"
)

func TestARunOfTheSweeperGoesOnBehindTheLastOne(t *testing.T) {
	at := func(n int) activities.SweepCursor {
		return activities.SweepCursor{First: n, Behind: map[int]string{n: "1/shirt/o"}}
	}
	for name, run := range map[string]struct {
		last    any
		fails   error
		begins  activities.SweepCursor
		ends    activities.SweepResult
		refused bool
	}{
		"the first one":                {ends: activities.SweepResult{Next: at(5)}},
		"the next one":                 {last: activities.SweepResult{Next: at(3)}, begins: at(3), ends: activities.SweepResult{Next: at(5)}},
		"after one of another version": {last: "something else", ends: activities.SweepResult{Next: at(5)}},
		"one whose worker dies": {
			last: activities.SweepResult{Next: at(3)}, begins: at(3),
			fails: temporal.NewHeartbeatTimeoutError(activities.SweepResult{Overdue: 7, Next: at(4)}),
			ends:  activities.SweepResult{Overdue: 7, Next: at(4), Interrupted: true},
		},
		"one whose process is known to be dead": {
			last: activities.SweepResult{Next: at(3)}, begins: at(3),
			fails: temporal.NewApplicationError("killed", "WorkerDied", activities.SweepResult{Overdue: 7, Next: at(4)}),
			ends:  activities.SweepResult{Overdue: 7, Next: at(4), Interrupted: true},
		},
		"one whose worker dies at once": {fails: temporal.NewHeartbeatTimeoutError(), refused: true},
		"one without Redis":             {fails: errors.New("redis is away"), refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			if run.last != nil {
				env.SetLastCompletionResult(run.last)
			}
			began := 0
			env.RegisterActivityWithOptions(func(_ context.Context, from activities.SweepCursor) (activities.SweepResult, error) {
				began++
				require.Equal(t, run.begins, from)
				return run.ends, run.fails
			}, activity.RegisterOptions{Name: activities.NameSweepHolds})
			env.ExecuteWorkflow(workflows.Sweep)
			require.Equal(t, 1, began)
			if run.refused {
				require.Error(t, env.GetWorkflowError())
				return
			}
			require.NoError(t, env.GetWorkflowError())
			var res activities.SweepResult
			require.NoError(t, env.GetWorkflowResult(&res))
			require.Equal(t, run.ends, res)
		})
	}
}
