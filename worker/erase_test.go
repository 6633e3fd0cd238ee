package worker

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	sagaclient "holdfast/saga/client"
)

// unlisted is a Temporal that lists no workflows.
type unlisted struct{ client.Client }

func (unlisted) ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	return &workflowservice.ListWorkflowExecutionsResponse{}, nil
}

// A worker without an index finds a customer's orders in Redis, unless some may be elsewhere.
func TestAWorkerWithoutAnIndexErasesWhatIsInRedis(t *testing.T) {
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	docs := records.New(rdb)
	for id, of := range map[string]string{"a": "ada", "b": "bob", "c": "ada"} {
		doc, err := json.Marshal(order.Order{ID: id, Version: 1, Status: order.StatusExpired})
		require.NoError(t, err)
		require.NoError(t, docs.Put(t.Context(), order.Record{OrderID: id, Version: 1, Doc: doc, Status: order.StatusExpired, CustomerID: of}))
	}
	p := customersOrders{docs: docs, sagas: sagaclient.New(unlisted{}, "")}
	list := func() (ids map[string]bool, err error) {
		ids = map[string]bool{}
		for id, err := range p.of(t.Context(), "ada", time.Now()) {
			if err != nil {
				return ids, err
			}
			ids[id] = true
		}
		return ids, nil
	}
	ids, err := list()
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"a": true, "c": true}, ids)

	st, err := docs.ReadMany(t.Context(), []string{"c"})
	require.NoError(t, err)
	gone, err := docs.Forget(t.Context(), "c", st[0].Revision)
	require.NoError(t, err)
	require.True(t, gone)
	_, err = list()
	require.ErrorIs(t, err, errNoView)
}
