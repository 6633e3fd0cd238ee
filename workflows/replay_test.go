package workflows_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/saga"
	"holdfast/workflows"
)

// Histories recorded on a real server (dev/test/sagas) can be replayed, so that open orders
// continue when a new version is rolled out. A change that breaks one needs
// workflow.GetVersion.
func TestRecordedHistoriesAreReplayed(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 50, "recorded histories are missing")
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			replayer := worker.NewWorkflowReplayer()
			for name, w := range map[string]any{
				saga.OrderType: workflows.Order, saga.DelistType: workflows.Delist,
				saga.RefundType: workflows.Refund, saga.DisputeType: workflows.Dispute, saga.SweepType: workflows.Sweep,
				saga.ErasureType: workflows.Erasure,
			} {
				replayer.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name})
			}
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, file))
		})
	}
}
