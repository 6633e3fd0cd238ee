package webui_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/saga"
)

// stopTimeout bounds the stop of a stack.
const stopTimeout = 30 * time.Second

// startStack starts Temporal with its web UI, and Holdfast under a fixed name: by default a
// worker is named after its process and its machine, and the web UI shows that.
func startStack(t *testing.T) (*stack.Stack, *shoptest.Shop) {
	t.Helper()
	below := start(t, stack.Options{WithoutHoldfast: true})
	above := start(t, stack.Options{
		RedisURL: below.RedisURL,
		Temporal: &client.Options{HostPort: below.TemporalAddress, Namespace: below.Namespace, Identity: "holdfast"},
	})
	shop, err := shoptest.At(above.URL)
	require.NoError(t, err)
	t.Cleanup(shop.Close)
	return below, shop
}

func start(t *testing.T, opts stack.Options) *stack.Stack {
	t.Helper()
	s, err := stack.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		require.NoError(t, s.Stop(ctx))
	})
	return s
}

// offerTea puts two products on sale.
func offerTea(t *testing.T, shop *shoptest.Shop) {
	t.Helper()
	for id, title := range map[string]string{"teapot": "Cast-iron teapot, 0.8 l", "green-tea": "Green tea, 100 g"} {
		shop.Must(t, http.StatusCreated, shoptest.Call{
			Method: http.MethodPut, Path: "/v1/products/" + id, Body: shoptest.JSON(t, map[string]any{
				"title": title, "currency": "EUR",
				"variants": []map[string]any{{"sku": id + "-1", "price": 1290, "stock": 20}},
			}),
		})
	}
}

func runID(t *testing.T, s *stack.Stack, orderID string) string {
	t.Helper()
	d, err := s.Temporal.DescribeWorkflowExecution(t.Context(), saga.OrderWorkflowID(orderID), "")
	require.NoError(t, err)
	return d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}
