package client_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/grpc"

	"holdfast/order"
	"holdfast/saga"
	"holdfast/saga/client"
)

// signalled is a Temporal that answers signals with errors, in turn.
type signalled struct {
	sdk.Client
	answers []error
	got     []*workflowservice.SignalWorkflowExecutionRequest
}

func (s *signalled) WorkflowService() workflowservice.WorkflowServiceClient {
	return signalledService{of: s}
}

type signalledService struct {
	workflowservice.WorkflowServiceClient
	of *signalled
}

func (v signalledService) SignalWorkflowExecution(
	_ context.Context, r *workflowservice.SignalWorkflowExecutionRequest, _ ...grpc.CallOption,
) (*workflowservice.SignalWorkflowExecutionResponse, error) {
	s := v.of
	s.got = append(s.got, r)
	var err error
	if len(s.answers) > 0 {
		err, s.answers = s.answers[0], s.answers[1:]
	}
	return &workflowservice.SignalWorkflowExecutionResponse{}, err
}

func TestTheSameScanHasTheSameRequestID(t *testing.T) {
	temporal := &signalled{}
	c := client.New(temporal, "")
	first := saga.Scan{
		PackageID: "p1", Carrier: "sandbox", TrackingNumber: "1Z999",
		Event: order.PackageEvent{ID: "e1", Node: order.NodeInTransit, Actor: "carrier:sandbox"},
	}
	again, other, assigned, event := first, first, first, first
	again.Event.Detail = "of another gateway, a second later"
	other.PackageID, assigned.Assigned, event.Event.ID = "p2", true, "e2"
	ids := map[string]int{}
	for _, s := range []saga.Scan{first, again, other, assigned, event} {
		require.NoError(t, c.TellScan(t.Context(), "o-1", s))
		ids[temporal.got[len(temporal.got)-1].GetRequestId()]++
	}
	require.Len(t, ids, 4)
	require.Equal(t, 2, ids[temporal.got[0].GetRequestId()])
	require.Equal(t, saga.ScanSignal, temporal.got[0].GetSignalName())
	require.Equal(t, saga.OrderWorkflowID("o-1"), temporal.got[0].GetWorkflowExecution().GetWorkflowId())
	var got saga.Scan
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(temporal.got[0].GetInput(), &got))
	require.Equal(t, first, got)
}

func TestAnErrorSaysWhatBecameOfAScan(t *testing.T) {
	away := serviceerror.NewUnavailable("connection refused")
	for name, row := range map[string]struct {
		answers []error
		want    error
	}{
		"the order is closed":            {[]error{serviceerror.NewNotFound("completed")}, saga.ErrNotFound},
		"it has had too many messages":   {[]error{serviceerror.NewInvalidArgument("limit")}, saga.ErrNeverTaken},
		"Temporal is away":               {[]error{away, away, away, away, away}, saga.ErrUnanswered},
		"Temporal was away for a moment": {[]error{away, nil}, nil},
	} {
		require.ErrorIs(t, client.New(&signalled{answers: row.answers}, "").TellScan(t.Context(), "o-1", saga.Scan{}), row.want, name)
	}
}
