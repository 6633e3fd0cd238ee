package setup

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"holdfast/saga"
)

// Attributes are the search attributes of Holdfast's workflows, and their types.
func Attributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		saga.OrderStatus.GetName():  saga.OrderStatus.GetValueType(),
		saga.CustomerID.GetName():   saga.CustomerID.GetValueType(),
		saga.ProductIDs.GetName():   saga.ProductIDs.GetValueType(),
		saga.RefundStatus.GetName(): saga.RefundStatus.GetValueType(),
	}
}

// ensureAttributes registers what is missing and waits until the service accepts a query by
// all of them: until then it would refuse to start an order.
func ensureAttributes(ctx context.Context, c client.Client, opts Options) error {
	if err := await(ctx, "add them", func(ctx context.Context) error { return addAttributes(ctx, c, opts) }); err != nil {
		return err
	}
	for name := range Attributes() {
		ask := &workflowservice.CountWorkflowExecutionsRequest{Namespace: opts.Namespace, Query: name + " IS NULL"}
		err := await(ctx, "use "+name, func(ctx context.Context) error {
			_, err := c.CountWorkflow(ctx, ask)
			return err
		})
		if err != nil {
			return err
		}
		opts.Log.InfoContext(ctx, "search attribute is ready", "name", name)
	}
	return nil
}

// TypeError means that an attribute exists with another type. Temporal can't change it.
type TypeError struct {
	Name       string
	Have, Want enumspb.IndexedValueType
}

func (e *TypeError) Error() string {
	return fmt.Sprintf("search attribute %s has type %s and can't become %s: remove or rename it first",
		e.Name, e.Have, e.Want)
}

func addAttributes(ctx context.Context, c client.Client, opts Options) error {
	list, err := c.OperatorService().ListSearchAttributes(ctx,
		&operatorservice.ListSearchAttributesRequest{Namespace: opts.Namespace})
	if err != nil {
		return fmt.Errorf("list the existing ones: %w", err)
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, want := range Attributes() {
		have, ok := list.GetCustomAttributes()[name]
		switch {
		case !ok:
			missing[name] = want
		case have != want:
			return &TypeError{Name: name, Have: have, Want: want}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx,
		&operatorservice.AddSearchAttributesRequest{Namespace: opts.Namespace, SearchAttributes: missing})
	if _, there := errors.AsType[*serviceerror.AlreadyExists](err); there { // another program was faster
		return nil
	}
	return err
}

// pause between two checks. The service refreshes its caches of namespaces and attributes
// every few seconds.
const pause = 250 * time.Millisecond

// await repeats try until it succeeds, ctx ends, or it fails in a way that waiting can't
// fix.
func await(ctx context.Context, what string, try func(context.Context) error) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if !passing(err) {
			return fmt.Errorf("%s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w, last: %w", what, context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}

// passing reports whether an error may come from a service that doesn't know a namespace or
// an attribute yet, or is still starting.
func passing(err error) bool {
	var (
		wrongType     *TypeError
		denied        *serviceerror.PermissionDenied
		unimplemented *serviceerror.Unimplemented
	)
	return !errors.As(err, &wrongType) && !errors.As(err, &denied) && !errors.As(err, &unimplemented)
}
