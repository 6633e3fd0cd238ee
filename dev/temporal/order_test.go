package temporal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"

	"holdfast/dev/await"
)

// startOrder starts a workflow that no worker ever picks up: it stays open, and its search
// attributes identify it.
func startOrder(t *testing.T, c client.Client, id string) {
	t.Helper()
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID:        id,
		TaskQueue: "orders",
		TypedSearchAttributes: sdk.NewSearchAttributes(
			sdk.NewSearchAttributeKeyKeyword("OrderStatus").ValueSet("open"),
			sdk.NewSearchAttributeKeyKeyword("CustomerId").ValueSet("c1"),
			sdk.NewSearchAttributeKeyKeywordList("ProductIds").ValueSet([]string{"p1", "p2"}),
		),
	}, "Order")
	require.NoError(t, err)
}

// requireFound waits until exactly one workflow matches: visibility is written
// a moment after the start.
func requireFound(t *testing.T, c client.Client, query, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, await.Success(ctx, func(ctx context.Context) error {
		list, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Query: query})
		if err != nil {
			return err
		}
		if n := len(list.GetExecutions()); n != 1 || list.GetExecutions()[0].GetExecution().GetWorkflowId() != id {
			return fmt.Errorf("%d workflows match %s", n, query)
		}
		return nil
	}))
}
