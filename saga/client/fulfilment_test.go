package client_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/saga"
	"holdfast/saga/client"
)

// crowded is a Temporal that answers updates in turn, and the last answer from then on.
type crowded struct {
	sdk.Client
	answers []any // errors, or answers of the workflow
	ids     []string
	result  *order.Result
}

func (c *crowded) UpdateWorkflow(_ context.Context, o sdk.UpdateWorkflowOptions) (sdk.WorkflowUpdateHandle, error) {
	c.ids = append(c.ids, o.UpdateID)
	next := c.answers[0]
	if len(c.answers) > 1 {
		c.answers = c.answers[1:]
	}
	if err, ok := next.(error); ok {
		return nil, err
	}
	return handle{answer: next.(saga.Answer)}, nil
}

func (c *crowded) GetWorkflow(context.Context, string, string) sdk.WorkflowRun {
	return endedRun{of: c.result}
}

type endedRun struct {
	sdk.WorkflowRun
	of *order.Result
}

func (r endedRun) Get(_ context.Context, into any) error {
	*into.(*order.Result) = *r.of
	return nil
}

type handle struct {
	sdk.WorkflowUpdateHandle
	answer saga.Answer
}

// Get refuses as a workflow's validator does, without a trace.
func (h handle) Get(_ context.Context, into any) error {
	if h.answer.Verdict != saga.VerdictDone {
		return temporal.NewApplicationError("refused", saga.RefusedError, h.answer)
	}
	b, err := json.Marshal(h.answer)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

func TestAChangeWaitsItsTurnUnderOneID(t *testing.T) {
	full := serviceerror.NewResourceExhausted(0, "limit on number of concurrent in-flight updates has been reached")
	temporal := &crowded{answers: []any{full, saga.Answer{Verdict: saga.VerdictBusy}, saga.Answer{Verdict: saga.VerdictDone, Version: 7}}}
	a, err := client.New(temporal, "").Pack(t.Context(), "o-1", saga.PackRequest{Package: order.Package{ID: "p1"}})
	require.NoError(t, err)
	require.Equal(t, int64(7), a.Version)
	require.Equal(t, []string{"pack/p1", "pack/p1", "pack/p1"}, temporal.ids)
}

func TestChangesWithoutAKeyAreDifferentRequests(t *testing.T) {
	temporal := &crowded{answers: []any{saga.Answer{Verdict: saga.VerdictDone}}}
	c := client.New(temporal, "")
	for range 2 {
		_, err := c.Hold(t.Context(), "o-1", saga.HoldRequest{})
		require.NoError(t, err)
	}
	require.NotEqual(t, temporal.ids[0], temporal.ids[1], "a hold after a release is another one")
}

func TestAClosedOrderRefusesChanges(t *testing.T) {
	temporal := &crowded{
		answers: []any{serviceerror.NewNotFound("workflow execution already completed")},
		result:  &order.Result{Status: order.StatusDelivered, Version: 9},
	}
	a, err := client.New(temporal, "").OpenReturn(t.Context(), "o-1", saga.OpenReturnRequest{ID: "r1"})
	require.NoError(t, err)
	require.Equal(t, saga.Answer{Verdict: saga.VerdictTooLateClosed, Status: order.StatusDelivered, Version: 9}, a)
}
