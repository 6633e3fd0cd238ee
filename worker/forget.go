package worker

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/records"
	"holdfast/saga"
	"holdfast/search"
	"holdfast/workflows"
)

// ordersView reports which orders the index has.
type ordersView struct{ index search.Index }

// Revisions implements activities.OrdersView.
func (v ordersView) Revisions(ctx context.Context, orderIDs []string) (map[string]int64, error) {
	return v.index.Revisions(ctx, search.ViewOrders, orderIDs)
}

// registerForget moves closed orders out of Redis, but only if an index has them.
func registerForget(w sdk.Registry, c Config, docs *records.Store) error {
	moved := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "holdfast_orders_moved_total", Help: "Closed orders moved out of Redis into the orders view.",
	})
	if c.Metrics != nil {
		if err := c.Metrics.Register(moved); err != nil {
			return fmt.Errorf("register the worker's metrics: %w", err)
		}
	}
	w.RegisterWorkflowWithOptions(workflows.Forget, workflow.RegisterOptions{Name: saga.ForgetType})
	register(w, activities.NameForgetOrders, (&activities.Forgetter{
		Orders: docs, View: ordersView{c.Index}, Workflows: c.sagas, Keep: cmp.Or(c.KeepOrders, DefaultKeepOrders),
		Moved: func(n int) { moved.Add(float64(n)) }, Now: time.Now,
	}).Execute)
	return nil
}
