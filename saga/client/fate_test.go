package client_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga/client"
)

// closedOrder is a Temporal that knows one order's workflow, or none.
type closedOrder struct {
	sdk.Client
	status  enums.WorkflowExecutionStatus
	placed  time.Time
	unknown bool
}

func (c closedOrder) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if c.unknown {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{Status: c.status, StartTime: timestamppb.Now()}, // of a reset
		WorkflowExtendedInfo:  &workflow.WorkflowExecutionExtendedInfo{OriginalStartTime: timestamppb.New(c.placed)},
	}, nil
}

func (closedOrder) GetWorkflow(context.Context, string, string) sdk.WorkflowRun {
	return delivered{}
}

func (closedOrder) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	return nil, serviceerror.NewWorkflowNotReady("it has decided nothing")
}

type delivered struct{ sdk.WorkflowRun }

func (delivered) Get(_ context.Context, into any) error {
	return json.Unmarshal([]byte(`{"status":"delivered"}`), into)
}

type oneDocument struct{ o order.Order }

func (d oneDocument) Get(context.Context, string) ([]byte, int64, bool, error) {
	doc, err := json.Marshal(d.o)
	return doc, 1, true, err
}

// An id may be used again: each fate says when its order was placed.
func TestAFateSaysWhichOrderItIsOf(t *testing.T) {
	placed := time.Now().Add(-time.Hour).UTC()
	for name, c := range map[string]struct {
		temporal closedOrder
		status   order.Status
	}{
		"its workflow is done":      {closedOrder{status: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, placed: placed}, order.StatusDelivered},
		"its workflow never began":  {closedOrder{status: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, placed: placed}, order.StatusReserving},
		"Temporal has forgotten it": {closedOrder{unknown: true}, order.StatusPaid},
	} {
		t.Run(name, func(t *testing.T) {
			fates := activities.Fates{
				Workflows: client.New(c.temporal, ""),
				Records:   oneDocument{order.Order{PlacedAt: placed, Status: order.StatusPaid}},
			}
			fate, err := fates.Of(t.Context(), "o")
			require.NoError(t, err)
			require.Equal(t, c.status, fate.Status)
			require.True(t, fate.PlacedAt.Equal(placed), "%s, not %s", fate.PlacedAt, placed)
		})
	}
}
