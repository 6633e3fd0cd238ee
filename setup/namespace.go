package setup

import (
	"context"
	"errors"
	"fmt"

	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

func ensureNamespace(ctx context.Context, c client.Client, opts Options) error {
	service := c.WorkflowService()
	now, err := service.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: opts.Namespace})
	var missing *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &missing):
		if err := register(ctx, c, opts); err != nil {
			return err
		}
		opts.Log.InfoContext(ctx, "namespace created", "namespace", opts.Namespace, "retention", opts.Retention.String())
	case err != nil:
		return fmt.Errorf("describe it: %w", err)
	case now.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration() != opts.Retention:
		if err := retain(ctx, c, opts); err != nil {
			return err
		}
		opts.Log.InfoContext(ctx, "retention changed", "namespace", opts.Namespace, "retention", opts.Retention.String())
	default:
		opts.Log.InfoContext(ctx, "namespace exists", "namespace", opts.Namespace, "retention", opts.Retention.String())
	}
	return nil
}

func register(ctx context.Context, c client.Client, opts Options) error {
	_, err := c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        opts.Namespace,
		Description:                      "Holdfast: orders, delistings and refunds",
		WorkflowExecutionRetentionPeriod: durationpb.New(opts.Retention),
	})
	var there *serviceerror.NamespaceAlreadyExists
	if err != nil && !errors.As(err, &there) { // there: another program was faster
		return fmt.Errorf("register it: %w", err)
	}
	return nil
}

func retain(ctx context.Context, c client.Client, opts Options) error {
	now, err := c.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: opts.Namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(opts.Retention)},
	})
	if err != nil {
		return fmt.Errorf("set its retention to %s: %w", opts.Retention, err)
	}
	// A service may allow less than requested, and return what it applied.
	if got := now.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(); got < Retention {
		return fmt.Errorf("it keeps closed workflows for %s although %s was requested; at least %s is needed", got, opts.Retention, Retention)
	}
	return nil
}
