package views_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/dev/stack"
	"holdfast/saga"
)

// A rebuild that would delete what only the old view has ends by itself, reports the
// orders, and leaves the old view.
func TestARebuildThatWouldLoseAnOrderEnds(t *testing.T) {
	own := prefix()
	h := start(t, stack.Options{ElasticsearchURL: elasticsearch(t), ElasticsearchPrefix: own})
	h.reindex(t, "orders")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, elasticsearch(t)+"/"+own+"orders/_doc/odd", strings.NewReader(`{
		"id": "odd", "revision": 3, "version": 3, "customerId": "ada", "status": "delivered", "total": 1,
		"currency": "from an earlier version", "placedAt": "2026-01-02T03:04:05Z", "document": {"id": "odd"}}`))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusCreated, res.StatusCode)

	run, err := h.stack.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: saga.ReindexWorkflowID("orders"), TaskQueue: saga.TaskQueue,
	}, saga.ReindexType, saga.RebuildParams{View: "orders"})
	require.NoError(t, err)
	err = run.Get(t.Context(), nil)
	why, ok := errors.AsType[*temporal.ApplicationError](err)
	require.True(t, ok, "%v", err)
	require.Contains(t, why.Message(), "odd: currency: ")
	require.Equal(t, "refused_by_the_new_view", why.Type())
	_, err = h.stack.Index.GetOrder(t.Context(), "odd")
	require.NoError(t, err)
}
