package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"holdfast/worker"
)

// checkKeep refuses to move orders out of Redis that Temporal still knows. Where nobody
// may ask for the namespace's retention, it is the operator's to know.
func checkKeep(ctx context.Context, c client.Client, namespace string, keep time.Duration, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	d, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	var denied *serviceerror.PermissionDenied
	var unknown *serviceerror.Unimplemented
	switch {
	case errors.As(err, &denied), errors.As(err, &unknown):
		log.WarnContext(ctx, "the namespace's retention can't be read: --keep-orders has to be a day longer", "error", err)
		return nil
	case err != nil:
		return fmt.Errorf("ask for the retention of namespace %s (TEMPORAL_NAMESPACE): %w", namespace, err)
	}
	retention := d.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if least := retention + worker.KeepBeyond; keep < least {
		return usagef("--keep-orders (HOLDFAST_KEEP_ORDERS): %s is too short, at least %s is needed: namespace %s keeps closed workflows for %s"+
			" (HOLDFAST_RETENTION of holdfast setup), and an order leaves Redis only once Temporal has forgotten it",
			keep, least, namespace, retention)
	}
	return nil
}
