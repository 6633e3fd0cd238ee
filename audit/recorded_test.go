package audit

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"holdfast/order"
	"holdfast/saga"
)

// recorded is what the workflows recorded.
type recorded struct {
	mu     sync.Mutex
	orders map[string]*entry
	// refunds whose workflow is open.
	refunds map[saga.RefundID]order.Refund
	// disputes by their workflow.
	disputes map[saga.DisputeID]order.Dispute
	asked    int
	// askedPayments counts the queries for payments.
	askedPayments int
	// looked is called before each answer about an order.
	looked func(orderID string)
}

type entry struct {
	order    order.Order
	running  bool
	attempts map[string]order.Attempt
	// listed is the status that lists show, if it differs from the order's own.
	listed string
	stuck  bool
	// byForce means that it was terminated in this state.
	byForce bool
}

// set adds the attempts to the known ones.
func (r *recorded) set(o order.Order, running bool, attempts ...order.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := &entry{order: o.Clone(), running: running, attempts: map[string]order.Attempt{}}
	if before := r.orders[o.ID]; before != nil {
		e.attempts = before.attempts
	}
	for _, a := range attempts {
		e.attempts[a.Key()] = a
	}
	r.orders[o.ID] = e
}

func (r *recorded) owe(refund order.Refund) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refunds[saga.RefundID{PaymentID: refund.PaymentID, RefundID: refund.ID}] = refund
}

func (r *recorded) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.orders, id)
}

func (r *recorded) Walk(context.Context) iter.Seq2[saga.Listed, error] {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []saga.Listed
	for id, e := range r.orders {
		l := saga.Listed{OrderID: id, Status: e.listed, Running: e.running, Stuck: e.stuck}
		if l.Status == "" {
			l.Status = shown(e.order.Status)
		}
		all = append(all, l)
	}
	return func(yield func(saga.Listed, error) bool) {
		for _, l := range all {
			if !yield(l, nil) {
				return
			}
		}
	}
}

func (r *recorded) Recorded(_ context.Context, id string) (saga.Recorded, error) {
	r.mu.Lock()
	looked := r.looked
	r.asked++
	r.mu.Unlock()
	if looked != nil {
		looked(id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.orders[id]
	if !ok {
		return saga.Recorded{}, nil
	}
	if e.stuck {
		return saga.Recorded{}, fmt.Errorf("%w: %s", saga.ErrStuck, id)
	}
	return saga.Recorded{Known: true, Running: e.running, ByForce: e.byForce, Closed: e.order.Closed(), Status: e.order.Status, Version: e.order.Version}, nil
}

func (r *recorded) Order(_ context.Context, id string) (order.Order, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.orders[id]
	if !ok {
		return order.Order{}, fmt.Errorf("%w: %s", saga.ErrUnknownOrder, id)
	}
	return e.order.Clone(), nil
}

func (r *recorded) Payments(_ context.Context, id string) (map[string]order.Attempt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.askedPayments++
	e, ok := r.orders[id]
	if !ok {
		return nil, fmt.Errorf("%w: %s", saga.ErrUnknownOrder, id)
	}
	return maps.Clone(e.attempts), nil
}

func (r *recorded) WalkDisputes(context.Context) iter.Seq2[saga.DisputeID, error] {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := slices.Collect(maps.Keys(r.disputes))
	return func(yield func(saga.DisputeID, error) bool) {
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}

func (r *recorded) Dispute(_ context.Context, id saga.DisputeID) (order.Dispute, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	d, ok := r.disputes[id]
	if !ok {
		return d, fmt.Errorf("%w: %s", saga.ErrUnknownDispute, id.DisputeID)
	}
	return d, nil
}

func (r *recorded) WalkRefunds(context.Context) iter.Seq2[saga.RefundID, error] {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := slices.Collect(maps.Keys(r.refunds))
	return func(yield func(saga.RefundID, error) bool) {
		for _, id := range ids {
			if !yield(id, nil) {
				return
			}
		}
	}
}

func (r *recorded) Refund(_ context.Context, id saga.RefundID) (order.Refund, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	refund, ok := r.refunds[id]
	if !ok {
		return refund, fmt.Errorf("%w: %v", saga.ErrUnknownRefund, id)
	}
	return refund, nil
}

// answersThen does something each time after an order has returned its payments.
type answersThen struct {
	*recorded
	then func()
}

func (a answersThen) Payments(ctx context.Context, id string) (map[string]order.Attempt, error) {
	all, err := a.recorded.Payments(ctx, id)
	a.then()
	return all, err
}
