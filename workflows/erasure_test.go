package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/saga"
	"holdfast/workflows"
)

// erasing runs an erasure whose looks have these results; the last one repeats.
func erasing(t *testing.T, results ...activities.EraseResult) (env *testsuite.TestWorkflowEnvironment, looks *[]activities.EraseParams) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env, looks = suite.NewTestWorkflowEnvironment(), &[]activities.EraseParams{}
	env.RegisterActivityWithOptions(func(_ context.Context, p activities.EraseParams) (activities.EraseResult, error) {
		*looks = append(*looks, p)
		return results[min(len(*looks), len(results))-1], nil
	}, activity.RegisterOptions{Name: activities.NameEraseOrders})
	return env, looks
}

func TestAnErasureLooksAgainUntilNothingIsLeft(t *testing.T) {
	env, looks := erasing(t, activities.EraseResult{Erased: 1, Open: 1}, activities.EraseResult{Erased: 1, Open: 1},
		activities.EraseResult{Erased: 2, Histories: 1}, activities.EraseResult{Erased: 2, Completed: true})
	start := env.Now()
	env.ExecuteWorkflow(workflows.Erasure, saga.Erasure{CustomerID: "ada", Before: start})
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, *looks, 4)
	require.False(t, (*looks)[0].Last, "the lists lag")
	require.True(t, (*looks)[1].Last)
	require.WithinRange(t, env.Now(), start.Add(6*time.Hour), start.Add(7*time.Hour))
}

// The person came back and is erased once more while the first erasure still waits.
func TestALaterRequestIsHeardWhileAnErasureWaits(t *testing.T) {
	env, looks := erasing(t, activities.EraseResult{Open: 1}, activities.EraseResult{Open: 1}, activities.EraseResult{Completed: true})
	start := env.Now()
	later := start.Add(time.Hour).UTC()
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(saga.EraseSignal, later) }, time.Hour)
	env.ExecuteWorkflow(workflows.Erasure, saga.Erasure{CustomerID: "ada", Before: start})
	require.NoError(t, env.GetWorkflowError())
	require.Len(t, *looks, 3)
	require.Equal(t, later, (*looks)[2].Before.UTC())
	require.Less(t, env.Now().Sub(start), 2*time.Hour, "it doesn't wait for the next look")
}

func TestALongErasureKeepsItsHistoryShort(t *testing.T) {
	env, looks := erasing(t, activities.EraseResult{Open: 1})
	env.ExecuteWorkflow(workflows.Erasure, saga.Erasure{CustomerID: "ada", Before: env.Now()})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
	require.LessOrEqual(t, len(*looks), 100)
}

// The time that orders have to close ends thirty days after the first request, however often the erasure is
// asked for again; the next look is then.
func TestAnErasureLooksThirtyDaysAfterItWasFirstAskedFor(t *testing.T) {
	env, looks := erasing(t, activities.EraseResult{Open: 1})
	start := env.Now().UTC()
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(saga.EraseSignal, start.Add(26*time.Hour)) }, 26*time.Hour)
	var at []time.Time
	env.SetOnActivityStartedListener(func(*activity.Info, context.Context, converter.EncodedValues) { at = append(at, env.Now()) })
	env.ExecuteWorkflow(workflows.Erasure, saga.Erasure{CustomerID: "ada", Before: start, Since: start.Add(time.Minute - activities.EraseWithin)})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
	require.WithinDuration(t, start.Add(time.Minute), at[1], time.Second)
	require.Equal(t, start, (*looks)[2].Since.UTC(), "what came later has thirty days, too")
	require.Equal(t, start, (*looks)[len(*looks)-1].Since.UTC())
}

// A workflow that is stuck keeps its history: that isn't looked at each minute for ever.
func TestAnErasureThatOnlyWaitsForHistoriesLooksEverLessOften(t *testing.T) {
	env, looks := erasing(t, activities.EraseResult{Erased: 1, Histories: 1})
	start := env.Now()
	env.ExecuteWorkflow(workflows.Erasure, saga.Erasure{CustomerID: "ada", Before: start})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, env.GetWorkflowError(), &again)
	require.Greater(t, env.Now().Sub(start), time.Duration(len(*looks)-12)*6*time.Hour)
}
