package worker

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
)

// forgetful is a Temporal that no longer knows any workflow.
type forgetful struct{ client.Client }

func (forgetful) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return nil, serviceerror.NewNotFound("workflow not found")
}

// coldOrders is an index of orders.
type coldOrders struct {
	orders map[string]order.Order
	err    error
}

func (c *coldOrders) GetOrder(_ context.Context, id string) (search.Order, error) {
	o, ok := c.orders[id]
	switch {
	case c.err != nil:
		return search.Order{}, c.err
	case !ok:
		return search.Order{}, search.ErrNotFound
	}
	doc, err := json.Marshal(o)
	return search.FromOrder(o, doc, 1, nil), err
}

func TestAnOrderThatWasClosedLongAgoKnowsItsPayment(t *testing.T) {
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	docs := records.New(rdb)
	cold := &coldOrders{orders: map[string]order.Order{
		"old":  {ID: "old", Version: 4, Status: order.StatusDelivered, Payment: order.Payment{ID: "p-1"}},
		"warm": {ID: "warm", Version: 4, Status: order.StatusExpired},
	}}
	warm, err := json.Marshal(order.Order{ID: "warm", Version: 5, Status: order.StatusPaid, Payment: order.Payment{ID: "p-2"}})
	require.NoError(t, err)
	require.NoError(t, docs.Put(t.Context(), order.Record{OrderID: "warm", Version: 5, Doc: warm, Status: order.StatusPaid, CustomerID: "c"}))
	lookUp := func(c ColdOrders, orderID, paymentID string) (activities.PaymentFound, error) {
		look := &activities.LookUp{Orders: &activities.Fates{
			Workflows: sagaclient.New(forgetful{}, ""), Records: allDocuments{warm: docs, cold: c},
		}}
		return look.Execute(t.Context(), activities.LookUpParams{OrderID: orderID, PaymentID: paymentID})
	}
	for _, row := range []struct {
		order, payment string
		want           activities.PaymentFound
	}{
		{"old", "p-1", activities.PaymentFound{Known: true, Taken: true}},
		{"old", "p-9", activities.PaymentFound{Known: true}},
		{"warm", "p-2", activities.PaymentFound{Known: true, Taken: true}},
		{"nobody", "p-1", activities.PaymentFound{}},
	} {
		got, err := lookUp(cold, row.order, row.payment)
		require.NoError(t, err)
		require.Equal(t, row.want, got, row)
	}
	got, err := lookUp(nil, "old", "p-1")
	require.NoError(t, err)
	require.False(t, got.Known, "without an index nothing is cold")

	cold.err = &search.UnavailableError{Doing: "get an order", Cause: errors.New("connection refused")}
	_, err = lookUp(cold, "old", "p-1")
	require.ErrorIs(t, err, search.ErrUnavailable, "it can't be known yet: the refund waits")
	_, err = lookUp(cold, "warm", "p-2")
	require.NoError(t, err)
}
