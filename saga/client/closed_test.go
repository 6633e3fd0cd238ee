package client_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/saga"
	"holdfast/saga/client"
)

// described is a Temporal that knows some workflows.
type described struct {
	sdk.Client
	known map[string]*workflowpb.WorkflowExecutionInfo
	away  error
}

func (d described) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	info, ok := d.known[id]
	switch {
	case d.away != nil:
		return nil, d.away
	case !ok:
		return nil, serviceerror.NewNotFound("workflow not found")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

func TestWhenAnOrdersWorkflowClosed(t *testing.T) {
	at := time.Now()
	info := func(s enumspb.WorkflowExecutionStatus, closed time.Time) *workflowpb.WorkflowExecutionInfo {
		i := &workflowpb.WorkflowExecutionInfo{Status: s}
		if !closed.IsZero() {
			i.CloseTime = timestamppb.New(closed)
		}
		return i
	}
	const done, ended = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED
	known := map[string]*workflowpb.WorkflowExecutionInfo{}
	for id, i := range map[string]*workflowpb.WorkflowExecutionInfo{
		"running": info(enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, time.Time{}),
		"before":  info(done, at.Add(-time.Second)),
		"after":   info(done, at.Add(time.Second)),
		"ended":   info(ended, at.Add(-time.Second)),
		"untold":  info(done, time.Time{}),
	} {
		known[saga.OrderWorkflowID(id)] = i
	}
	closed, err := client.New(described{known: known}, "").ClosedBefore(t.Context(),
		[]string{"running", "before", "after", "ended", "untold", "forgotten"}, at)
	require.NoError(t, err)
	require.Equal(t, map[string]bool{
		"running": false, "before": true, "after": false, "ended": true, "untold": false, "forgotten": true,
	}, closed)

	_, err = client.New(described{away: errors.New("away")}, "").ClosedBefore(t.Context(), []string{"o"}, at)
	require.ErrorContains(t, err, "away")
}
