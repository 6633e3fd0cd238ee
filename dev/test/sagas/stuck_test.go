package sagas

import (
	"errors"
	"testing"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// An order whose workflow code fails is stuck: an audit finds it among all others, but
// can't query it.
func TestAnAuditFindsAWorkflowThatCannotGoOn(t *testing.T) {
	w := open(t)
	id := w.id("order")
	broken := sdk.New(w.temporal, id, sdk.Options{})
	broken.RegisterWorkflowWithOptions(func(workflow.Context, order.Placement) (order.Result, error) {
		panic("a bug")
	}, workflow.RegisterOptions{Name: saga.OrderType})
	w.NoError(broken.Start())
	w.Cleanup(broken.Stop)
	_, err := w.temporal.ExecuteWorkflow(w.Context(), client.StartWorkflowOptions{
		ID: saga.OrderWorkflowID(id), TaskQueue: id,
	}, saga.OrderType, order.Placement{OrderID: id})
	w.NoError(err)
	defer func() {
		w.NoError(w.temporal.TerminateWorkflow(w.Context(), saga.OrderWorkflowID(id), "", "the test is over"))
	}()

	orders := sagaclient.New(w.temporal, "default")
	w.until("the workflow can't answer", func() bool {
		_, err := orders.Recorded(w.Context(), id)
		return errors.Is(err, saga.ErrStuck)
	})
	w.until("lists show that it can't go on", func() bool {
		for l, err := range orders.Walk(w.Context()) {
			w.NoError(err)
			if l.OrderID == id {
				return l.Stuck
			}
		}
		return false
	})
}
