package client_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	sdk "go.temporal.io/sdk/client"

	"holdfast/saga"
	"holdfast/saga/client"
)

// answering is a Temporal that answers updates, descriptions and reads of results with
// errors.
type answering struct {
	sdk.Client
	update, describe, result error
}

func (a answering) UpdateWorkflow(context.Context, sdk.UpdateWorkflowOptions) (sdk.WorkflowUpdateHandle, error) {
	return nil, a.update
}

func (a answering) DescribeWorkflow(context.Context, string, string) (*sdk.WorkflowExecutionDescription, error) {
	return &sdk.WorkflowExecutionDescription{}, a.describe
}

func (a answering) GetWorkflow(context.Context, string, string) sdk.WorkflowRun {
	return failedRun{err: a.result}
}

type failedRun struct {
	sdk.WorkflowRun
	err error
}

func (r failedRun) Get(context.Context, any) error { return r.err }

// Callers of a saga decide by the error what to report: that the saga has the request, that
// there is no such saga, or that nothing is known.
func TestAnErrorSaysWhatIsKnownOfARequest(t *testing.T) {
	late := sdk.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.DeadlineExceeded)
	gone := serviceerror.NewNotFound("no such workflow")
	away := serviceerror.NewUnavailable("connection refused")
	for name, row := range map[string]struct {
		temporal answering
		want     error
	}{
		"the saga is at work":                   {answering{update: late}, saga.ErrUndecided},
		"Temporal went away":                    {answering{update: late, describe: away}, saga.ErrUnanswered},
		"Temporal is away":                      {answering{update: away}, saga.ErrUnanswered},
		"the order is closed and forgotten":     {answering{update: gone, result: gone}, saga.ErrNotFound},
		"the order is closed, Temporal is away": {answering{update: gone, result: away}, saga.ErrUnanswered},
		"no worker takes its tasks":             {answering{update: serviceerror.NewFailedPrecondition("no poller")}, saga.ErrNoAnswer},
		"it has had too many requests":          {answering{update: serviceerror.NewInvalidArgument("limit")}, saga.ErrNeverTaken},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.New(row.temporal, "").Cancel(t.Context(), "o", nil, saga.CancelRequest{})
			require.ErrorIs(t, err, row.want)
			for _, other := range []error{
				saga.ErrUndecided, saga.ErrUnanswered, saga.ErrNotFound, saga.ErrNoAnswer, saga.ErrNeverTaken,
			} {
				require.Equal(t, other == row.want, errors.Is(err, other), "%s is not %s", name, other) //nolint:errorlint // one of these values
			}
		})
	}
}

// A caller who has gone learns nothing about a running saga: it wasn't checked.
func TestACallerWhoHasGoneIsNotToldThatTheSagaHasTheRequest(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	late := sdk.NewWorkflowUpdateServiceTimeoutOrCanceledError(context.Canceled)
	_, err := client.New(answering{update: late}, "").Cancel(ctx, "o", nil, saga.CancelRequest{})
	require.ErrorIs(t, err, saga.ErrUnanswered)
	require.NotErrorIs(t, err, saga.ErrUndecided)
}
