package worker

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/carrier/tracking"
	"holdfast/customers"
	"holdfast/order"
	"holdfast/records"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
	"holdfast/workflows"
)

// registerErasure erases customers.
func registerErasure(w sdk.Registry, c Config, docs *records.Store) {
	places := customersOrders{docs: docs, index: c.Index, sagas: c.sagas}
	w.RegisterWorkflowWithOptions(workflows.Erasure, workflow.RegisterOptions{Name: saga.ErasureType})
	register(w, activities.NameEraseOrders, (&activities.Eraser{
		OrdersOf: places.of, Read: places.read, Erase: docs.Erase, Workflows: c.sagas, Customers: customers.New(c.Redis), Now: time.Now,
		Scans: tracking.New(c.Redis, time.Now), Viewed: places.viewed(), Within: c.EraseWithin,
	}).Execute)
}

// customersOrders finds the orders of a customer: running ones in Temporal, and all others in the view. A
// worker without an index looks through Redis.
type customersOrders struct {
	docs  *records.Store
	index search.Index // nil: nothing ever leaves Redis
	sagas *sagaclient.Client
}

var (
	errViewNotWhole = errors.New("the view of orders is not whole: the erasure waits for its rebuild")
	errNoView       = errors.New("orders have left Redis for a view that this worker doesn't have (ELASTICSEARCH_URL)")
)

func (p customersOrders) of(ctx context.Context, customerID string, before time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for run, err := range p.sagas.OrderRuns(ctx, customerID, before) {
			if !yield(run.OrderID, err) || err != nil {
				return
			}
		}
		from := p.inView(ctx, customerID, before)
		if p.index == nil {
			from = p.inRedis(ctx, customerID)
		}
		for id, err := range from {
			if !yield(id, err) || err != nil {
				return
			}
		}
	}
}

// inRedis looks through all orders, if that is where all are: another worker may have a view.
func (p customersOrders) inRedis(ctx context.Context, customerID string) iter.Seq2[string, error] {
	left, err := p.docs.Forgotten(ctx)
	if err == nil && len(left) > 0 {
		err = errNoView
	}
	if err != nil {
		return func(yield func(string, error) bool) { yield("", err) }
	}
	return p.docs.OrderIDsOf(ctx, customerID)
}

func (p customersOrders) inView(ctx context.Context, customerID string, before time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		stale, err := p.index.Unfilled(ctx)
		if err == nil && slices.Contains(stale, search.ViewOrders) {
			err = errViewNotWhole
		}
		if err != nil {
			yield("", err)
			return
		}
		q := search.OrderQuery{CustomerID: customerID, To: before.Add(time.Millisecond), Limit: new(search.MaxLimit)}
		for {
			page, err := p.index.ListOrders(ctx, q)
			if err != nil {
				yield("", fmt.Errorf("list the orders of customer %s: %w", customerID, err))
				return
			}
			for _, o := range page.Items {
				if !yield(o.ID, nil) {
					return
				}
			}
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				return
			}
		}
	}
}

// read returns an order with its payments. Of one that has left Redis, the view has most.
func (p customersOrders) read(ctx context.Context, orderID string) (order.Stored, int64, error) {
	st, viewed, err := allDocuments{warm: p.docs, cold: p.index}.everything(ctx, orderID)
	return st, viewed, err
}

// viewed returns what asks the view for the revisions of orders; nil if there is no view.
func (p customersOrders) viewed() func(context.Context, []string) (map[string]int64, error) {
	if p.index == nil {
		return nil
	}
	return func(ctx context.Context, ids []string) (map[string]int64, error) {
		return p.index.Revisions(ctx, search.ViewOrders, ids)
	}
}
