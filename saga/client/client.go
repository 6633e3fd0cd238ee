// Package client talks to the sagas. It is the only place that calls Temporal's client: it
// owns timeouts, id policies, retries and request ids, and turns Temporal's answers into
// the types and errors of package saga.
package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/saga"
)

// Bounds of one exchange with Temporal.
const (
	decideTimeout   = 5 * time.Second // an update: until it is decided
	describeTimeout = time.Second
	resultTimeout   = 2 * time.Second
	startTimeout    = 5 * time.Second
	// askTimeout bounds one query. A worker may have to replay the workflow first.
	askTimeout = 30 * time.Second
)

// Client talks to the sagas of a namespace.
type Client struct {
	temporal  sdk.Client
	namespace string
}

// New returns a client that uses a connection to Temporal, which the caller closes. An
// empty namespace is Temporal's default.
func New(temporal sdk.Client, namespace string) *Client {
	return &Client{temporal: temporal, namespace: cmp.Or(namespace, sdk.DefaultNamespace)}
}

// CheckHealth returns an error if Temporal doesn't answer or doesn't have the namespace.
func (c *Client) CheckHealth(ctx context.Context) error {
	if _, err := c.temporal.CheckHealth(ctx, &sdk.CheckHealthRequest{}); err != nil {
		return err
	}
	if _, err := c.Retention(ctx); err != nil && !errors.Is(err, saga.ErrRetentionUnknown) {
		return fmt.Errorf("namespace %q: %w", c.namespace, err)
	}
	return nil
}

// update sends an update and waits for the workflow's decision.
func (c *Client) update(ctx context.Context, workflowID, name, id string, arg, into any) error {
	handle, err := c.temporal.UpdateWorkflow(ctx, sdk.UpdateWorkflowOptions{
		WorkflowID: workflowID, UpdateID: id, UpdateName: name, Args: []any{arg},
		WaitForStage: sdk.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, into)
}

// startAndUpdate starts a workflow, or finds the running one, and waits for its decision on
// the update that each such workflow receives once.
func (c *Client) startAndUpdate(
	ctx context.Context, options sdk.StartWorkflowOptions, kind string, arg any, update string, into any,
) error {
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, sdk.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: c.temporal.NewWithStartWorkflowOperation(options, kind, arg),
		UpdateOptions: sdk.UpdateWorkflowOptions{
			UpdateID: update, UpdateName: update, WaitForStage: sdk.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, into)
}

// result reads the result of a closed workflow.
func (c *Client) result(ctx context.Context, workflowID string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, resultTimeout)
	defer cancel()
	err := c.temporal.GetWorkflow(ctx, workflowID, "").Get(ctx, into)
	if _, ok := errors.AsType[*temporal.WorkflowExecutionError](err); ok { // it has no result, and never will
		return fmt.Errorf("%w: %w", saga.ErrEndedByForce, err)
	}
	return err
}

// typed converts an error from Temporal to the one that callers know: everything but "not
// found" means that the outcome isn't known.
func typed(err error) error {
	_, never := errors.AsType[*serviceerror.InvalidArgument](err)
	switch {
	case err == nil || errors.Is(err, saga.ErrEndedByForce):
		return err
	case isNotFound(err):
		return fmt.Errorf("%w: %w", saga.ErrNotFound, err)
	case never: // a bug, or a limit that the caller should have known
		return fmt.Errorf("%w: %w", saga.ErrNeverTaken, err)
	case isMute(err):
		return fmt.Errorf("%w: %w", saga.ErrNoAnswer, err)
	case isUndecided(err):
		return fmt.Errorf("%w: %w: %w", saga.ErrUndecided, saga.ErrUnanswered, err)
	}
	return fmt.Errorf("%w: %w", saga.ErrUnanswered, err)
}

// isMute reports whether Temporal was reached but the workflow wasn't.
func isMute(err error) bool {
	var (
		notReady *serviceerror.WorkflowNotReady
		failed   *serviceerror.QueryFailed
		noWorker *serviceerror.FailedPrecondition
	)
	return errors.As(err, &notReady) || errors.As(err, &failed) || errors.As(err, &noWorker)
}

func isNotFound(err error) bool {
	_, is := errors.AsType[*serviceerror.NotFound](err)
	return is
}

// isUndecided reports whether an update was still undecided at the timeout, or Temporal
// could not be reached. Only Temporal can say which.
func isUndecided(err error) bool {
	_, is := errors.AsType[*sdk.WorkflowUpdateServiceTimeoutOrCanceledError](err)
	return is
}

// isFinished reports whether the workflow has closed and Temporal has no answer to the
// update: the workflow closed before it, or while it waited.
func isFinished(err error) bool {
	var (
		started *serviceerror.WorkflowExecutionAlreadyStarted
		aborted *temporal.ApplicationError
	)
	return errors.As(err, &started) || errors.As(err, &aborted) || isNotFound(err)
}

// isRunning reports whether a workflow is running, or continues as another run.
func isRunning(s enums.WorkflowExecutionStatus) bool {
	return s == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || s == enums.WORKFLOW_EXECUTION_STATUS_PAUSED ||
		s == enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW || s == enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
}
