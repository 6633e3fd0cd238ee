package views_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/saga"
)

func (h house) documents(t *testing.T) *records.Store {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), h.stack.RedisURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	return records.New(rdb)
}

// putCold creates an order that has left Redis: only the view has it.
func (h house) putCold(t *testing.T, docs *records.Store, id string, changes ...func(*order.Order)) {
	t.Helper()
	o := order.Order{
		ID: id, Version: 3, Status: order.StatusDelivered, CustomerID: "ada", Currency: "EUR",
		PlacedAt: time.Now().Add(-time.Hour), UpdatedAt: time.Now(),
	}
	for _, change := range changes {
		change(&o)
	}
	doc, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, docs.Put(t.Context(), order.Record{
		OrderID: id, Version: o.Version, Doc: doc, Status: o.Status, CustomerID: o.CustomerID, PlacedAt: o.PlacedAt,
	}))
	shoptest.Until(t, "the view has "+id+", and Redis not any more", func(ctx context.Context) error {
		seen, err := h.stack.Index.GetOrder(ctx, id)
		if err != nil {
			return err
		}
		gone, err := docs.Forget(ctx, id, seen.Revision)
		if err == nil && !gone {
			err = fmt.Errorf("it has another revision than %d", seen.Revision)
		}
		return err
	})
}

// An order that has left Redis, and a later refund, survive rebuilds.
func TestARebuildKeepsALateRefund(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		docs := h.documents(t)
		h.putCold(t, docs, "old")
		h.putCold(t, docs, "older")
		require.NoError(t, docs.PutRefund(t.Context(), "old", "pay-1", "full", []byte(`{"status":"due"}`)))
		for i := range 3 {
			res := h.reindex(t, "orders")
			if i > 0 { // the first one may be the worker's own, started before both were there
				require.EqualValues(t, 2, res.FromOldView)
			}
			o, err := h.stack.Index.GetOrder(t.Context(), "old")
			require.NoError(t, err)
			require.Contains(t, o.Payments, "refund:pay-1/full")
			_, err = h.stack.Index.GetOrder(t.Context(), "older")
			require.NoError(t, err)
		}
	})
}

// An order whose workflow ended before its first task doesn't prevent a view from being
// built.
func TestARebuildLeavesAStuckOrderOut(t *testing.T) {
	h := start(t, stack.Options{})
	h.offer(t, "drum", "Drum", 3)
	o := h.Place(t, shoptest.Line{ProductID: "drum", Quantity: 1})
	id := saga.OrderWorkflowID("stuck")
	_, err := h.stack.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: "nobody-polls-this",
	}, saga.OrderType, map[string]any{})
	require.NoError(t, err)
	require.NoError(t, h.stack.Temporal.TerminateWorkflow(t.Context(), id, "", "a test"))
	require.Eventually(t, func() bool { // lists of workflows lag
		return h.reindex(t, "orders").Poisoned == 1
	}, time.Minute, 100*time.Millisecond, "a rebuild that has seen it")
	h.awaitOrders(t, "customerId="+o.CustomerID, o.ID)
}

// The index of the orders is deleted: what Redis has comes back.
func TestARebuildOfAViewThatWasLost(t *testing.T) {
	own := prefix()
	h := start(t, stack.Options{ElasticsearchURL: elasticsearch(t), ElasticsearchPrefix: own})
	h.offer(t, "harp", "Harp", 3)
	o := h.Pay(t, h.Place(t, shoptest.Line{ProductID: "harp", Quantity: 1}))
	h.reindex(t, "orders")
	require.NoError(t, deleteIndexBehind(t, own+"orders"))
	h.reindex(t, "orders")
	h.awaitOrders(t, "customerId="+o.CustomerID, o.ID)
	h.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/orders/" + o.ID})
}
