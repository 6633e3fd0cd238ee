package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"holdfast/saga"
)

// Retention is how long the namespace keeps closed workflows. The error is a saga.ErrRetentionUnknown
// if the server doesn't let the caller read it.
func (c *Client) Retention(ctx context.Context) (time.Duration, error) {
	d, err := c.temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.namespace})
	var denied *serviceerror.PermissionDenied
	var unknown *serviceerror.Unimplemented
	switch {
	case errors.As(err, &denied), errors.As(err, &unknown):
		return 0, fmt.Errorf("%w: %w", saga.ErrRetentionUnknown, err)
	case err != nil:
		return 0, err
	}
	return d.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(), nil
}
